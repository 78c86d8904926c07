import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile } from './statistics.ts';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test('a quantile is the value that this share of all do not exceed, whatever their order', () => {
  assert.equal(quantile(hundred, 0.5), 50);
  assert.equal(quantile(hundred, 0.99), 99);
  assert.equal(quantile(hundred, 0), 1);
  assert.equal(quantile(hundred, 1), 100);
});

test('few values: the worst of them is the 99th percentile', () => {
  assert.equal(quantile([3, 1, 2], 0.99), 3);
  assert.equal(quantile([3, 1, 2], 0.5), 2);
});

test('the values are left in their order', () => {
  const values = [2, 1];
  quantile(values, 0.5);
  assert.deepEqual(values, [2, 1]);
});

test('of nothing there is no quantile', () => {
  assert.ok(Number.isNaN(quantile([], 0.5)));
});
