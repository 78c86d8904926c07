/**
 * A light proxy: subscribes as Envoy does, acknowledges everything, keeps the versions but not the resources.
 *
 *   connect ── CDS (wildcard, on-demand names), LDS, SDS ──> each response: ask for what is new in it, acknowledge
 *                                                            nothing asked for is missing any more: in sync
 */

import { connect, type SecureContext } from 'node:tls';
import { setImmediate } from 'node:timers';
import { identitySecret, trustSecret } from '../../src/base/names.ts';
import { onDemandPrefix, type ResourceKind, resourceKinds } from '../../src/xds/resource.ts';
import {
  type Content,
  encodeRequest,
  type ResponseReader,
  type WireRequest,
  type WireResource,
  type WireResponse,
} from './ads-wire.ts';
import { GrpcStream } from './http2.ts';

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
/** Nobody serves it, which the server says: everything asked before has then been looked at. */
const fencePrefix = 'bench/fence-';

export interface AdsClientOptions {
  /** `namespace/pod/uid` */
  readonly id: string;
  readonly workload: string;
  readonly serverName: string;
  readonly context: SecureContext;
  readonly destinations: readonly string[];
  readonly reader: ResponseReader;
  readonly onResponse: (client: AdsClient, response: WireResponse, bytes: number) => void;
  readonly onInSync: (client: AdsClient) => void;
  readonly onEnd: (client: AdsClient, why: string) => void;
}

export class AdsClient {
  readonly #options: AdsClientOptions;
  #stream: GrpcStream | undefined;
  /** What was asked for by name, `kind name`, and whether it was answered. */
  #asked = new Map<string, boolean>();
  #missing = 0;
  #greeted = new Set<ResourceKind>();
  #inSync = false;
  #fences = 0;
  #history: { readonly kind: ResourceKind; readonly content: Content }[] = [];
  #acknowledgements: Buffer[] = [];
  /** Messages with which the next connection begins. */
  #prepared: readonly Buffer[] = [];

  constructor(options: AdsClientOptions) {
    this.#options = options;
  }

  /** Forgets everything: the next connection begins as a proxy that has just started. */
  prepareFresh(): void {
    const { destinations } = this.#options;
    this.#history = [];
    this.#asked = new Map();
    this.#greeted = new Set();
    this.#missing = 0;
    const onDemand = destinations.map((destination) => onDemandPrefix + destination);
    const secrets = [identitySecret, trustSecret];
    for (const name of onDemand) this.#ask('cluster', name);
    for (const name of secrets) this.#ask('secret', name);
    this.#prepare([
      { kind: 'cluster', subscribe: ['*', ...onDemand] },
      { kind: 'listener', subscribe: ['*'] },
      { kind: 'secret', subscribe: secrets },
    ]);
  }

  /** The next connection begins with all that is held, as after the loss of a connection. */
  prepareResume(): void {
    const held = this.#held();
    const requests = resourceKinds.map((kind): WireRequest => {
      const names = [...this.#asked.keys()].filter((key) => key.startsWith(`${kind} `));
      const subscribe = names.map((key) => key.slice(kind.length + 1));
      if (kind === 'cluster' || kind === 'listener') subscribe.unshift('*');
      return { kind, subscribe, held: held.get(kind)?.values() ?? [] };
    });
    const fence = `${fencePrefix}${++this.#fences}`;
    this.#ask('secret', fence);
    this.#prepare([...requests, { kind: 'secret', subscribe: [fence] }]);
  }

  connect(port: number): void {
    const { context, serverName } = this.#options;
    this.#inSync = false;
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: serverName,
      secureContext: context,
      ALPNProtocols: ['h2'],
    });
    socket.setNoDelay(true);
    socket.once('error', (error) => {
      if (this.#stream === undefined) this.#options.onEnd(this, error.message);
    });
    socket.once('secureConnect', () => {
      this.#stream = new GrpcStream({
        socket,
        authority: serverName,
        path,
        onMessage: (message) => this.#receive(message),
        onEnd: (why) => {
          this.#stream = undefined;
          this.#options.onEnd(this, why);
        },
      });
      for (const message of this.#prepared) this.#stream.send(message);
      this.#prepared = [];
    });
  }

  close(): void {
    this.#stream?.end('closed by this side');
  }

  holds(kind: ResourceKind, name: string): boolean {
    return this.#asked.get(`${kind} ${name}`) === true;
  }

  #prepare(requests: readonly WireRequest[]): void {
    const node = { id: this.#options.id, cluster: this.#options.workload };
    this.#prepared = requests.map((request, index) =>
      encodeRequest(index === 0 ? { ...request, node } : request),
    );
  }

  /** @returns whether that is new */
  #ask(kind: ResourceKind, name: string): boolean {
    const key = `${kind} ${name}`;
    if (this.#asked.has(key)) return false;
    this.#asked.set(key, false);
    this.#missing++;
    return true;
  }

  #answered(kind: ResourceKind, name: string): void {
    const key = `${kind} ${name}`;
    if (this.#asked.get(key) !== false) return;
    this.#asked.set(key, true);
    this.#missing--;
  }

  #receive(message: Buffer): void {
    const response = this.#options.reader.read(message);
    const { kind, content, nonce } = response;
    this.#options.onResponse(this, response, message.length);
    this.#history.push({ kind, content });
    this.#greeted.add(kind);
    const wanted = new Map<ResourceKind, string[]>();
    for (const { name, needs } of content.resources) {
      this.#answered(kind, name);
      for (const need of needs) {
        if (!this.#ask(need.kind, need.name)) continue;
        const names = wanted.get(need.kind);
        if (names === undefined) wanted.set(need.kind, [need.name]);
        else names.push(need.name);
      }
    }
    for (const name of content.removed) this.#answered(kind, name);
    for (const [needed, subscribe] of wanted) this.#later(encodeRequest({ kind: needed, subscribe }));
    this.#later(encodeRequest({ kind, nonce }));
    if (this.#inSync || this.#missing > 0 || !this.#greeted.has('cluster') || !this.#greeted.has('listener'))
      return;
    this.#inSync = true;
    this.#options.onInSync(this);
  }

  /** Behind everything else that has arrived by now, so that what is measured does not wait for our answers. */
  #later(message: Buffer): void {
    this.#acknowledgements.push(message);
    if (this.#acknowledgements.length > 1) return;
    setImmediate(() => {
      const messages = this.#acknowledgements;
      this.#acknowledgements = [];
      for (const one of messages) this.#stream?.send(one);
    });
  }

  #held(): ReadonlyMap<ResourceKind, ReadonlyMap<string, WireResource>> {
    const held = new Map<ResourceKind, Map<string, WireResource>>();
    for (const { kind, content } of this.#history) {
      const ofKind = held.get(kind) ?? new Map<string, WireResource>();
      held.set(kind, ofKind);
      for (const resource of content.resources) ofKind.set(resource.name, resource);
      for (const name of content.removed) ofKind.delete(name);
    }
    return held;
  }
}
