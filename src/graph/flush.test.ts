import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Graph } from './graph.ts';
import { recording, strict } from './testing.ts';

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

test('all subscribers are told before anything else runs, however long it takes', async () => {
  let nowMs = 0;
  const graph = new Graph({ onError: (error) => assert.ifError(error), sliceMs: 10, now: () => nowMs });
  const [one, two] = [graph.source<number>('one'), graph.source<number>('two')];
  const seen: string[] = [];
  one.subscribe(() => {
    nowMs += 100;
    queueMicrotask(() => seen.push('what follows'));
    seen.push('one');
  });
  two.subscribe(() => seen.push('two'));
  one.set('a', 1);
  two.set('a', 1);
  await graph.settled();
  assert.deepEqual(seen, ['one', 'two', 'what follows']);
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
