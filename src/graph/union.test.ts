import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, strict } from './testing.ts';
import type { Change } from './types.ts';

test('a union has the entries of all its parts and follows them', async () => {
  const graph = strict();
  const [a, b] = [graph.source<number>('a'), graph.source<number>('b')];
  const union = graph.union('union', [a, b]);
  a.set('x', 1);
  b.set('y', 2);
  await graph.settled();
  assert.deepEqual(entriesOf(union), { x: 1, y: 2 });
  b.delete('y');
  a.set('x', 3);
  await graph.settled();
  assert.deepEqual(entriesOf(union), { x: 3 });
});

test('of a key that two parts have, the first counts, and the second when the first lets go', async () => {
  const graph = strict();
  const [a, b] = [graph.source<number>('a'), graph.source<number>('b')];
  const union = graph.union('union', [a, b]);
  const seen: Change<number>[] = [];
  union.subscribe((changes) => seen.push(...changes));
  a.set('x', 1);
  b.set('x', 2);
  await graph.settled();
  b.set('x', 3);
  await graph.settled();
  assert.deepEqual(seen, [{ key: 'x', before: undefined, after: 1 }], 'what does not count is no news');
  a.delete('x');
  await graph.settled();
  assert.equal(union.get('x'), 3);
});

test('what was there before the union is in it, and what is derived from it follows', async () => {
  const graph = strict();
  const a = graph.source<number>('a');
  a.set('x', 1);
  await graph.settled();
  const union = graph.union('union', [a]);
  const doubled = graph.derive('doubled', union, (_, value) => value * 2);
  await graph.settled();
  assert.equal(doubled.get('x'), 2);
});

test('an entry of a union is explained by the part it comes from', async () => {
  const graph = strict();
  const [a, b] = [graph.source<number>('a'), graph.source<number>('b')];
  const union = graph.union('union', [a, b]);
  b.set('x', 1);
  await graph.settled();
  assert.deepEqual(graph.causes(union, 'x'), [{ collection: 'b', key: 'x' }]);
});
