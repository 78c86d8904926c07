import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { KubeBackendTrafficPolicy } from '../kubernetes.ts';
import { parent, route, service } from '../testing-objects.ts';
import type { TestMesh } from '../testing.ts';
import { gateway, gatewayWorld, routeOf } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = await gatewayWorld(service('shop/web', '10.96.0.1'), service('shop/v2', '10.96.0.2'));
  await world.use('shop/Deployment/client', '10.96.0.1:80');
});

function policy(
  name: string,
  spec: Partial<NonNullable<KubeBackendTrafficPolicy['spec']>>,
  createdAt = '2026-01-01T00:00:00Z',
): KubeBackendTrafficPolicy {
  const targetRefs = [{ group: '', kind: 'Service', name: 'web' }];
  return {
    kind: 'XBackendTrafficPolicy',
    metadata: { namespace: 'shop', name, generation: 1, creationTimestamp: createdAt },
    spec: { targetRefs, ...spec },
  };
}

const budget = () => world.mesh.servicePorts.get('shop/web:80')?.retryBudget;
const session = (key = 'shop/web:80') => world.mesh.routeTables.get(key)?.rules[0]?.session?.name;
const verdict = (name: string) =>
  world.mesh.backendTrafficVerdicts
    .get(`shop/${name}`)
    ?.ancestors.flatMap(({ conditions }) => conditions.map(({ reason, message }) => `${reason}: ${message}`));

test('a retry budget is that of the Service’s ports, with the defaults of the API', async () => {
  assert.equal(budget(), undefined);
  await world.apply(policy('p', { retryConstraint: {} }));
  assert.deepEqual(budget(), { percent: 20, intervalMs: 10_000, minimumPerSecond: 10 });
  const own = { percent: 50, interval: '2s' };
  const minRetryRate = { count: 3, interval: '2s' };
  await world.apply(policy('p', { retryConstraint: { budget: own, minRetryRate } }));
  assert.deepEqual(budget(), { percent: 50, intervalMs: 2_000, minimumPerSecond: 1.5 });
  assert.equal(world.mesh.servicePorts.get('shop/v2:80')?.retryBudget, undefined);
  await world.remove('XBackendTrafficPolicy shop/p');
  assert.equal(budget(), undefined);
});

test('the session of a Service holds where no rule says otherwise, in the mesh and in gateways', async () => {
  await world.apply(policy('p', { sessionPersistence: { sessionName: 'of-service' } }));
  assert.equal(session(), 'of-service', 'without any route');
  const backendRefs = [
    { name: 'v2', port: 80 },
    { name: 'web', port: 80 },
  ];
  await world.apply(
    route('shop/r', [parent('web')], [{ backendRefs }]),
    gateway('shop/gw', [{}]),
    routeOf('HTTPRoute', 'shop/g'),
  );
  assert.equal(session(), 'of-service');
  const [host] = world.mesh.gateway.listenerHosts.get('shop/gw/l0')?.hosts ?? [];
  assert.equal(host?.rules[0]?.session?.name, 'of-service');
  const sessionPersistence = { sessionName: 'of-rule' };
  await world.apply(route('shop/r', [parent('web')], [{ backendRefs, sessionPersistence }]));
  assert.equal(session(), 'of-rule');
});

test('of two policies for one Service the older holds, and the other is told', async () => {
  await world.apply(
    policy('a-young', { sessionPersistence: { sessionName: 'young' } }, '2026-01-02T00:00:00Z'),
    policy('old', { sessionPersistence: { sessionName: 'old' } }),
  );
  assert.equal(session(), 'old');
  assert.deepEqual(verdict('old'), ['Accepted: the policy holds']);
  assert.deepEqual(verdict('a-young'), ['Conflicted: shop/old is older and holds for Service shop/web']);
  await world.remove('XBackendTrafficPolicy shop/old');
  assert.deepEqual(verdict('a-young'), ['Accepted: the policy holds']);
});

test('each target is judged by itself', async () => {
  const targetRefs = [
    { group: '', kind: 'Service', name: 'web' },
    { group: '', kind: 'Service', name: 'gone' },
    { group: 'apps', kind: 'Deployment', name: 'web' },
  ];
  await world.apply(policy('p', { targetRefs }));
  assert.deepEqual(verdict('p'), [
    'Accepted: the policy holds',
    'TargetNotFound: there is no Service shop/gone',
    'Invalid: a Deployment cannot have such a policy',
  ]);
});

test('a policy that says something impossible does nothing, and gives way to a younger one', async () => {
  await world.apply(
    policy('wrong', { retryConstraint: { budget: { interval: 'soon' } } }),
    policy('right', { retryConstraint: {} }, '2026-01-02T00:00:00Z'),
  );
  assert.deepEqual(verdict('wrong'), [
    'Invalid: spec.retryConstraint.budget.interval: soon is not a duration such as 500ms or 1m30s',
  ]);
  assert.deepEqual(verdict('right'), ['Accepted: the policy holds']);
  assert.equal(budget()?.percent, 20);
});

test('a budget that Envoy could not count by is refused', async () => {
  for (const [retryConstraint, field] of [
    [{ budget: { percent: 101 } }, 'budget.percent'],
    [{ minRetryRate: { count: -1 } }, 'minRetryRate.count'],
    [{ minRetryRate: { count: 2 ** 40 } }, 'minRetryRate.count'],
  ] as const) {
    await world.apply(policy('p', { retryConstraint }));
    assert.match(verdict('p')?.join() ?? '', new RegExp(`^Invalid: spec.retryConstraint.${field}: `));
    assert.equal(budget(), undefined);
  }
});
