import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, recording, strict } from './testing.ts';

test('of several inputs that give one output key the lowest has it, and the next takes over', async () => {
  const { graph, errors } = recording();
  const source = graph.source<readonly string[]>('source');
  const owners = graph.expand('owners', source, (key, outputs) =>
    outputs.map((output) => [output, key] as const),
  );
  const changes: unknown[] = [];
  owners.subscribe((each) => changes.push(...each));
  source.set('b', ['x', 'y']);
  source.set('c', ['x']);
  await graph.settled();
  source.set('a', ['x']);
  await graph.settled();
  assert.deepEqual(entriesOf(owners), { x: 'a', y: 'b' });
  assert.equal(owners.errorOf('a'), undefined);
  assert.equal(owners.errorOf('b')?.message, 'owners: x of b is already given by a');
  assert.equal(owners.errorOf('c')?.message, 'owners: x of c is already given by a');
  source.delete('a');
  await graph.settled();
  assert.deepEqual(entriesOf(owners), { x: 'b', y: 'b' });
  assert.equal(owners.errorOf('b'), undefined);
  source.delete('b');
  await graph.settled();
  assert.deepEqual(entriesOf(owners), { x: 'c' });
  source.delete('c');
  await graph.settled();
  assert.equal(owners.size, 0);
  assert.deepEqual(
    changes.map((change) => JSON.stringify(change)),
    [
      '{"key":"x","after":"b"}',
      '{"key":"y","after":"b"}',
      '{"key":"x","before":"b","after":"a"}',
      '{"key":"x","before":"a","after":"b"}',
      '{"key":"x","before":"b","after":"c"}',
      '{"key":"y","before":"b"}',
      '{"key":"x","before":"c"}',
    ],
  );
  assert.deepEqual(errors, []);
});

test('an output key that moves from one input to another with the same value does not change', async () => {
  const graph = strict();
  const source = graph.source<readonly string[]>('source');
  const flags = graph.expand('flags', source, (_, outputs) =>
    outputs.map((output) => [output, true] as const),
  );
  source.set('a', ['x']);
  await graph.settled();
  const changes: unknown[] = [];
  flags.subscribe((each) => changes.push(...each));
  source.delete('a');
  source.set('z', ['x']);
  await graph.settled();
  assert.deepEqual(changes, []);
  assert.deepEqual(graph.causes(flags, 'x'), [{ collection: 'source', key: 'z' }]);
});

test('one input that gives an output key twice has made a mistake', async () => {
  const { graph, errors } = recording();
  const source = graph.source<number>('source');
  graph.expand('twice', source, () => [
    ['x', 1],
    ['x', 2],
  ]);
  source.set('a', 1);
  await graph.settled();
  assert.deepEqual(errors, ['twice a: twice: a gives x twice']);
});

test('groups of an index are immutable, in ascending order, and absent when empty', async () => {
  const graph = strict();
  const source = graph.source<{ color: string }>('source');
  const byColor = graph.index('byColor', source, ({ color }) => [color, color]);
  source.set('c', { color: 'red' });
  source.set('a', { color: 'red' });
  source.set('b', { color: 'blue' });
  await graph.settled();
  const before = byColor.get('red');
  assert.deepEqual(
    before?.map(({ key }) => key),
    ['a', 'c'],
  );
  source.set('b', { color: 'red' });
  await graph.settled();
  assert.deepEqual(
    byColor.get('red')?.map(({ key }) => key),
    ['a', 'b', 'c'],
  );
  assert.deepEqual(
    before?.map(({ key }) => key),
    ['a', 'c'],
  );
  assert.equal(byColor.has('blue'), false);
  assert.deepEqual([...byColor.keys()], ['red']);
});

test('a change in one group leaves the readers of other groups alone', async () => {
  const graph = strict();
  const source = graph.source<{ group: string; n: number }>('source');
  const groups = graph.index('groups', source, ({ group }) => [group]);
  const sums = graph.derive('sums', groups, (_, entries) =>
    entries.reduce((sum, { value }) => sum + value.n, 0),
  );
  for (let i = 0; i < 100; i++) source.set(`k${i}`, { group: `g${i % 10}`, n: i });
  await graph.settled();
  const runs = (): number => graph.stats().collections.reduce((sum, each) => sum + each.recomputations, 0);
  const before = runs();
  source.set('k5', { group: 'g5', n: 1000 });
  await graph.settled();
  assert.equal(sums.get('g5'), 5 + 15 + 25 + 35 + 45 + 55 + 65 + 75 + 85 + 95 - 5 + 1000);
  assert.equal(runs() - before, 2);
});
