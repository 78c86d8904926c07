import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interner } from './intern.ts';

// Whether two equal strings are one cannot be seen from JavaScript; what the pool holds can.
test('values keep their content', () => {
  const interner = new Interner();
  const value = { a: 'x', list: ['x', { b: 'y', n: 1, none: null, on: true }], long: 'z'.repeat(1000) };
  const copy = structuredClone(value);
  assert.deepEqual(interner.value(value), copy);
  assert.equal(interner.value('text'), 'text');
  assert.equal(interner.value(5), 5);
  assert.equal(interner.value(undefined), undefined);
});

test('frozen parts are left alone', () => {
  const interner = new Interner();
  const value = { inner: Object.freeze({ a: 'x' }), b: 'y' };
  assert.deepEqual(interner.value(value), { inner: { a: 'x' }, b: 'y' });
});

test('the pool forgets what is no longer seen and keeps what is', () => {
  const interner = new Interner(10);
  for (let index = 0; index < 1000; index++) {
    interner.string('everywhere');
    interner.string(`only here ${index}`);
  }
  assert.ok(interner.size <= 20);
  assert.ok(interner.knows('everywhere'));
  assert.ok(!interner.knows('only here 5'));
});

test('long strings are not pooled', () => {
  const interner = new Interner();
  interner.string('x'.repeat(257));
  assert.equal(interner.size, 0);
});
