import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { mutualTLSPolicies } from '../kube/resources.ts';
import type { MeshSettings, PolicyVerdict } from '../mesh/model.ts';
import { meshConfigStatus } from './mesh-config-status.ts';
import { policyStatus } from './policy-status.ts';
import { projectStatus, StatusController, type StatusObject } from './status-controller.ts';
import { kubeError, newGraph, RecordedApi, settle, StubLeadership } from './testing.ts';

const write = 'applyStatus mutualtlspolicies shop/strict';
const verdict: PolicyVerdict = {
  policy: 'shop/strict',
  generation: 2,
  accepted: { status: true, reason: 'Accepted', message: 'in force for 3 workloads' },
  workloads: 3,
  missingTargets: [],
};

function setUp(t: TestContext, leading = true) {
  const clock = new MovableClock();
  const graph = newGraph();
  const objects = graph.source<StatusObject>('objects');
  const verdicts = graph.source<PolicyVerdict>('verdicts');
  const api = new RecordedApi();
  const leadership = new StubLeadership(leading);
  const controller = new StatusController({
    name: 'policy-status',
    type: mutualTLSPolicies,
    api,
    objects,
    statusOf: (key, object, nowMs) => policyStatus(object, verdicts.get(key), nowMs),
    causes: [verdicts],
    leadership,
    clock,
    log: silent,
  });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  api.put(mutualTLSPolicies, { metadata: { name: 'strict', namespace: 'shop', generation: 2 } });
  const stored = () => api.peek<StatusObject>(mutualTLSPolicies, 'strict', 'shop');
  const observe = async (): Promise<void> => {
    const object = stored();
    if (object !== undefined) objects.set('shop/strict', projectStatus(object));
    await settle();
  };
  return { api, clock, leadership, observe, stored, verdicts };
}

test('a policy is told what became of it, once', async (t) => {
  const { api, observe, stored, verdicts } = setUp(t);
  await observe();
  assert.deepEqual(api.writes, [], 'nothing is known yet');
  verdicts.set('shop/strict', verdict);
  await settle();
  assert.deepEqual(stored()?.status?.conditions, [
    {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: 'in force for 3 workloads',
      observedGeneration: 2,
      lastTransitionTime: '2026-09-01T12:00:00Z',
    },
  ]);
  await observe();
  assert.deepEqual(api.writes, [write]);
});

test('a change of the verdict is written, and the condition keeps its time while it holds', async (t) => {
  const { api, clock, observe, stored, verdicts } = setUp(t);
  verdicts.set('shop/strict', verdict);
  await observe();
  await observe();
  clock.advance(60_000);
  verdicts.set('shop/strict', {
    ...verdict,
    accepted: { ...verdict.accepted, message: 'in force for 4 workloads' },
  });
  await settle();
  assert.equal(api.writes.length, 2);
  assert.equal(stored()?.status?.conditions?.[0]?.lastTransitionTime, '2026-09-01T12:00:00Z');
});

test('only the leader writes, and a new leader writes what is missing', async (t) => {
  const { api, leadership, observe, verdicts } = setUp(t, false);
  verdicts.set('shop/strict', verdict);
  await observe();
  assert.deepEqual(api.writes, []);
  leadership.set(true);
  await settle();
  assert.deepEqual(api.writes, [write]);
});

test('a failed write is tried again, one to an object that is gone is not', async (t) => {
  const { api, clock, observe, verdicts } = setUp(t);
  verdicts.set('shop/strict', verdict);
  await settle();
  api.failNext('applyStatus', kubeError(500));
  api.failNext('applyStatus', kubeError(404, 'NotFound'));
  await observe();
  clock.advance(1_000);
  await settle();
  assert.deepEqual(api.writes, [write, write]);
  clock.advance(600_000);
  await settle();
  assert.equal(api.writes.length, 2);
});

test('a MeshConfig in use says what it makes of the mesh, one that cannot be used says that the former stays', () => {
  const object = { metadata: { name: 'default', generation: 5 } };
  const settings = { trustDomain: 'corp.example', mtls: 'Strict', outbound: 'Deny' } as MeshSettings;
  const used = meshConfigStatus(object, settings, undefined, 0)?.conditions?.[0];
  assert.deepEqual([used?.status, used?.reason, used?.observedGeneration], ['True', 'Accepted', 5]);
  assert.match(used?.message ?? '', /corp\.example.*Strict.*Deny/);
  const unused = meshConfigStatus(object, settings, new Error('no such thing'), 0)?.conditions?.[0];
  assert.deepEqual([unused?.status, unused?.reason], ['False', 'Invalid']);
  assert.match(unused?.message ?? '', /no such thing/);
  assert.equal(meshConfigStatus(object, undefined, undefined, 0), undefined);
});
