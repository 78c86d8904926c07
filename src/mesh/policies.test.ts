import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { MutualTLSPolicy } from '../base/api.ts';
import { Graph } from '../graph/graph.ts';
import { pod, policy, service } from './testing-objects.ts';
import { createTestMesh, type TestMesh } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
  await world.apply(
    pod('shop/web-1', '10.0.0.1', { labels: { app: 'web', tier: 'front' } }),
    pod('shop/api-1', '10.0.0.2', { labels: { app: 'api', tier: 'back' } }),
    pod('other/web-1', '10.0.0.3', { labels: { app: 'web' } }),
  );
});

type Spec = MutualTLSPolicy['spec'];

const targeting = (mode: Spec['mode'], ...targets: readonly string[]): Spec => ({
  mode,
  targetRefs: targets.map((target) => {
    const [kind = '', name = ''] = target.split('/');
    return { group: kind === 'Service' ? '' : kind === 'Job' ? 'batch' : 'apps', kind, name };
  }),
});
const selecting = (mode: Spec['mode'], matchLabels: Record<string, string>): Spec => ({
  mode,
  selector: { matchLabels },
});

const decided = (workload: string): string | undefined => {
  const mtls = world.mesh.workloads.get(workload)?.mtls;
  return mtls === undefined ? undefined : `${mtls.mode} by ${mtls.policy ?? 'default'}`;
};
const verdict = (key: string): string | undefined => {
  const found = world.mesh.policyVerdicts.get(key);
  return found === undefined
    ? undefined
    : `${found.accepted.status} ${found.accepted.reason}, ${found.workloads}`;
};

test('a policy alone holds for its whole namespace and for no other', async () => {
  await world.apply(policy('shop/all', { mode: 'Strict' }));
  assert.equal(decided('shop/Deployment/web'), 'Strict by shop/all');
  assert.equal(decided('shop/Deployment/api'), 'Strict by shop/all');
  assert.equal(decided('other/Deployment/web'), 'Permissive by default');
  assert.equal(verdict('shop/all'), 'true Accepted, 2');
});

test('targets win over selectors, selectors over the namespace, whatever their age', async () => {
  await world.apply(
    policy('shop/a-namespace', { mode: 'Permissive' }, '2020-01-01T00:00:00Z'),
    policy('shop/b-selector', selecting('Strict', { tier: 'front' }), '2021-01-01T00:00:00Z'),
    policy('shop/c-target', targeting('Disabled', 'Deployment/web'), '2022-01-01T00:00:00Z'),
  );
  assert.equal(decided('shop/Deployment/web'), 'Disabled by shop/c-target');
  assert.equal(decided('shop/Deployment/api'), 'Permissive by shop/a-namespace');
  await world.remove('MutualTLSPolicy shop/c-target');
  assert.equal(decided('shop/Deployment/web'), 'Strict by shop/b-selector');
  await world.remove('MutualTLSPolicy shop/b-selector');
  assert.equal(decided('shop/Deployment/web'), 'Permissive by shop/a-namespace');
});

test('a policy that more specific ones replace everywhere is accepted all the same', async () => {
  await world.apply(
    policy('shop/selector', selecting('Strict', { app: 'web' })),
    policy('shop/target', targeting('Disabled', 'Deployment/web')),
  );
  assert.equal(verdict('shop/selector'), 'true Accepted, 0');
});

test('among equals the older wins, then the first by name, and the other says so', async () => {
  await world.apply(
    policy('shop/a', { mode: 'Permissive' }, '2026-01-02T00:00:00Z'),
    policy('shop/b', { mode: 'Strict' }, '2026-01-01T00:00:00Z'),
    policy('shop/c', { mode: 'Disabled' }, '2026-01-01T00:00:00Z'),
  );
  assert.equal(decided('shop/Deployment/web'), 'Strict by shop/b');
  assert.equal(verdict('shop/a'), 'false Conflicted, 0');
  assert.equal(verdict('shop/b'), 'true Accepted, 2');
  assert.equal(verdict('shop/c'), 'false Conflicted, 0');
  assert.equal(
    world.mesh.policyVerdicts.get('shop/c')?.accepted.message,
    'older policies hold for the same workloads: shop/b',
  );
  await world.remove('MutualTLSPolicy shop/b');
  assert.equal(verdict('shop/c'), 'true Accepted, 2');
  assert.equal(decided('shop/Deployment/web'), 'Disabled by shop/c');
});

