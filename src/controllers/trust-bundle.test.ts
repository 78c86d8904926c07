import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { testMaterial } from '../ca/testing.ts';
import { clusterTrustBundles } from '../kube/resources.ts';
import type { ClusterTrustBundle } from './objects.ts';
import { kubeError, newGraph, RecordedApi, settle, StubKeeper, StubLeadership } from './testing.ts';
import { TrustBundleController, trustBundleOf } from './trust-bundle.ts';

const name = 'weft.dev:workload:mesh';

function setUp(t: TestContext, leading = true, api = new RecordedApi()) {
  const clock = new MovableClock();
  const graph = newGraph();
  const bundles = graph.source<ClusterTrustBundle>('clustertrustbundles');
  const keeper = new StubKeeper();
  const leadership = new StubLeadership(leading);
  const controller = new TrustBundleController({ api, bundles, keeper, leadership, clock, log: silent });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  const authority = new Authority(testMaterial(clock), clock);
  return { api, authority, bundles, clock, keeper, leadership };
}

test('the bundle is made as soon as there is an authority, by any replica', async (t) => {
  const { api, authority, keeper } = setUp(t, false);
  await settle();
  assert.deepEqual(api.writes, []);
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, [`create clustertrustbundles ${name}`]);
  const bundle = api.peek<ClusterTrustBundle>(clusterTrustBundles, name);
  assert.equal(bundle?.spec.signerName, 'weft.dev/workload');
  assert.equal(bundle?.spec.trustBundle, authority.trustBundle);
});

test('a replica that comes second leaves it at that', async (t) => {
  const { api, authority, clock, keeper } = setUp(t, false);
  api.put(clusterTrustBundles, trustBundleOf(authority.trustBundle));
  keeper.give(authority);
  await settle();
  clock.advance(60_000);
  await settle();
  assert.deepEqual(api.writes, [`create clustertrustbundles ${name}`]);
});

test('a bundle with other roots is corrected by the leader and by nobody else', async (t) => {
  const other = trustBundleOf('other');
  for (const leading of [true, false]) {
    const { api, authority, bundles, keeper } = setUp(t, leading);
    bundles.set(name, other);
    await settle();
    keeper.give(authority);
    await settle();
    assert.deepEqual(api.writes, leading ? [`apply clustertrustbundles ${name}`] : []);
  }
});

test('a bundle that is right is left alone', async (t) => {
  const { api, authority, bundles, keeper } = setUp(t);
  bundles.set(name, { ...trustBundleOf(authority.trustBundle), metadata: { name, resourceVersion: '3' } });
  await settle();
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, []);
});

test('a new root reaches the bundle, and a replica that becomes leader corrects what it finds', async (t) => {
  const { api, authority, bundles, clock, keeper, leadership } = setUp(t, false);
  bundles.set(name, trustBundleOf(authority.trustBundle));
  await settle();
  keeper.give(authority);
  keeper.give(new Authority(testMaterial(clock), clock));
  await settle();
  assert.deepEqual(api.writes, []);
  leadership.set(true);
  await settle();
  assert.deepEqual(api.writes, [`apply clustertrustbundles ${name}`]);
});

test('nothing is written where the API is not served, and it is looked for again', async (t) => {
  const api = new RecordedApi();
  api.doNotServe(clusterTrustBundles);
  const { authority, clock, keeper } = setUp(t, true, api);
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, []);
  api.serve(clusterTrustBundles);
  clock.advance(60_000);
  await settle();
  assert.deepEqual(api.writes, [`create clustertrustbundles ${name}`]);
});

test('a failed write is tried again', async (t) => {
  const { api, authority, clock, keeper } = setUp(t);
  api.failNext('create', kubeError(500));
  keeper.give(authority);
  await settle();
  clock.advance(1000);
  await settle();
  assert.equal(api.writes.length, 2);
});
