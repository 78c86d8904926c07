import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { httpRoutes } from '../kube/resources.ts';
import type { RouteVerdict } from '../mesh/model.ts';
import { inForceCondition, projectRouteStatus, type RouteObject, routeParents } from './route-status.ts';
import type { RouteProgress } from './route-progress.ts';
import { RouteStatusController } from './route-status-controller.ts';
import { kubeError, newGraph, RecordedApi, settle, StubLeadership } from './testing.ts';

const parentRef = { group: '', kind: 'Service', name: 'web' };
const accepted = { status: true, reason: 'Accepted', message: 'Attached to Service shop/web.' };
const resolvedRefs = { status: true, reason: 'ResolvedRefs', message: 'Every backend exists.' };
const verdict: RouteVerdict = {
  kind: 'HTTPRoute',
  route: 'shop/web',
  generation: 3,
  parentIndex: 0,
  parentRef,
  accepted,
  resolvedRefs,
  tables: ['shop/web:80'],
  listeners: [],
};
const nowMs = Date.UTC(2026, 8, 1, 12);

function inForceOf(progress: RouteProgress | undefined, change: Partial<RouteVerdict> = {}) {
  const [entry] = routeParents([], [{ verdict: { ...verdict, ...change }, progress }], nowMs);
  const found = entry?.conditions?.find(({ type }) => type === inForceCondition);
  return [found?.status, found?.reason, found?.message];
}

test('the entry names the parent as the route writes it, and says everything about one generation', () => {
  const [entry] = routeParents([], [{ verdict, progress: { digest: 'v', proxies: 2, current: 2 } }], nowMs);
  assert.deepEqual(entry, {
    parentRef,
    controllerName: 'weft.dev/mesh',
    conditions: [
      { type: 'Accepted', status: 'True', reason: 'Accepted', message: accepted.message },
      { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: resolvedRefs.message },
      { type: inForceCondition, status: 'True', reason: 'InForce', message: 'In force on 2 of 2 proxies.' },
    ].map((condition) => ({
      ...condition,
      observedGeneration: 3,
      lastTransitionTime: '2026-09-01T12:00:00Z',
    })),
  });
});

test('InForce says what the proxies said', () => {
  const counted = (proxies: number, current: number): RouteProgress => ({ digest: 'v', proxies, current });
  assert.deepEqual(inForceOf(counted(12, 7)), ['False', 'Pending', 'In force on 7 of 12 proxies.']);
  assert.deepEqual(inForceOf(counted(1, 1)), ['True', 'InForce', 'In force on 1 of 1 proxy.']);
  assert.deepEqual(inForceOf(counted(0, 0)).slice(0, 2), ['True', 'InForce']);
  assert.deepEqual(inForceOf(counted(0, 0), { listeners: ['infra/gw/http'] }).slice(0, 2), [
    'False',
    'Pending',
  ]);
  const [status, reason, message] = inForceOf({ ...counted(3, 0), rejected: 'bad regex' });
  assert.deepEqual([status, reason], ['False', 'Rejected']);
  assert.match(message ?? '', /WEFT-XDS-10.*bad regex/);
  const refused = { accepted: { status: false, reason: 'NoMatchingParent', message: '' } };
  assert.deepEqual(inForceOf(undefined, refused).slice(0, 2), ['False', 'NotAccepted']);
});

test("other controllers' entries stay as and where they are; ours are updated in place, added, and removed", () => {
  const other = { parentRef: { name: 'gateway' }, controllerName: 'example.com/gateway', conditions: [] };
  const ours = (name: string) => ({
    parentRef: { ...parentRef, name },
    controllerName: 'weft.dev/mesh',
    conditions: [],
  });
  const second = { ...verdict, parentIndex: 1, parentRef: { ...parentRef, name: 'new' } };
  const parents = routeParents(
    [ours('gone'), ours('web'), other],
    [
      { verdict, progress: undefined },
      { verdict: second, progress: undefined },
    ],
    nowMs,
  );
  assert.deepEqual(
    parents.map(({ parentRef: { name } }) => name),
    ['web', 'gateway', 'new'],
  );
  assert.equal(parents[1], other);
});

