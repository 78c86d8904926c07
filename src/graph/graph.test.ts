import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, recording, strict } from './testing.ts';
import type { Collection } from './types.ts';

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
