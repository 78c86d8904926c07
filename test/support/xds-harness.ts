/** What the tests of the xDS server start from: three services, two workloads that use some of them, and clients. */

import type { XdsServer } from '../../src/xds/server/server.ts';
import { createTestAuthority, type TestAuthority, type TestCertificate } from './pki.ts';
import { type ClientOptions, DeltaClient } from './xds-client.ts';
import {
  createFixture,
  identityIn,
  type ServeOptions,
  serveFixture,
  serverNames,
  type XdsFixture,
} from './xds-fixture.ts';
import { edsCluster, endpoints, httpListener, routes } from './xds-resources.ts';

export interface XdsHarness {
  readonly fixture: XdsFixture;
  readonly server: XdsServer;
  readonly port: number;
  /** A proxy with the right certificate; by default `a/p`, of the workload `a/Deployment/app`. */
  client(id?: string, options?: Partial<ClientOptions>): DeltaClient;
  /** Makes a service with everything that belongs to it: `svc/<name>`, `vl/<name>` and the route `<name>`. */
  service(name: string): void;
  /** Says which services a workload uses. */
  list(workload: string, ...names: readonly string[]): void;
  stop(): Promise<void>;
}

/** One authority for a whole test file: making keys is what takes the time. */
let shared: { readonly pki: TestAuthority; readonly server: TestCertificate } | undefined;
const certificates = new Map<string, TestCertificate>();

function authority(): NonNullable<typeof shared> {
  if (shared !== undefined) return shared;
  const pki = createTestAuthority();
  process.once('exit', () => pki.remove());
  shared = { pki, server: pki.issue(serverNames) };
  return shared;
}

/** Serves `web`, `api` and `db`; `a/Deployment/app` uses the first two, `b/Deployment/app` only the first. */
export async function startHarness(serving: Partial<ServeOptions> = {}): Promise<XdsHarness> {
  const { pki, server: certificate } = authority();
  const fixture = createFixture();
  const clients: DeltaClient[] = [];
  const service = (name: string): void => {
    edsCluster(fixture, `svc/${name}`);
    endpoints(fixture, `svc/${name}`, ['10.0.0.1:80']);
    httpListener(fixture, `vl/${name}`, name);
    routes(fixture, name, `svc/${name}`);
  };
  const list = (workload: string, ...names: readonly string[]): void => {
    const of = (prefix: string): string[] => names.map((name) => `${prefix}/${name}`).sort();
    fixture.lists.set(workload, { clusters: of('svc'), listeners: of('vl') });
  };
  for (const name of ['web', 'api', 'db']) service(name);
  fixture.put('secret', 'identity', { name: 'identity' });
  list('a/Deployment/app', 'web', 'api');
  list('b/Deployment/app', 'web');
  await fixture.graph.settled();
  const { server, port } = await serveFixture(fixture, { pki, certificate, ...serving });
  return {
    fixture,
    server,
    port,
    client(id = 'a/p/1', options = {}) {
      const [namespace = ''] = id.split('/');
      const own = certificates.get(namespace) ?? pki.issue(`URI:${identityIn(namespace)}`);
      certificates.set(namespace, own);
      const made = new DeltaClient({ port, ca: pki.ca, certificate: own, id, ...options });
      clients.push(made);
      return made;
    },
    service,
    list,
    async stop() {
      for (const one of clients) one.close();
      await server.close();
    },
  };
}

/** Resolves when the condition holds, which is looked at in every turn of the event loop. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what}: did not come to pass`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