test('what the API does not take is cut off: a 33rd entry, and the rest of a message', () => {
  const other = { parentRef: { name: 'gateway' }, controllerName: 'example.com/gateway', conditions: [] };
  const message = 'x'.repeat(40_000);
  const refused = { status: false, reason: 'BackendNotFound', message };
  const parents = routeParents(
    Array.from({ length: 31 }, () => other),
    [
      { verdict: { ...verdict, resolvedRefs: refused }, progress: undefined },
      { verdict: { ...verdict, parentRef: { ...parentRef, port: 81 } }, progress: undefined },
    ],
    nowMs,
  );
  assert.equal(parents.length, 32);
  assert.equal(parents[31]?.conditions?.[1]?.message.length, 32_768);
});

test('a condition keeps the time of its last change', () => {
  const before = routeParents([], [{ verdict, progress: { digest: 'v', proxies: 2, current: 2 } }], nowMs);
  const after = routeParents(
    before,
    [{ verdict, progress: { digest: 'v', proxies: 2, current: 1 } }],
    nowMs + 60_000,
  );
  assert.deepEqual(
    after[0]?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime),
    ['2026-09-01T12:00:00Z', '2026-09-01T12:00:00Z', '2026-09-01T12:01:00Z'],
  );
});

test('rules that do not hold are told, and only then', () => {
  const partiallyInvalid = { reason: 'UnsupportedValue', message: 'Dropped Rule: rule 1' };
  const [entry] = routeParents(
    [],
    [{ verdict: { ...verdict, partiallyInvalid }, progress: undefined }],
    nowMs,
  );
  const told = entry?.conditions?.find(({ type }) => type === 'PartiallyInvalid');
  assert.deepEqual([told?.status, told?.reason, told?.message], ['True', ...Object.values(partiallyInvalid)]);
  const [whole] = routeParents(entry === undefined ? [] : [entry], [{ verdict, progress: undefined }], nowMs);
  assert.equal(
    whole?.conditions?.some(({ type }) => type === 'PartiallyInvalid'),
    false,
  );
});

