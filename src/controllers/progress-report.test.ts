import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { configMaps } from '../kube/resources.ts';
import type { MeshPod } from '../mesh/model.ts';
import { type ConfigMap, ProgressReporter, projectReport } from './progress-report.ts';
import type { RouteProgress } from './route-progress.ts';
import { kubeError, newGraph, RecordedApi, settle, StubLeadership } from './testing.ts';

const write = 'apply configmaps weft-system/weft-progress-weft-b';

function setUp(t: TestContext, leading = false) {
  const clock = new MovableClock();
  const graph = newGraph();
  const local = graph.source<RouteProgress>('local');
  const pods = graph.source<MeshPod>('pods');
  const api = new RecordedApi();
  const leadership = new StubLeadership(leading);
  const reporter = new ProgressReporter({
    api,
    local,
    pods,
    leadership,
    namespace: 'weft-system',
    podName: 'weft-b',
    clock,
    log: silent,
  });
  const stop = new AbortController();
  const run = reporter.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  const see = async (current: number): Promise<void> => {
    local.set('shop/web|0', { digest: 'v1', proxies: 3, current });
    await settle();
  };
  const arrive = async (): Promise<void> => {
    pods.set('weft-system/weft-b', { uid: 'uid-b' } as MeshPod);
    await settle();
  };
  const told = () => {
    const object = api.peek<ConfigMap>(configMaps, 'weft-progress-weft-b', 'weft-system');
    return object === undefined ? undefined : projectReport(object);
  };
  return { api, arrive, clock, leadership, see, told };
}

test('a replica that does not lead tells what it sees, as soon as its own pod is known', async (t) => {
  const { api, arrive, see, told } = setUp(t);
  await see(2);
  assert.deepEqual(api.writes, []);
  await arrive();
  assert.deepEqual(api.writes, [write]);
  assert.deepEqual(told(), {
    replica: 'weft-b',
    uid: 'uid-b',
    routes: { 'shop/web|0': { digest: 'v1', proxies: 3, current: 2 } },
  });
});

test('what changes within a second is told together, what does not change is not told', async (t) => {
  const { api, arrive, clock, see, told } = setUp(t);
  await see(1);
  await arrive();
  await see(2);
  await see(3);
  assert.equal(api.writes.length, 1);
  clock.advance(1_000);
  await settle();
  assert.equal(api.writes.length, 2);
  assert.equal(told()?.routes['shop/web|0']?.current, 3);
  clock.advance(60_000);
  await arrive();
  assert.equal(api.writes.length, 2);
});

test('the leader tells nobody, and starts to when it no longer leads', async (t) => {
  const { api, arrive, leadership, see } = setUp(t, true);
  await see(3);
  await arrive();
  assert.deepEqual(api.writes, []);
  leadership.set(false);
  await settle();
  assert.deepEqual(api.writes, [write]);
});

test('a failed write is tried again', async (t) => {
  const { api, arrive, clock, see, told } = setUp(t);
  api.failNext('apply', kubeError(503));
  await see(3);
  await arrive();
  for (const passMs of [500, 1_000]) {
    clock.advance(passMs);
    await settle();
  }
  assert.equal(api.writes.length, 2);
  assert.equal(told()?.routes['shop/web|0']?.current, 3);
});
