import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeSpacing, placeNodes } from './layout.ts';
import type { Scene, SceneEdge, SceneNode } from './scene.ts';

function scene(
  groups: Readonly<Record<string, number>>,
  calls: readonly (readonly [string, string])[] = [],
): Scene {
  const nodes = Object.entries(groups).flatMap(([group, count]) =>
    Array.from(
      { length: count },
      (_, index): SceneNode => ({
        id: `${group}/${index}`,
        kind: 'workload',
        namespace: group,
        group,
        label: String(index),
        health: 'good',
        requestsPerSecond: index,
      }),
    ),
  );
  const edges = calls.map(
    ([source, target]) => ({ key: `${source} ${target}`, source, target }) as SceneEdge,
  );
  return { nodes, edges };
}

const large = scene(
  Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`ns-${index}`, 20])),
  Array.from(
    { length: 400 },
    (_, index) => [`ns-${index % 10}/${index % 20}`, `ns-${(index * 3) % 10}/${(index * 7) % 20}`] as const,
  ),
);

test('the same graph gets the same places, whoever looks', () => {
  assert.deepEqual([...placeNodes(large, new Map())], [...placeNodes(large, new Map())]);
});

test('no two of two hundred nodes lie on one another', () => {
  const places = [...placeNodes(large, new Map()).values()];
  let nearest = Infinity;
  for (const [index, a] of places.entries()) {
    for (const b of places.slice(index + 1)) nearest = Math.min(nearest, Math.hypot(a.x - b.x, a.y - b.y));
  }
  assert.ok(nearest > nodeSpacing * 0.4, `two nodes are ${nearest} apart`);
});

test('a namespace lies together: its nodes are nearer to its middle than to that of any other, but for a few at borders', () => {
  const places = placeNodes(large, new Map());
  const middles = new Map<string, { x: number; y: number }>();
  for (const { id, group } of large.nodes) {
    const place = places.get(id) as { x: number; y: number };
    const middle = middles.get(group) ?? { x: 0, y: 0 };
    middles.set(group, { x: middle.x + place.x / 20, y: middle.y + place.y / 20 });
  }
  const strays = large.nodes.filter(({ id, group }) => {
    const place = places.get(id) as { x: number; y: number };
    const nearest = [...middles].sort(
      ([, a], [, b]) => Math.hypot(a.x - place.x, a.y - place.y) - Math.hypot(b.x - place.x, b.y - place.y),
    )[0];
    return nearest?.[0] !== group;
  });
  assert.ok(strays.length <= 6, `${strays.length} of 200 lie nearer to another namespace`);
});

test('callers are placed to the left of what they call', () => {
  const chain = scene({ c: 1, b: 1, a: 1 }, [
    ['a/0', 'b/0'],
    ['b/0', 'c/0'],
  ]);
  const places = placeNodes(chain, new Map());
  const x = (id: string): number => places.get(id)?.x ?? Number.NaN;
  assert.ok(x('a/0') < x('b/0') && x('b/0') < x('c/0'));
});

test('what has a place keeps it when others come and go', () => {
  const before = placeNodes(scene({ shop: 5, bank: 3 }), new Map());
  const after = placeNodes(scene({ shop: 6, bank: 2, risk: 4 }), before);
  for (const id of ['shop/0', 'shop/4', 'bank/1']) assert.deepEqual(after.get(id), before.get(id));
  assert.equal(after.has('bank/2'), false);
  const added = after.get('shop/5') as { x: number; y: number };
  for (const [id, place] of before) {
    if (after.has(id)) assert.notDeepEqual(added, place);
  }
});

test('with every place known nothing is worked out again', () => {
  const known = new Map([['shop/0', { x: 1, y: 2 }]]);
  assert.deepEqual([...placeNodes(scene({ shop: 1 }), known)], [['shop/0', { x: 1, y: 2 }]]);
});