test('two policies for the same target conflict before the target has a single pod', async () => {
  await world.apply(
    service('shop/idle', '10.96.0.9', [], { selector: { app: 'idle' } }),
    policy('shop/a', targeting('Strict', 'Service/idle')),
    policy('shop/b', targeting('Permissive', 'Service/idle')),
  );
  assert.equal(verdict('shop/a'), 'true Accepted, 0');
  assert.equal(verdict('shop/b'), 'false Conflicted, 0');
});

test('a policy that loses some of its workloads holds for the others and says so', async () => {
  await world.apply(
    policy('shop/a', selecting('Strict', { app: 'web' })),
    policy('shop/b', selecting('Disabled', { 'pod-template-hash': '6c5' })),
  );
  assert.equal(decided('shop/Deployment/web'), 'Strict by shop/a');
  assert.equal(decided('shop/Deployment/api'), 'Disabled by shop/b');
  assert.equal(
    world.mesh.policyVerdicts.get('shop/b')?.accepted.message,
    'in force for 1 workload; older policies hold for others: shop/a',
  );
});

test('a Service stands for the workloads that its selector means', async () => {
  await world.apply(
    service('shop/front', '10.96.0.1', [], { selector: { tier: 'front' } }),
    policy('shop/a', targeting('Strict', 'Service/front')),
  );
  assert.equal(decided('shop/Deployment/web'), 'Strict by shop/a');
  assert.equal(decided('shop/Deployment/api'), 'Permissive by default');
  await world.apply(service('shop/front', '10.96.0.1', [], { selector: { tier: 'back' } }));
  assert.equal(decided('shop/Deployment/web'), 'Permissive by default');
  assert.equal(decided('shop/Deployment/api'), 'Strict by shop/a');
});

test('a Service without a selector stands for nothing', async () => {
  await world.apply(
    service('shop/front', '10.96.0.1'),
    policy('shop/a', targeting('Strict', 'Service/front')),
  );
  assert.equal(decided('shop/Deployment/web'), 'Permissive by default');
  assert.equal(verdict('shop/a'), 'true Accepted, 0');
});

test('a target that does not exist is named, and a policy without any other is not accepted', async () => {
  await world.apply(
    policy('shop/a', targeting('Strict', 'Deployment/web', 'Deployment/gone', 'Service/gone')),
    policy('shop/b', targeting('Strict', 'Job/gone')),
  );
  const some = world.mesh.policyVerdicts.get('shop/a');
  assert.deepEqual(some?.missingTargets, ['Deployment/gone', 'Service/gone']);
  assert.equal(some?.accepted.message, 'in force for 1 workload; not found: Deployment/gone, Service/gone');
  assert.equal(verdict('shop/b'), 'false TargetNotFound, 0');
  await world.apply(pod('shop/batch', '10.0.0.9', { owner: 'Job/gone' }));
  assert.equal(verdict('shop/b'), 'true Accepted, 1');
});

test('a target of another API group is another thing', async () => {
  const spec: Spec = {
    mode: 'Strict',
    targetRefs: [{ group: 'example.com', kind: 'Deployment', name: 'web' }],
  };
  await world.apply(policy('shop/a', spec));
  assert.equal(decided('shop/Deployment/web'), 'Permissive by default');
  assert.equal(verdict('shop/a'), 'false TargetNotFound, 0');
});

test('in a rollout the labels of the newest pod decide', async () => {
  await world.apply(
    policy('shop/a', selecting('Strict', { tier: 'next' })),
    pod('shop/web-2', '10.0.0.9', {
      labels: { app: 'web', tier: 'next' },
      createdAt: '2026-02-01T00:00:00Z',
    }),
  );
  assert.equal(decided('shop/Deployment/web'), 'Strict by shop/a');
});
