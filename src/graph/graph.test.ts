import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { type ErrorPlace, Graph } from './graph.ts';
import type { Collection } from './types.ts';

function strict(): Graph {
  return new Graph({ onError: (error) => assert.ifError(error) });
}

function recording(): { graph: Graph; errors: string[] } {
  const errors: string[] = [];
  const onError = (error: Error, { collection, key }: ErrorPlace): void => {
    errors.push(`${collection}${key === undefined ? '' : ` ${key}`}: ${error.message}`);
  };
  return { graph: new Graph({ onError }), errors };
}

const entriesOf = <V>(collection: Collection<V>): Record<string, V> =>
  Object.fromEntries(collection.entries());

test('writes are seen after the next turn of the event loop, and not before', async () => {
  const graph = strict();
  const source = graph.source<number>('source');
  source.set('a', 1);
  assert.equal(source.get('a'), undefined);
  assert.equal(source.has('a'), false);
  await setImmediate();
  assert.equal(source.get('a'), 1);
});

test('all writes of one turn make one flush', async () => {
  const graph = strict();
  const source = graph.source<number>('source');
  const flushes: string[][] = [];
  source.subscribe((changes) => flushes.push(changes.map(({ key }) => key)));
  for (const key of ['c', 'a', 'b']) source.set(key, 1);
  await Promise.resolve();
  source.set('d', 1);
  await graph.settled();
  assert.deepEqual(flushes, [['a', 'b', 'c', 'd']]);
  assert.equal(graph.stats().flushes, 1);
});

test('writes that cancel one another out cause nothing', async () => {
  const graph = strict();
  const source = graph.source<{ n: number }>('source');
  source.set('a', { n: 1 });
  await graph.settled();
  const changes: unknown[] = [];
  source.subscribe((each) => changes.push(each));
  source.set('a', { n: 2 });
  source.set('a', { n: 1 });
  source.set('b', { n: 1 });
  source.delete('b');
  source.delete('never there');
  await graph.settled();
  assert.deepEqual(changes, []);
});

test('replace removes what is not in it, and what is equal causes nothing', async () => {
  const graph = strict();
  const source = graph.source<{ n: number }>('source');
  source.set('kept', { n: 1 });
  source.set('changed', { n: 1 });
  source.set('gone', { n: 1 });
  await graph.settled();
  const seen: unknown[] = [];
  source.subscribe((changes) => seen.push(...changes));
  source.set('written before', { n: 9 });
  source.replace([
    ['kept', { n: 1 }],
    ['changed', { n: 2 }],
    ['new', { n: 3 }],
  ]);
  await graph.settled();
  assert.deepEqual(seen, [
    { key: 'changed', before: { n: 1 }, after: { n: 2 } },
    { key: 'gone', before: { n: 1 }, after: undefined },
    { key: 'new', before: undefined, after: { n: 3 } },
  ]);
});

test('a change of an unread field stops at the first value that comes out equal', async () => {
  const graph = strict();
  const source = graph.source<{ name: string; noise: number }>('source');
  const names = graph.derive('names', source, (_, { name }) => ({ name }));
  let runs = 0;
  graph.derive('lengths', names, (_, { name }) => {
    runs++;
    return name.length;
  });
  source.set('a', { name: 'x', noise: 1 });
  await graph.settled();
  source.set('a', { name: 'x', noise: 2 });
  await graph.settled();
  assert.equal(runs, 1);
});

test('a derivation may bring its own equality', async () => {
  const graph = strict();
  const source = graph.source<{ version: string; body: number }>('source');
  const derived = graph.derive('derived', source, (_, value) => value, {
    equal: (a, b) => a.version === b.version,
  });
  source.set('a', { version: '1', body: 1 });
  await graph.settled();
  source.set('a', { version: '1', body: 2 });
  await graph.settled();
  assert.equal(derived.get('a')?.body, 1);
});

test('a derived value follows what it reads, also what appears later, and forgets what it no longer reads', async () => {
  const graph = strict();
  const pointers = graph.source<string>('pointers');
  const targets = graph.source<number>('targets');
  let runs = 0;
  const resolved = graph.derive('resolved', pointers, (_, target, read) => {
    runs++;
    return read(targets, target);
  });
  pointers.set('p', 'x');
  await graph.settled();
  assert.equal(resolved.has('p'), false);
  targets.set('x', 1);
  await graph.settled();
  assert.equal(resolved.get('p'), 1);
  pointers.set('p', 'y');
  await graph.settled();
  const before = runs;
  targets.set('x', 2);
  await graph.settled();
  assert.equal(runs, before);
  targets.set('y', 3);
  await graph.settled();
  assert.equal(resolved.get('p'), 3);
});

