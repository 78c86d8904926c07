/** A delta ADS client on grpc-js: what a proxy does, under the control of a test. */

import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  ChannelCredentials,
  Client,
  type ClientDuplexStream,
  Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '../../src/xds/proto/envoy/service/discovery/v3/discovery_pb.js';
import { type ResourceKind, resourceKinds, typeUrls } from '../../src/xds/resource.ts';
import type { XdsServer } from '../../src/xds/server/server.ts';
import type { TestCertificate } from './pki.ts';

type Request = Exclude<MessageInitShape<typeof DeltaDiscoveryRequestSchema>, { $typeName: string }>;

export const deltaMethod = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

export interface ClientOptions {
  readonly port: number;
  readonly ca: string;
  /** Undefined: none is shown. */
  readonly certificate?: TestCertificate | undefined;
  /** Shown as `authorization: Bearer <token>`. */
  readonly token?: string;
  /** `<namespace>/<pod>/<uid>`. */
  readonly id: string;
  /** Name of its Deployment. */
  readonly cluster?: string;
  readonly method?: string;
  /** Whether it acknowledges by itself; default true. */
  readonly acknowledge?: boolean;
}

export interface Received {
  readonly kind: ResourceKind;
  readonly nonce: string;
  /** Names in the order in which they were sent. */
  readonly names: readonly string[];
  readonly removed: readonly string[];
  readonly message: DeltaDiscoveryResponse;
}

/** Says only how long a failing test takes, as in test/support/envoy.ts: no test rests on its having passed. */
const timeoutMs = 20_000;

export class DeltaClient {
  /** What it holds, name to version, by kind. */
  readonly held: Record<ResourceKind, Map<string, string>> = {
    secret: new Map(),
    cluster: new Map(),
    endpoints: new Map(),
    listener: new Map(),
    route: new Map(),
  };
  /** Everything received since the start. */
  readonly received: Received[] = [];
  readonly status: Promise<StatusObject>;
  closed = false;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Request, DeltaDiscoveryResponse>;
  readonly #options: ClientOptions;
  readonly #unread: Received[] = [];
  #syncs = 0;
  #waiting: (() => void)[] = [];
  #first = true;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { certificate, token, ca, port } = options;
    const [key, chain] =
      certificate === undefined
        ? [null, null]
        : [Buffer.from(certificate.key), Buffer.from(certificate.cert)];
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    this.#client = new Client(
      `127.0.0.1:${port}`,
      ChannelCredentials.createSsl(Buffer.from(ca), key, chain),
      {
        'grpc.ssl_target_name_override': 'localhost',
        'grpc.default_authority': 'localhost',
        'grpc.max_receive_message_length': -1,
      },
    );
    this.#stream = this.#client.makeBidiStreamRequest(
      options.method ?? deltaMethod,
      (request: Request) =>
        Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request))),
      (bytes: Buffer) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
      metadata,
    );
    this.status = new Promise((resolve) => this.#stream.on('status', resolve));
    this.#stream.on('error', () => undefined);
    this.#stream.on('data', (message: DeltaDiscoveryResponse) => this.#take(message));
  }

  /** Sends a request of a type, with the node if it is the first of the stream. */
  request(kind: ResourceKind, request: Request = {}): void {
    const { id, cluster = 'app' } = this.#options;
    const node = this.#first ? { node: { id, cluster } } : {};
    this.#first = false;
    this.#stream.write({ typeUrl: typeUrls[kind], ...node, ...request });
  }

  subscribe(kind: ResourceKind, ...names: readonly string[]): void {
    this.request(kind, { resourceNamesSubscribe: [...names] });
  }

  /** Opens the two wildcard subscriptions as a fresh Envoy does. */
  subscribeAll(): void {
    this.request('cluster');
    this.request('listener');
  }

  /** Says again all that another stream was sent, as Envoy does when it reconnects. */
  resume(from: DeltaClient, names: Readonly<Partial<Record<ResourceKind, readonly string[]>>> = {}): void {
    for (const kind of resourceKinds) {
      const listed = kind === 'cluster' || kind === 'listener';
      const subscribe = listed
        ? ['*', ...(names[kind] ?? [])]
        : [...from.held[kind].keys(), ...(names[kind] ?? [])];
      if (!listed && subscribe.length === 0) continue;
      for (const [name, version] of from.held[kind]) this.held[kind].set(name, version);
      this.request(kind, {
        resourceNamesSubscribe: subscribe,
        initialResourceVersions: Object.fromEntries(from.held[kind]),
      });
    }
  }

  acknowledge(response: Received): void {
    this.#apply(response);
    this.request(response.kind, { responseNonce: response.nonce });
    this.#wake();
  }

  reject(response: Received, message: string): void {
    this.request(response.kind, { responseNonce: response.nonce, errorDetail: { code: 13, message } });
  }

  /** The next response of the kind that has not been read yet; others stay unread. */
  async next(kind: ResourceKind): Promise<Received> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const index = this.#unread.findIndex((response) => response.kind === kind);
      const [response] = index < 0 ? [] : this.#unread.splice(index, 1);
      if (response !== undefined) return response;
      await this.#change(deadline, `no ${kind} response came`);
    }
  }

  /** Resolves when `condition` holds; it is looked at after each response and acknowledgement. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!condition()) await this.#change(deadline, what);
  }

  /**
   * Resolves when everything the server had to send so far has been received: the server answers the
   * requests of a stream in order, and a name that does not exist is always answered.
   */
  async quiet(): Promise<void> {
    const name = `sync/${++this.#syncs}`;
    this.subscribe('secret', name);
    await this.until(
      () => this.received.some((response) => response.removed.includes(name)),
      'the server did not answer',
    );
  }

  /** Resolves when the server knows the proxy. */
  async identified(server: XdsServer): Promise<void> {
    const key = this.#options.id.split('/').slice(0, 2).join('/');
    const deadline = Date.now() + timeoutMs;
    while (server.proxy(key) === undefined) {
      if (Date.now() > deadline) throw new Error(`the server does not know ${key}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Names received of a kind since the start, with repetitions. */
  names(kind: ResourceKind): readonly string[] {
    return this.received.filter((response) => response.kind === kind).flatMap((response) => response.names);
  }

  close(): void {
    this.closed = true;
    this.#stream.cancel();
    this.#client.close();
  }

  #take(message: DeltaDiscoveryResponse): void {
    const kind = resourceKinds.find((name) => typeUrls[name] === message.typeUrl);
    if (kind === undefined) throw new Error(`a response of type ${message.typeUrl}`);
    const names = message.resources.map((resource) => resource.name);
    const response = { kind, nonce: message.nonce, names, removed: message.removedResources, message };
    this.received.push(response);
    this.#unread.push(response);
    const asked = response.removed.some((name) => name.startsWith('sync/'));
    if (asked || this.#options.acknowledge !== false) this.acknowledge(response);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #apply({ kind, message }: Received): void {
    for (const resource of message.resources) this.held[kind].set(resource.name, resource.version);
    for (const name of message.removedResources) this.held[kind].delete(name);
  }

  async #change(deadline: number, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(what)), Math.max(0, deadline - Date.now()));
        this.#waiting.push(resolve);
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
