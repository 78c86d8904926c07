import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { testMaterial } from '../ca/testing.ts';
import { apiServices, clusterRoles } from '../kube/resources.ts';
import { type ApiService, apiServiceGroups } from './api-service-objects.ts';
import { ApiServicesController } from './api-services.ts';
import { newGraph, RecordedApi, settle, StubKeeper, StubLeadership } from './testing.ts';

const names = Object.keys(apiServiceGroups);

async function setUp(t: TestContext, options: { wanted?: boolean; served?: boolean; owner?: boolean } = {}) {
  const { wanted = true, served = true, owner = true } = options;
  const clock = new MovableClock();
  const current = newGraph().source<ApiService>('apiservices');
  const api = new RecordedApi();
  const keeper = new StubKeeper();
  if (owner) api.put(clusterRoles, { metadata: { name: 'weft', uid: 'role-1' } });
  const controller = new ApiServicesController({
    api,
    current,
    keeper,
    leadership: new StubLeadership(true),
    namespace: 'weft-system',
    serviceName: 'weft',
    owner: 'weft',
    wanted,
    served: () => served,
    clock,
    log: silent,
  });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  const authority = new Authority(testMaterial(clock), clock);
  /** What the watch would tell of what is stored now. */
  const observe = async (): Promise<void> => {
    for (const name of names) {
      const stored = api.peek<ApiService>(apiServices, name);
      if (stored !== undefined) current.set(name, stored);
    }
    await settle();
  };
  return { api, authority, clock, current, keeper, observe };
}

const applied = names.map((name) => `apply apiservices ${name}`).sort();

test('they are made once there is an authority, owned by the ClusterRole', async (t) => {
  const { api, authority, keeper } = await setUp(t);
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes.toSorted(), applied);
  const stored = api.peek<ApiService>(apiServices, names[0] ?? '');
  assert.equal(stored?.metadata.ownerReferences?.[0]?.uid, 'role-1');
  assert.equal(Buffer.from(stored?.spec?.caBundle ?? '', 'base64').toString(), authority.trustBundle);
});

test('what is right is never written again; what somebody changed is put right', async (t) => {
  const { api, authority, keeper, observe, current } = await setUp(t);
  keeper.give(authority);
  await settle();
  await observe();
  assert.deepEqual(api.writes.toSorted(), applied);
  const [name = ''] = names;
  const stored = api.peek<ApiService>(apiServices, name);
  assert.ok(stored?.spec !== undefined);
  current.set(name, { ...stored, spec: { ...stored.spec, caBundle: 'eA==' } });
  await settle();
  assert.deepEqual(api.writes.slice(2), [`apply apiservices ${name}`]);
});

test('another program that serves a group keeps it', async (t) => {
  const { api, authority, keeper, current } = await setUp(t);
  const [own = '', smi = ''] = names;
  current.set(smi, { metadata: { name: smi } });
  await settle();
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, [`apply apiservices ${own}`]);
});

test('without an aggregation layer, or without the owner, none is made', async (t) => {
  for (const options of [{ served: false }, { owner: false }]) {
    const { api, authority, keeper } = await setUp(t, options);
    keeper.give(authority);
    await settle();
    assert.deepEqual(api.writes, []);
  }
});

test('where none is wanted, those of ours are taken away', async (t) => {
  const { api, current } = await setUp(t, { wanted: false });
  const [name = '', other = ''] = names;
  const labels = { 'app.kubernetes.io/managed-by': 'weft' };
  api.put(apiServices, { metadata: { name, labels } });
  current.set(name, { metadata: { name, labels } });
  current.set(other, { metadata: { name: other } });
  await settle();
  assert.deepEqual(api.writes, [`delete apiservices ${name}`]);
});