function setUp(t: TestContext, leading = true) {
  const clock = new MovableClock(nowMs);
  const graph = newGraph();
  const routes = graph.source<RouteObject>('routes');
  const verdicts = graph.source<RouteVerdict>('verdicts');
  const progress = graph.source<RouteProgress>('progress');
  const api = new RecordedApi();
  const leadership = new StubLeadership(leading);
  const controller = new RouteStatusController({
    api,
    kind: 'HTTPRoute',
    routes,
    verdicts: graph.index('verdictsByRoute', verdicts, ({ kind, route }) => [`${kind}/${route}`]),
    progress,
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
  /** What the watch would tell of what is stored now. */
  const observe = async (): Promise<void> => {
    const stored = api.peek<RouteObject>(httpRoutes, 'web', 'shop');
    if (stored === undefined) routes.delete('shop/web');
    else routes.set('shop/web', projectRouteStatus(stored));
    await settle();
  };
  const count = async (proxies: number, current: number, rejected?: string): Promise<void> => {
    const value = { digest: 'v', proxies, current };
    progress.set('HTTPRoute/shop/web|0', rejected === undefined ? value : { ...value, rejected });
    await settle();
  };
  api.put<RouteObject>(httpRoutes, {
    metadata: { name: 'web', namespace: 'shop', generation: 3 },
  });
  const message = (): string => {
    const parents = api.peek<RouteObject>(httpRoutes, 'web', 'shop')?.status?.parents ?? [];
    return parents[0]?.conditions?.find(({ type }) => type === inForceCondition)?.message ?? '';
  };
  return { api, clock, count, leadership, message, observe, verdicts };
}

const write = 'patch httproutes shop/web';

test('a route that has arrived everywhere is told at once', async (t) => {
  const { api, count, message, observe, verdicts } = setUp(t);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(2, 2);
  await observe();
  assert.deepEqual(api.writes, [write]);
  assert.equal(message(), 'In force on 2 of 2 proxies.');
  await observe();
  assert.deepEqual(api.writes, [write], 'nothing changed, nothing written');
});

test('a route on its way is given a moment: one write says the whole truth', async (t) => {
  const { api, clock, count, message, observe, verdicts } = setUp(t);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(2, 0);
  await observe();
  clock.advance(200);
  await settle();
  assert.deepEqual(api.writes, []);
  await count(2, 2);
  assert.deepEqual(api.writes, [write]);
  assert.equal(message(), 'In force on 2 of 2 proxies.');
});

test('a route that takes longer is told as pending', async (t) => {
  const { api, clock, count, message, observe, verdicts } = setUp(t);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(2, 1);
  await observe();
  clock.advance(250);
  await settle();
  assert.deepEqual(api.writes, [write]);
  assert.equal(message(), 'In force on 1 of 2 proxies.');
});

test('a change of substance is written once a second at most, counts alone every five', async (t) => {
  const { api, clock, count, message, observe, verdicts } = setUp(t);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(2, 2);
  await observe();
  await observe();
  await count(3, 3);
  clock.advance(4_999);
  await settle();
  assert.equal(api.writes.length, 1);
  clock.advance(1);
  await settle();
  assert.equal(api.writes.length, 2);
  assert.equal(message(), 'In force on 3 of 3 proxies.');
  await observe();
  verdicts.set('HTTPRoute/shop/web|0', { ...verdict, generation: 4 });
  await settle();
  assert.equal(api.writes.length, 2);
  clock.advance(1_000);
  await settle();
  assert.equal(api.writes.length, 3);
});

test('a clock that is set back keeps no status waiting', async (t) => {
  const { api, clock, count, message, observe, verdicts } = setUp(t);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(2, 2);
  await observe();
  await observe();
  clock.jump(-7_200_000);
  await count(3, 3);
  clock.advance(5_000);
  await settle();
  assert.equal(api.writes.length, 2);
  assert.equal(message(), 'In force on 3 of 3 proxies.');
});

test('the entries of a route that no longer has a Service as parent are removed', async (t) => {
  const { api, clock, count, observe, verdicts } = setUp(t);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(1, 1);
  await observe();
  verdicts.delete('HTTPRoute/shop/web|0');
  await observe();
  clock.advance(1_000);
  await settle();
  assert.deepEqual(api.peek<RouteObject>(httpRoutes, 'web', 'shop')?.status?.parents, []);
});

test('a conflict is tried again with what the watch tells', async (t) => {
  const { api, clock, count, message, observe, verdicts } = setUp(t);
  api.failNext('patch', kubeError(409, 'Conflict'));
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(1, 1);
  await observe();
  clock.advance(50);
  await settle();
  assert.deepEqual(api.writes, [write, write]);
  assert.equal(message(), 'In force on 1 of 1 proxy.');
});

test('a rejection is written at once', async (t) => {
  const { api, count, message, observe, verdicts } = setUp(t);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(3, 0, 'bad regex');
  await observe();
  assert.deepEqual(api.writes, [write]);
  assert.match(message(), /bad regex/);
});

test('only the leader writes, and a new leader writes what is missing', async (t) => {
  const { api, count, leadership, observe, verdicts } = setUp(t, false);
  verdicts.set('HTTPRoute/shop/web|0', verdict);
  await count(1, 1);
  await observe();
  assert.deepEqual(api.writes, []);
  leadership.set(true);
  await settle();
  assert.deepEqual(api.writes, [write]);
});
