import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { meshes } from '../kube/resources.ts';
import type { Condition } from '../kube/types.ts';
import { MeshCreator, meshFeatures, type MeshObject, meshStatus } from './mesh-resource.ts';
import { newGraph, RecordedApi, settle, StubLeadership } from './testing.ts';

function setUp(t: TestContext) {
  const clock = new MovableClock();
  const objects = newGraph().source<MeshObject>('meshes');
  const api = new RecordedApi();
  const leadership = new StubLeadership(false);
  const controller = new MeshCreator({ api, objects, leadership, clock, log: silent });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  return { api, clock, leadership, objects };
}

test('the leader makes one object for the mesh, with nothing but its controller in it', async (t) => {
  const { api, leadership } = setUp(t);
  await settle();
  assert.deepEqual(api.writes, []);
  leadership.set(true);
  await settle();
  assert.deepEqual(api.writes, ['create xmeshes weft']);
  assert.deepEqual(api.peek<MeshObject>(meshes, 'weft')?.spec, { controllerName: 'weft.dev/mesh' });
});

test('where one of any name is there, none is made', async (t) => {
  const { api, leadership, objects } = setUp(t);
  objects.set('mine', { metadata: { name: 'mine' }, spec: { controllerName: 'weft.dev/mesh' } });
  await settle();
  leadership.set(true);
  await settle();
  assert.deepEqual(api.writes, []);
});

test('an object of that name that is another controller’s is left alone', async (t) => {
  const { api, leadership } = setUp(t);
  const theirs = { metadata: { name: 'weft' }, spec: { controllerName: 'example.com/other' } } as MeshObject;
  api.put(meshes, theirs);
  leadership.set(true);
  await settle();
  assert.deepEqual(api.peek<MeshObject>(meshes, 'weft')?.spec, theirs.spec);
});

test('a kind that is installed later is found', async (t) => {
  const { api, clock, leadership } = setUp(t);
  api.doNotServe(meshes);
  leadership.set(true);
  await settle();
  assert.deepEqual(api.writes, []);
  api.serve(meshes);
  clock.advance(60_000);
  await settle();
  assert.deepEqual(api.writes, ['create xmeshes weft']);
});

test('the status says that the mesh is accepted and what it supports', () => {
  const object = { metadata: { name: 'weft', generation: 2 } };
  const status = meshStatus(object, 'weft-system', 0) as {
    readonly conditions: readonly Condition[];
    readonly supportedFeatures: readonly { readonly name: string }[];
  };
  const [condition] = status.conditions;
  assert.deepEqual(
    [condition?.type, condition?.status, condition?.observedGeneration],
    ['Accepted', 'True', 2],
  );
  assert.match(condition?.message ?? '', /weft-system/);
  assert.deepEqual(
    status.supportedFeatures.map(({ name }) => name),
    meshFeatures.toSorted(),
  );
});

test('parameters, which Weft does not take there, are refused', () => {
  const object = { metadata: { name: 'weft' }, spec: { parametersRef: { name: 'x' } } };
  const { conditions } = meshStatus(object, 'weft-system', 0) as {
    readonly conditions: readonly Condition[];
  };
  assert.deepEqual([conditions[0]?.status, conditions[0]?.reason], ['False', 'InvalidParameters']);
});
