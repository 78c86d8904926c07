import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gateway } from '../mesh/gateway-model.ts';
import type { RouteVerdict, TelemetryVerdict } from '../mesh/model.ts';
import type { EncodedResource, ResourceAcks } from '../xds/resource.ts';
import type { RouteProgress } from './route-progress.ts';
import { telemetryPolicyStatus } from './telemetry-policy-status.ts';
import { deriveTelemetryProgress } from './telemetry-progress.ts';
import { newGraph } from './testing.ts';

const accepted = { status: true, reason: 'Accepted', message: 'in force' };

function setUp() {
  const graph = newGraph();
  const verdicts = graph.source<TelemetryVerdict>('telemetryVerdicts');
  const gateways = graph.source<Gateway>('gateways');
  const routes = graph.source<RouteVerdict>('routeVerdicts');
  const routeProgress = graph.source<RouteProgress>('routeProgress');
  const acks = graph.source<ResourceAcks>('acks');
  const listeners = graph.source<EncodedResource>('listeners');
  const reports = graph.source<RouteProgress>('reports');
  const progress = deriveTelemetryProgress(graph, {
    verdicts,
    gateways,
    routeVerdicts: graph.index('byRoute', routes, ({ kind, route }) => [`${kind}/${route}`]),
    routeProgress,
    acks,
    listeners,
    names: {
      inbound: (workload) => `inbound/${workload}`,
      port: (gateway, { port }) => `gateway/${gateway}/${port}`,
    },
    reported: graph.index('reported', reports, (_, key) => [key.slice(0, key.lastIndexOf('#'))]),
  });
  const serve = (name: string, version: string, holders: number, current: number): void => {
    listeners.set(name, { name, version, body: new Uint8Array(), needs: [] });
    acks.set(`listener ${name}`, { holders, current, served: version });
  };
  const decide = (verdict: Partial<TelemetryVerdict>): void =>
    verdicts.set('shop/p', { generation: 2, accepted, workloads: [], routes: [], ...verdict });
  return { graph, gateways, routes, routeProgress, acks, reports, progress, serve, decide };
}

test('counts each proxy of the workloads once, by the listener of what comes in', async () => {
  const { graph, serve, decide, progress } = setUp();
  decide({ workloads: ['shop/Deployment/a', 'shop/Deployment/b'] });
  serve('inbound/shop/Deployment/a', 'v1', 3, 2);
  serve('inbound/shop/Deployment/b', 'v2', 4, 4);
  await graph.settled();
  assert.deepEqual(progress.total.get('shop/p'), { digest: '2.v1.v2', proxies: 7, current: 6 });
  assert.equal(progress.local.get('TelemetryPolicy/shop/p')?.proxies, 7);
});

test('counts those of a gateway by its first port, and of a gateway without ports nothing', async () => {
  const { graph, gateways, serve, decide, progress } = setUp();
  decide({ workloads: ['infra/Gateway/web'] });
  gateways.set('infra/web', { namespace: 'infra', name: 'web', ports: [] });
  await graph.settled();
  assert.equal(progress.total.get('shop/p')?.proxies, 0);
  const ports = [{ port: 80, transport: 'tcp', listeners: [] } as const];
  gateways.set('infra/web', { namespace: 'infra', name: 'web', ports });
  serve('gateway/infra/web/80', 'v1', 2, 1);
  await graph.settled();
  assert.deepEqual(progress.total.get('shop/p'), { digest: '2.v1', proxies: 2, current: 1 });
});

test('counts for routes what their own status counts', async () => {
  const { graph, routes, routeProgress, decide, progress } = setUp();
  decide({ routes: ['HTTPRoute/shop/r'] });
  const key = 'HTTPRoute/shop/r|0';
  routes.set(key, { kind: 'HTTPRoute', route: 'shop/r' } as RouteVerdict);
  routeProgress.set(key, { digest: '1.v1', proxies: 5, current: 5 });
  await graph.settled();
  assert.deepEqual(progress.total.get('shop/p'), { digest: '2.1.v1', proxies: 5, current: 5 });
});

test('adds what other replicas tell, and tells a rejection', async () => {
  const { graph, acks, reports, serve, decide, progress } = setUp();
  decide({ workloads: ['shop/Deployment/a'] });
  serve('inbound/shop/Deployment/a', 'v1', 1, 1);
  reports.set('TelemetryPolicy/shop/p#weft-b', { digest: '2.v1', proxies: 2, current: 1 });
  await graph.settled();
  assert.deepEqual(progress.total.get('shop/p'), { digest: '2.v1', proxies: 3, current: 2 });
  acks.set('listener inbound/shop/Deployment/a', {
    holders: 1,
    current: 0,
    served: 'v0',
    rejected: { version: 'v1', message: 'no' },
  });
  await graph.settled();
  const { current, rejected } = progress.total.get('shop/p') ?? {};
  assert.deepEqual([current, rejected], [1, 'no']);
});

test('a policy that is not accepted is in force nowhere', async () => {
  const { graph, decide, progress } = setUp();
  decide({ accepted: { status: false, reason: 'Invalid', message: 'no' }, workloads: ['shop/Deployment/a'] });
  await graph.settled();
  assert.equal(progress.total.get('shop/p'), undefined);
});

const object = { metadata: { name: 'p', namespace: 'shop' } };
const verdict: TelemetryVerdict = { generation: 2, accepted, workloads: [], routes: [] };
const programmed = (status: ReturnType<typeof telemetryPolicyStatus>): string => {
  const found = status?.conditions?.find(({ type }) => type === 'Programmed');
  return `${found?.status} ${found?.reason} ${found?.observedGeneration}: ${found?.message}`;
};

for (const [what, progress, expected] of [
  ['all', { digest: '', proxies: 3, current: 3 }, 'True Programmed 2: In force on 3 of 3 connected proxies.'],
  ['some', { digest: '', proxies: 3, current: 2 }, 'False Pending 2: In force on 2 of 3 connected proxies.'],
  [
    'none of',
    { digest: '', proxies: 0, current: 0 },
    'True Programmed 2: In force on 0 of 0 connected proxies.',
  ],
  [
    'not one, which rejected it, of',
    { digest: '', proxies: 3, current: 2, rejected: 'no' },
    'False Rejected 2: A proxy rejected it: no',
  ],
] as const) {
  test(`the status says that ${what} the proxies have taken it over`, () => {
    assert.equal(programmed(telemetryPolicyStatus(object, verdict, progress, 0)), expected);
  });
}

test('the status says nothing before there is a judgement, and no proxy of what is not accepted', () => {
  assert.equal(telemetryPolicyStatus(object, undefined, undefined, 0), undefined);
  const refused = { ...verdict, accepted: { status: false, reason: 'Invalid', message: 'why' } };
  const status = telemetryPolicyStatus(object, refused, undefined, 0);
  assert.match(programmed(status), /^False NotAccepted 2/);
  assert.equal(status?.conditions?.find(({ type }) => type === 'Accepted')?.message, 'why');
});
