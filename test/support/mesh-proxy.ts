/**
 * Everything between Kubernetes objects and a request: the mesh's model, its translation, the xDS server, and real Envoys
 * that hold what comes of it. One is the gateway `infra/web`, one a client in `shop` that calls Services.
 */

import { once } from 'node:events';
import { type Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Graph } from '../../src/graph/graph.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import type { KubeGateway, KubeListener } from '../../src/mesh/kubernetes-gateways.ts';
import { certificateFor, gateway, httpsListener, listener, secret } from '../../src/mesh/gateways/testing.ts';
import { gatewayClass, grant } from '../../src/mesh/routes/testing.ts';
import { pod, service, slice } from '../../src/mesh/testing-objects.ts';
import { createTestMesh, type TestMesh } from '../../src/mesh/testing.ts';
import type { ResourceAcks, Translation } from '../../src/xds/resource.ts';
import { wholeLists } from '../../src/xds/translate/testing.ts';
import { createTranslation } from '../../src/xds/translate/translation.ts';
import type { StreamMethod, UnaryMethod } from '../../src/xds/server/server.ts';
import { EnvoyUnderTest } from './envoy.ts';
import type { TestAuthority, TestCertificate } from './pki.ts';
import { freePort } from './ports.ts';
import { identityIn, type RunningServer, serveFixture } from './xds-fixture.ts';

/** Services; routes on the first are the client's. */
export const services = ['web', 'v1', 'v2', 'innocent'] as const;
const kinds = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'] as const;

