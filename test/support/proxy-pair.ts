/**
 * Two real Envoys with mutual TLS in between: that of `shop/Deployment/client` and that of `shop/Deployment/web`, the
 * Services `web` (HTTP, port 80) and `bytes` (opaque TCP, port 9000) of which both lead to one application.
 */

import { systemClock } from '../../src/base/clock.ts';
import { subjectOf } from '../../src/base/signals.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { Graph } from '../../src/graph/graph.ts';
import { meshConfig, pod, podEndpoint, service, slice } from '../../src/mesh/testing-objects.ts';
import { createTestMesh, type TestMesh } from '../../src/mesh/testing.ts';
import { createTranslation } from '../../src/xds/translate/translation.ts';
import { ReportingProxy, type ReportingProxyOptions } from './reporting-proxy.ts';

export const clientWorkload = 'shop/Deployment/client';
export const serverWorkload = 'shop/Deployment/web';
export const pairVersion = 'v1';

export interface ProxyPair {
  readonly world: TestMesh;
  readonly client: ReportingProxy;
  readonly server: ReportingProxy;
  /** Where the client's application reaches the Services. */
  readonly ports: { readonly http: number; readonly tcp: number };
  stop(): Promise<void>;
}

export interface PairOptions extends Pick<ReportingProxyOptions, 'telemetry' | 'reportEvery' | 'evictAfter'> {
  readonly applicationPort: number;
  /** Each report, by whom. */
  readonly onReport?: (workload: string, message: Buffer) => void;
}

const destinations = { http: '10.96.0.1:80', tcp: '10.96.0.2:9000' } as const;

export async function startPair(options: PairOptions): Promise<ProxyPair> {
  const { applicationPort, onReport = () => undefined, ...rest } = options;
  const authority = new Authority(testMaterial(systemClock), systemClock);
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const world = createTestMesh(graph);
  const translation = createTranslation(graph, world.mesh);
  await world.use(clientWorkload, ...Object.values(destinations));
  await world.use(serverWorkload);
  const labels = { version: pairVersion };
  await world.apply(
    meshConfig({}),
    pod('shop/client-1', '10.0.0.1', { labels }),
    pod('shop/web-1', '127.0.0.2', { labels }),
  );
  const server = await ReportingProxy.start({
    ...rest,
    translation,
    authority,
    subject: subjectOf(serverWorkload, pairVersion),
    listeners: ['inbound/', 'detect/'],
    applicationPort,
    onReport: (message) => onReport(serverWorkload, message),
  });
  const inbound = [{ name: 'p', port: server.portOf(`inbound/${serverWorkload}`) }];
  const endpoints = [podEndpoint('shop/web-1', '127.0.0.1')];
  await world.apply(
    service('shop/web', '10.96.0.1', [{ name: 'p', port: 80, appProtocol: 'http' }]),
    service('shop/bytes', '10.96.0.2', [{ name: 'p', port: 9000, appProtocol: 'tcp' }]),
    slice('shop/web', 'web', endpoints, inbound),
    slice('shop/bytes', 'bytes', endpoints, inbound),
  );
  const client = await ReportingProxy.start({
    ...rest,
    translation,
    authority,
    subject: subjectOf(clientWorkload, pairVersion),
    listeners: ['vl/'],
    onReport: (message) => onReport(clientWorkload, message),
  });
  const portOf = (destination: string): number => client.portOf(`vl/${destination}`);
  return {
    world,
    client,
    server,
    ports: { http: portOf(destinations.http), tcp: portOf(destinations.tcp) },
    async stop() {
      await client.stop();
      await server.stop();
    },
  };
}