test('a diamond computes its tip once, from both sides of the same state', async () => {
  const graph = strict();
  const source = graph.source<number>('source');
  const left = graph.derive('left', source, (_, n) => n + 1);
  const right = graph.derive('right', source, (_, n) => n * 2);
  const seen: string[] = [];
  graph.derive('tip', left, (key, n, read) => {
    seen.push(`${n} ${read(right, key)}`);
    return n;
  });
  source.set('a', 1);
  await graph.settled();
  source.set('a', 5);
  await graph.settled();
  assert.deepEqual(seen, ['2 2', '6 10']);
});

test('an error keeps the last good value, is told once, and goes when the input is mended or deleted', async () => {
  const { graph, errors } = recording();
  const source = graph.source<number>('source');
  const roots = graph.derive('roots', source, (_, n) => {
    if (n < 0) throw new Error(`no root of ${n}`);
    return Math.sqrt(n);
  });
  source.set('a', 4);
  source.set('b', 9);
  await graph.settled();
  source.set('a', -1);
  source.set('b', 16);
  await graph.settled();
  assert.equal(roots.get('a'), 2);
  assert.equal(roots.get('b'), 4);
  assert.equal(roots.errorOf('a')?.message, 'no root of -1');
  assert.equal(graph.explain(roots, 'a').error, 'no root of -1');
  assert.equal(graph.stats().collections.find(({ name }) => name === 'roots')?.errors, 1);
  source.set('a', 25);
  await graph.settled();
  assert.equal(roots.get('a'), 5);
  assert.equal(roots.errorOf('a'), undefined);
  source.set('a', -2);
  await graph.settled();
  source.delete('a');
  await graph.settled();
  assert.equal(roots.has('a'), false);
  assert.equal(roots.errorOf('a'), undefined);
  assert.deepEqual(errors, ['roots a: no root of -1', 'roots a: no root of -2']);
});

test('an error is mended by what was read before it was thrown', async () => {
  const { graph } = recording();
  const source = graph.source<number>('source');
  const limits = graph.source<number>('limits');
  const checked = graph.derive('checked', source, (_, n, read) => {
    if (n > (read(limits, 'max') ?? 0)) throw new Error('too much');
    return n;
  });
  source.set('a', 5);
  await graph.settled();
  assert.equal(checked.has('a'), false);
  limits.set('max', 10);
  await graph.settled();
  assert.equal(checked.get('a'), 5);
});

test('what is thrown and is no Error becomes one', async () => {
  const { graph, errors } = recording();
  const source = graph.source<number>('source');
  graph.derive('derived', source, () => {
    throw 'plain text';
  });
  source.set('a', 1);
  await graph.settled();
  assert.deepEqual(errors, ['derived a: plain text']);
});

test('a collection created later, or the own one, cannot be read', async () => {
  const { graph, errors } = recording();
  const source = graph.source<number>('source');
  const early: Collection<unknown> = graph.derive('early', source, (key, _, read) => read(late, key));
  const late = graph.derive('late', source, (_, n) => n);
  const self: Collection<unknown> = graph.derive('self', source, (key, _, read) => read(self, key));
  source.set('a', 1);
  await graph.settled();
  assert.equal(early.has('a'), false);
  assert.deepEqual(errors, [
    'early a: early reads late, which was not created before it',
    'self a: self reads self, which was not created before it',
  ]);
});

test('collections of two graphs do not mix', async () => {
  const { graph, errors } = recording();
  const other = strict().source<number>('other');
  const source = graph.source<number>('source');
  graph.derive('derived', source, (key, _, read) => read(other, key));
  source.set('a', 1);
  await graph.settled();
  assert.deepEqual(errors, ['derived a: derived reads a collection of another graph']);
  assert.throws(() => graph.derive('more', other, () => 1), /other is a collection of another graph/);
  assert.throws(() => graph.explain(other, 'a'), /other is a collection of another graph/);
});

test('a computation that goes around read is refused', async () => {
  const { graph, errors } = recording();
  const source = graph.source<number>('source');
  const other = graph.source<number>('other');
  graph.derive('gets', source, (key) => other.get(key));
  graph.derive('sets', source, (key) => other.set(key, 1));
  graph.derive('creates', source, () => graph.source('inner').size);
  let leaked: (() => unknown) | undefined;
  graph.derive('leaks', source, (key, _, read) => {
    leaked = () => read(other, key);
    return 1;
  });
  source.set('a', 1);
  await graph.settled();
  assert.deepEqual(errors, [
    'gets a: gets calls get of other while it computes; it may only use read',
    'sets a: sets calls set of other while it computes; it may only use read',
    'creates a: creates calls create of inner while it computes; it may only use read',
  ]);
  assert.throws(() => leaked?.(), /read was called outside of the computation/);
});

test('two collections cannot have one name', () => {
  const graph = strict();
  graph.source('same');
  assert.throws(() => graph.source('same'), /two collections are named same/);
});