export type GatewayTLS = NonNullable<NonNullable<KubeGateway['spec']>['tls']>;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export class MeshProxy {
  readonly world: TestMesh;
  readonly graph: Graph;
  readonly translation: Translation;
  /** What Envoy said of what it rejected, by `<kind> <name>`. */
  readonly rejections = new Map<string, string>();
  /** Errors of the graph's functions: each keeps some key at its last value, which others may share. */
  readonly errors: string[] = [];
  #base: readonly KubeObject[] = [];
  readonly ports = { http: 0, https: 0, tls: 0, tcp: 0, udp: 0 };
  readonly #closers: (() => unknown)[] = [];
  #running!: RunningServer;
  #methods: ReadonlyMap<string, UnaryMethod> | undefined;
  #streams: ReadonlyMap<string, StreamMethod> = new Map();
  #envoys: readonly EnvoyUnderTest[] = [];

  private constructor() {
    this.graph = new Graph({
      onError: (error, { collection, key }) => this.errors.push(`${collection} ${key}: ${error.message}`),
    });
    this.world = createTestMesh(this.graph);
    this.translation = createTranslation(this.graph, this.world.mesh);
  }

  /** @param methods beside ADS; with them the proxies report what they count */
  static async start(
    methods?: ReadonlyMap<string, UnaryMethod>,
    streams: ReadonlyMap<string, StreamMethod> = new Map(),
  ): Promise<MeshProxy> {
    const proxy = new MeshProxy();
    proxy.#methods = methods;
    proxy.#streams = streams;
    for (const port of Object.keys(proxy.ports) as (keyof typeof proxy.ports)[]) {
      proxy.ports[port] = await freePort();
    }
    await proxy.#applyBase();
    await proxy.#serve();
    return proxy;
  }

  get gatewayEnvoy(): EnvoyUnderTest {
    const [envoy] = this.#envoys;
    if (envoy === undefined) throw new Error('there is no gateway yet');
    return envoy;
  }

  /** Waits until the proxies have what is served and nothing is on its way. */
  async atRest(): Promise<void> {
    await this.graph.settled();
    const [envoy] = this.#envoys;
    await envoy?.until('at rest', () =>
      Promise.resolve(this.#running.server.proxies().every(({ pending }) => pending === 0)),
    );
  }

  /** Throws what has been rejected or gone wrong since the last call. */
  takeFaults(): readonly string[] {
    const faults = [
      ...this.errors.splice(0),
      ...[...this.rejections].map(([resource, message]) => `${resource}: ${message}`),
    ];
    this.rejections.clear();
    return faults;
  }

  /** Through the gateway's HTTP listener. */
  async get(host: string, path = '/', agent?: Agent): Promise<Answer> {
    const outgoing = request({
      host: '127.0.0.1',
      port: this.ports.http,
      path,
      headers: { host },
      ...(agent === undefined ? {} : { agent }),
    });
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode, body };
  }

  /** Brings back what was there at the start; what has come since stays. */
  async restore(): Promise<void> {
    await this.world.apply(...this.#base);
    await this.listeners();
  }

  /** Replaces the Gateway's listeners that are not there by default, and what it says of TLS. */
  async listeners(more: readonly KubeListener[] = [], gatewayTLS?: GatewayTLS): Promise<void> {
    const { http, https, tls, tcp, udp } = this.ports;
    const all = { allowedRoutes: { namespaces: { from: 'All' } } };
    const listeners = [
      listener('http', { port: http, ...all }),
      httpsListener('https', 'web', { port: https, ...all }),
      listener('tls', { port: tls, protocol: 'TLS', tls: { mode: 'Passthrough' }, ...all }),
      listener('tcp', { port: tcp, protocol: 'TCP', ...all }),
      listener('udp', { port: udp, protocol: 'UDP', ...all }),
    ];
    const spec = {
      allowedListeners: { namespaces: { from: 'All' } },
      ...(gatewayTLS === undefined ? {} : { tls: gatewayTLS }),
    };
    await this.world.apply(gateway('infra/web', [...listeners, ...more], spec));
  }

  async close(): Promise<void> {
    for (const envoy of this.#envoys) await envoy.stop();
    await this.#running.server.close();
    this.#running.pki.remove();
    for (const close of this.#closers) close();
  }

  async #applyBase(): Promise<void> {
    const { chain, privateKey } = certificateFor('web.example.com');
    const backends = await Promise.all(
      services.map(async (name, index) => [
        service(`shop/${name}`, `10.96.0.${index + 1}`, [
          { name: 'http', port: 80 },
          { name: 'udp', port: 80, protocol: 'UDP' },
        ]),
        slice(
          `shop/${name}`,
          name,
          [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
          [
            { name: 'http', port: await this.#named(name) },
            { name: 'udp', port: 9, protocol: 'UDP' },
          ],
        ),
      ]),
    );
    this.#base = [
      gatewayClass,
      secret('infra/web', { 'tls.crt': chain, 'tls.key': privateKey }),
      ...backends.flat(),
      pod('shop/client-1', '10.0.0.9'),
      ...kinds.map((kind) => grant(`shop/${kind.toLowerCase()}`, { kind, namespace: 'infra' })),
    ];
    await this.restore();
    await this.world.use('shop/Deployment/client', ...services.map((_, index) => `10.96.0.${index + 1}:80`));
  }

  /** A server of HTTP that says its name. */
  async #named(name: string): Promise<number> {
    const server: Server = createServer((_, response) => response.end(name));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  async #serve(): Promise<void> {
    const acks = this.graph.source<ResourceAcks>('acks');
    acks.subscribe((changes) => {
      for (const { key, after } of changes) {
        if (after?.rejected !== undefined) this.rejections.set(key, after.rejected.message);
      }
    });
    // The sidecar's own ports are not for a test to bind; all that comes of routes is behind these.
    const lists = this.graph.derive('test/lists', this.translation.lists, (workload, list) => {
      if (workload.includes('/Gateway/')) return list;
      const { clusters, listeners } = wholeLists(list);
      return { clusters, listeners: listeners.filter((name) => name.startsWith('vl/')) };
    });
    const translation = { ...this.translation, lists };
    const served = { graph: this.graph, translation, acks, used: [], onUse: () => undefined };
    const methods = this.#methods;
    this.#running = await serveFixture(served, {
      streams: this.#streams,
      ...(methods === undefined ? {} : { methods }),
    });
    const { port: xdsPort, pki } = this.#running;
    const start = (id: string, cluster: string): Promise<EnvoyUnderTest> =>
      EnvoyUnderTest.start({
        xdsPort,
        pki,
        shows: issueFor(pki, id.slice(0, id.indexOf('/')), cluster),
        id,
        cluster,
        reports: methods !== undefined,
      });
    this.#envoys = [
      await start('infra/web-1/uid-1', 'Gateway/web'),
      await start('shop/client-1/uid-2', 'client'),
    ];
    for (const envoy of this.#envoys) await envoy.until('live', () => envoy.ready());
    await this.atRest();
  }
}

/** With the subject that the mesh gives to the pods of a workload, `kind/name` or a Deployment's name. */
function issueFor(pki: TestAuthority, namespace: string, workload: string): TestCertificate {
  const name = workload.includes('/') ? workload : `Deployment/${workload}`;
  return pki.issue(`URI:${identityIn(namespace)}`, `/O=${namespace}/CN=${name.replace('/', '\\/')}`);
}
