/** What an edit costs, counted in computations: the same among 50 listeners as among 500. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import { service } from '../testing-objects.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';
import { gateway, gatewayClass, routeOf } from './testing.ts';

const listeners = 50;

async function setUp() {
  const graph = new Graph({ onError: (error) => assert.ifError(error) });
  const world = createTestMesh(graph);
  const hostnames = Array.from({ length: listeners }, (_, i) => ({ hostname: `h${i}.example.com` }));
  await world.apply(
    gatewayClass,
    service('infra/web', '10.96.0.1'),
    service('infra/other', '10.96.0.2'),
    gateway('infra/gw', hostnames),
    ...Array.from({ length: 2 * listeners }, (_, i) => routeAt(i, 'web')),
  );
  return { graph, world };
}

function routeAt(i: number, backend: string) {
  return routeOf('HTTPRoute', `infra/r${i}`, {
    parents: [{ name: 'gw', sectionName: `l${i % listeners}` }],
    rules: [{ backendRefs: [{ name: backend, port: 80 }] }],
  });
}

/** How often functions of collections of routes ran meanwhile; those that did not are left out. */
async function computations(
  { graph, world }: { readonly graph: Graph; readonly world: TestMesh },
  edit: (world: TestMesh) => Promise<void>,
): Promise<Readonly<Record<string, number>>> {
  const counts = () =>
    new Map(graph.stats().collections.map(({ name, recomputations }) => [name, recomputations]));
  const before = counts();
  await edit(world);
  const ran = [...counts()].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  const about = /^(read\/|route|listener|gatewayRules$|meshRules$)/;
  return Object.fromEntries(ran.filter(([name, count]) => count > 0 && about.test(name)));
}

test('an edit of one route computes that route and one listener', async () => {
  const all = await setUp();
  const ran = await computations(all, (world) => world.apply(routeAt(7, 'other')));
  assert.deepEqual(ran, {
    'read/HTTPRoute': 1,
    routeAttachments: 1,
    gatewayRules: 1,
    routeVerdicts: 1,
    listenerHosts: 1,
  });
});

test('a Service that comes and goes computes the rules of the routes that refer to it', async () => {
  const all = await setUp();
  await all.world.apply(routeAt(7, 'late'));
  const ran = await computations(all, (world) => world.apply(service('infra/late', '10.96.0.9')));
  assert.deepEqual(ran, { gatewayRules: 1, routeVerdicts: 1, listenerHosts: 1 });
});

test('an edit that says nothing new computes nothing behind the route itself', async () => {
  const all = await setUp();
  const route = routeAt(7, 'web');
  const again = { ...route, metadata: { ...route.metadata, labels: { edited: 'yes' } } };
  assert.deepEqual(await computations(all, (world) => world.apply(again)), {});
});