test('a derivation created late starts with what is there', async () => {
  const graph = strict();
  const source = graph.source<number>('source');
  source.set('a', 1);
  await graph.settled();
  const late = graph.derive('late', source, (_, n) => n + 1);
  await graph.settled();
  assert.deepEqual(entriesOf(late), { a: 2 });
});

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

test('explain walks to the sources, and says of an absent value what it waits for', async () => {
  const graph = strict();
  const pointers = graph.source<string>('pointers');
  const targets = graph.source<number>('targets');
  const resolved = graph.derive('resolved', pointers, (_, target, read) => read(targets, target));
  pointers.set('p', 'x');
  await graph.settled();
  assert.deepEqual(graph.explain(resolved, 'p'), {
    collection: 'resolved',
    key: 'p',
    present: false,
    from: [
      { collection: 'pointers', key: 'p', present: true, from: [] },
      { collection: 'targets', key: 'x', present: false, from: [] },
    ],
  });
  assert.deepEqual(graph.causes(resolved, 'p'), [{ collection: 'pointers', key: 'p' }]);
});

test('collections are found by name', () => {
  const graph = strict();
  const source = graph.source('source');
  assert.equal(graph.collection('source'), source);
  assert.equal(graph.collection('nothing'), undefined);
});

test('a subscriber that throws is reported and stops nobody', async () => {
  const { graph, errors } = recording();
  const source = graph.source<number>('source');
  const derived = graph.derive('derived', source, (_, n) => n);
  const called: string[] = [];
  source.subscribe(() => {
    throw new Error('first');
  });
  source.subscribe(() => called.push('second'));
  derived.subscribe(() => called.push('third'));
  source.set('a', 1);
  await graph.settled();
  assert.deepEqual(called, ['second', 'third']);
  assert.deepEqual(errors, ['source: first']);
});

test('a subscriber that has left is not called, even by the flush under way', async () => {
  const graph = strict();
  const source = graph.source<number>('source');
  const called: string[] = [];
  source.subscribe(() => leave());
  const leave = source.subscribe(() => called.push('left'));
  source.set('a', 1);
  await graph.settled();
  assert.deepEqual(called, []);
});

test('what a subscriber writes belongs to the next flush, and settled waits for what was written before it', async () => {
  const graph = strict();
  const source = graph.source<number>('source');
  const echo = graph.source<number>('echo');
  source.subscribe(([change]) => echo.set('a', change?.after ?? 0));
  source.set('a', 1);
  await graph.settled();
  assert.equal(echo.get('a'), undefined);
  await graph.settled();
  assert.equal(echo.get('a'), 1);
  await graph.settled();
  assert.equal(graph.stats().flushes, 2);
});

test('a long flush gives way to the event loop, and nobody sees its results before it is whole', async () => {
  let nowMs = 0;
  const graph = new Graph({ onError: (error) => assert.ifError(error), sliceMs: 10, now: () => nowMs });
  const source = graph.source<number>('source');
  const derived = graph.derive('derived', source, (_, n) => {
    nowMs += 1;
    return n;
  });
  let notified = 0;
  derived.subscribe((changes) => {
    notified += changes.length;
  });
  for (let i = 0; i < 95; i++) source.set(`k${i}`, i);
  let done = false;
  const settled = graph.settled().then(() => {
    done = true;
  });
  let turns = 0;
  for (;;) {
    await setImmediate();
    if (done) break;
    turns++;
    assert.equal(source.size, 0);
    assert.equal(derived.size, 0);
    assert.deepEqual([...derived.keys()], []);
    assert.equal(notified, 0);
    // Written meanwhile: for the next flush.
    source.set('k0', -turns);
  }
  await settled;
  assert.ok(turns >= 7, `${turns} turns`);
  assert.equal(derived.size, 95);
  assert.equal(derived.get('k0'), 0);
  assert.equal(notified, 95);
  await graph.settled();
  assert.ok((derived.get('k0') ?? 0) < 0);
});

test('statistics count keys, runs and flushes', async () => {
  let nowMs = 0;
  const graph = new Graph({ onError: (error) => assert.ifError(error), now: () => nowMs });
  const source = graph.source<number>('source');
  graph.derive('derived', source, (_, n) => {
    nowMs += 3;
    return n;
  });
  source.set('a', 1);
  source.set('b', 1);
  await graph.settled();
  source.set('a', 2);
  await graph.settled();
  assert.deepEqual(graph.stats(), {
    collections: [
      { name: 'source', keys: 2, errors: 0, recomputations: 0 },
      { name: 'derived', keys: 2, errors: 0, recomputations: 3 },
    ],
    flushes: 2,
    busyMs: 9,
    lastFlushMs: 3,
    longestFlushMs: 6,
  });
});
