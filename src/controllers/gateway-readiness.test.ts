import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gateway } from '../mesh/gateway-model.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { EncodedResource, ResourceAcks } from '../xds/resource.ts';
import type { GatewayPlan } from './gateway-plan.ts';
import { deriveGatewayReadiness } from './gateway-readiness.ts';
import type { ManagedService } from './gateway-sources.ts';
import { gatewayPort, gatewaySource, modelGateway } from './gateway-testing.ts';
import { derivePortProgress } from './port-progress.ts';
import { deriveReported, type ProgressReport } from './route-progress.ts';
import { newGraph } from './testing.ts';

const key = 'shop/edge';
const listener = 'gateway/shop/edge/tcp:80';

function setUp() {
  const graph = newGraph();
  const gateways = graph.source<Gateway>('gateways');
  const sources = graph.source<GatewaySource>('sources');
  const services = graph.source<ManagedService>('services');
  const plans = graph.source<GatewayPlan>('plans');
  const problems = graph.source<string>('problems');
  const pods = graph.source<MeshPod>('pods');
  const acks = graph.source<ResourceAcks>('acks');
  const resources = graph.source<EncodedResource>('resources');
  const reports = graph.source<ProgressReport>('reports');
  const listenerName = (gateway: string, { transport, port }: { transport: string; port: number }): string =>
    `gateway/${gateway}/${transport}:${port}`;
  const reported = deriveReported(graph, { reports, pods, namespace: 'weft-system', podName: 'weft-a' });
  const progress = derivePortProgress(graph, { gateways, acks, resources, listenerName, reported });
  const readiness = deriveGatewayReadiness(graph, {
    gateways,
    sources,
    services,
    plans,
    problems,
    pods,
    progress: progress.total,
    listenerName,
  });
  gateways.set(key, modelGateway(gatewayPort(80)));
  sources.set(key, gatewaySource());
  const serve = (version: string): void =>
    resources.set(listener, { name: listener, version, body: new Uint8Array(), needs: [] });
  serve('v1');
  const pod = (name: string, changes: Partial<MeshPod> = {}): void =>
    pods.set(`shop/${name}`, {
      workload: 'shop/Gateway/edge',
      ready: true,
      terminating: false,
      ...changes,
    } as MeshPod);
  const state = async () => {
    await graph.settled();
    return readiness.get(key)?.listeners['shop/edge/p80'];
  };
  return { acks, graph, plans, pod, pods, problems, progress, readiness, reports, serve, services, state };
}

test('a port is in force when every proxy that serves has acknowledged it', async () => {
  const { acks, pod, state } = setUp();
  assert.deepEqual(await state(), { kind: 'pending' }, 'no proxy serves yet');
  pod('a');
  pod('b');
  acks.set(`listener ${listener}`, { holders: 2, current: 1, served: 'v1' });
  assert.deepEqual(await state(), { kind: 'pending' });
  acks.set(`listener ${listener}`, { holders: 2, current: 2, served: 'v1' });
  assert.deepEqual(await state(), { kind: 'current' });
});

test('after a change it is pending until the new version is acknowledged, not the old one', async () => {
  const { acks, pod, serve, state } = setUp();
  pod('a');
  acks.set(`listener ${listener}`, { holders: 1, current: 1, served: 'v1' });
  assert.deepEqual(await state(), { kind: 'current' });
  serve('v2');
  assert.deepEqual(await state(), { kind: 'pending' });
  acks.set(`listener ${listener}`, { holders: 1, current: 1, served: 'v2' });
  assert.deepEqual(await state(), { kind: 'current' });
});

test('a proxy that has just come and serves nobody yet does not make it look like an outage', async () => {
  const { acks, pod, state } = setUp();
  pod('a');
  pod('b', { ready: false });
  acks.set(`listener ${listener}`, { holders: 2, current: 1, served: 'v1' });
  assert.deepEqual(await state(), { kind: 'current' });
});

test('one that ends does not count as one that serves', async () => {
  const { pod, readiness, state } = setUp();
  pod('a');
  pod('b', { terminating: true });
  await state();
  assert.equal(readiness.get(key)?.readyProxies, 1);
});

test('what Envoy says of a version it rejects is known', async () => {
  const { acks, pod, state } = setUp();
  pod('a');
  const rejected = { version: 'v1', message: 'no such cipher' };
  acks.set(`listener ${listener}`, { holders: 1, current: 0, served: 'v0', rejected });
  assert.deepEqual(await state(), { kind: 'rejected', message: 'no such cipher' });
});

test('proxies of other replicas count by what those tell', async () => {
  const { pod, pods, reports, state } = setUp();
  pod('a');
  assert.deepEqual(await state(), { kind: 'current' }, 'ready, and its replica has not told yet');
  pods.set('weft-system/weft-b', {
    uid: 'uid-b',
    ready: true,
    workload: 'weft-system/Deployment/weft',
  } as MeshPod);
  const report = (current: number) => ({
    replica: 'weft-b',
    uid: 'uid-b',
    routes: { [listener]: { digest: 'v1', proxies: 1, current } },
  });
  reports.set('weft-b', report(0));
  assert.deepEqual(await state(), { kind: 'pending' });
  reports.set('weft-b', report(1));
  assert.deepEqual(await state(), { kind: 'current' });
});

test('what this replica tells the others is what its own proxies hold', async () => {
  const { acks, graph, progress } = setUp();
  acks.set(`listener ${listener}`, { holders: 3, current: 2, served: 'v1' });
  await graph.settled();
  assert.deepEqual([...progress.local.entries()], [[listener, { digest: 'v1', proxies: 3, current: 2 }]]);
});

test('address, problems and wrong parameters are part of it', async () => {
  const { graph, plans, problems, readiness, services } = setUp();
  services.set('shop/edge-weft', {
    metadata: { name: 'edge-weft', namespace: 'shop' },
    spec: { type: 'ClusterIP', clusterIPs: ['10.96.0.7'] },
  });
  problems.set(key, 'WEFT-GW-04: quota');
  plans.set(key, { kind: 'invalid', message: 'WEFT-GW-01: no' });
  await graph.settled();
  const { addresses, problem, parameters } = readiness.get(key) ?? {};
  assert.deepEqual(addresses?.assigned, [{ type: 'IPAddress', value: '10.96.0.7' }]);
  assert.equal(problem, 'WEFT-GW-04: quota');
  assert.equal(parameters, 'WEFT-GW-01: no');
});
