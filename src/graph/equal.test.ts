import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal } from './equal.ts';

const same: readonly (readonly [unknown, unknown])[] = [
  [1, 1],
  [Number.NaN, Number.NaN],
  [0, -0],
  [null, null],
  [undefined, undefined],
  ['a', 'a'],
  [[], []],
  [
    [1, [2, { a: 3 }]],
    [1, [2, { a: 3 }]],
  ],
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  [Buffer.from([1, 2]), new Uint8Array([1, 2])],
  [
    Object.assign(Object.create(null) as object, { a: 1 }),
    Object.assign(Object.create(null) as object, { a: 1 }),
  ],
];

const different: readonly (readonly [unknown, unknown])[] = [
  [1, 2],
  [1, '1'],
  [0, null],
  [null, undefined],
  [null, {}],
  [{}, []],
  [[], {}],
  [[1], [1, 2]],
  [[1, 2], [1]],
  [{ a: 1 }, { b: 1 }],
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  [new Uint8Array([1, 2]), [1, 2]],
  [[1, 2], new Uint8Array([1, 2])],
  [new Date(0), new Date(0)],
  [new Map(), new Map()],
  [{}, new Date(0)],
  [{ toString: 1 }, {}],
];

test('values of the same content are equal, either way round', () => {
  for (const [a, b] of same) {
    assert.ok(equal(a, b), `${JSON.stringify(a)} = ${JSON.stringify(b)}`);
    assert.ok(equal(b, a), `${JSON.stringify(b)} = ${JSON.stringify(a)}`);
  }
});

test('values of different content or class are not', () => {
  for (const [a, b] of different) {
    assert.ok(!equal(a, b), `${JSON.stringify(a)} is not ${JSON.stringify(b)}`);
    assert.ok(!equal(b, a), `${JSON.stringify(b)} is not ${JSON.stringify(a)}`);
  }
});
