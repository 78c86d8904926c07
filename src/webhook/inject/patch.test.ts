import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsonPatch from 'fast-json-patch';
import { covers, diff, equal, type Operation, pointerKeys } from './patch.ts';

function applied(before: unknown, operations: readonly Operation[]): unknown {
  return jsonPatch.applyPatch(structuredClone(before), structuredClone(operations) as never, true)
    .newDocument;
}

test('Nothing changed is no operation, also when equal parts are not the same object', () => {
  const pod = { a: [{ name: 'x', env: [1, { b: 2 }] }], c: null };
  assert.deepEqual(diff(pod, pod), []);
  assert.deepEqual(diff(pod, structuredClone(pod)), []);
});

test('Only what changed is touched, and keys are escaped as RFC 6901 says', () => {
  const before = { metadata: { annotations: { 'a/b~c': '1', keep: 'x' } }, spec: { old: 1, list: [1, 2] } };
  const after = {
    metadata: { annotations: { 'a/b~c': '2', keep: 'x' } },
    spec: { list: [1, 2, 3], fresh: true },
  };
  assert.deepEqual(diff(before, after), [
    { op: 'replace', path: '/metadata/annotations/a~1b~0c', value: '2' },
    { op: 'remove', path: '/spec/old' },
    { op: 'replace', path: '/spec/list', value: [1, 2, 3] },
    { op: 'add', path: '/spec/fresh', value: true },
  ]);
  assert.deepEqual(pointerKeys('/metadata/annotations/a~1b~0c'), ['metadata', 'annotations', 'a/b~c']);
});

test('Named things are inserted, moved and removed where they stand, the others stay untouched', () => {
  const before = { list: [{ name: 'gone' }, { name: 'theirs', image: 'a' }, { name: 'ours' }] };
  const after = { list: [{ name: 'fresh' }, { name: 'ours' }, { name: 'theirs', image: 'a' }] };
  const operations = diff(before, after);
  assert.deepEqual(operations, [
    { op: 'remove', path: '/list/0' },
    { op: 'add', path: '/list/0', value: { name: 'fresh' } },
    { op: 'move', from: '/list/2', path: '/list/1' },
  ]);
  assert.deepEqual(applied(before, operations), after);
});

test('A list in which a name appears twice is replaced as a whole', () => {
  const before = { list: [{ name: 'a' }, { name: 'a', b: 1 }] };
  assert.deepEqual(diff(before, { list: [{ name: 'a' }] }), [
    { op: 'replace', path: '/list', value: [{ name: 'a' }] },
  ]);
});

test('Applying the difference of any two documents to the first gives the second', () => {
  const random = generator(42);
  for (let round = 0; round < 3_000; round++) {
    const before = { root: someValue(random, 4) };
    const after = { root: random(3) === 0 ? someValue(random, 4) : mutated(before.root, random) };
    const operations = diff(before, after);
    assert.deepEqual(applied(before, operations), after, `round ${round}`);
    if (operations.length === 0) assert.deepEqual(before, after);
  }
});

test('Covering allows more, never less and nothing else', () => {
  assert.ok(covers({ a: 1, b: { c: [1, { d: 2, e: 3 }, 4] } }, { b: { c: [1, { d: 2 }] } }));
  assert.ok(!covers({ a: 1 }, { a: 1, b: 2 }));
  assert.ok(!covers({ a: [2, 1] }, { a: [1] }));
  assert.ok(!covers({ a: null }, { a: {} }));
  assert.ok(!covers([1], { 0: 1 }));
  assert.ok(equal({ a: 1, b: [2] }, { b: [2], a: 1 }));
  assert.ok(!equal({ a: 1 }, { a: 1, b: 1 }));
});

type Random = (below: number) => number;

/** A linear congruential generator: the same documents in every run. */
function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const keys = ['a', 'b', 'c/d', 'e~f', 'name'];

function someValue(random: Random, depth: number): unknown {
  const kind = random(depth === 0 ? 3 : 6);
  if (kind === 0) return random(4);
  if (kind === 1) return ['x', '', 'y~/z'][random(3)];
  if (kind === 2) return random(2) === 0 ? null : true;
  if (kind === 3) return Array.from({ length: random(4) }, () => someValue(random, depth - 1));
  if (kind === 4) return namedList(random, depth);
  return Object.fromEntries(
    keys.filter(() => random(2) === 0).map((key) => [key, someValue(random, depth - 1)]),
  );
}

function namedList(random: Random, depth: number): unknown[] {
  const names = ['p', 'q', 'r', 's', 't'].filter(() => random(2) === 0);
  for (let index = names.length - 1; index > 0; index--) {
    const other = random(index + 1);
    [names[index], names[other]] = [names[other] ?? '', names[index] ?? ''];
  }
  return names.map((name) => ({ name, value: someValue(random, depth - 1) }));
}

/** The same document with a few parts different, the rest shared with the original. */
function mutated(value: unknown, random: Random): unknown {
  if (random(8) === 0) return someValue(random, 2);
  if (Array.isArray(value)) {
    const items = value.map((item) => (random(3) === 0 ? mutated(item, random) : item));
    if (random(3) === 0) items.splice(random(items.length + 1), 0, { name: 'new' });
    if (random(3) === 0) items.reverse();
    return items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(() => random(6) !== 0);
  return Object.fromEntries(entries.map(([key, inner]) => [key, mutated(inner, random)]));
}
