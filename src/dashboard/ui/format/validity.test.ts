import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageOf } from './validity.ts';

const day = { notBeforeMs: 0, notAfterMs: 100 };

test('a certificate is fresh, then late, then expired', () => {
  assert.deepEqual(ageOf(day, 40), { used: 0.4, leftMs: 60, state: 'fresh' });
  assert.deepEqual(ageOf(day, 90), { used: 0.9, leftMs: 10, state: 'late' });
  assert.deepEqual(ageOf(day, 150), { used: 1, leftMs: -50, state: 'expired' });
});

test('one that is not valid yet is told as such: a clock is wrong', () => {
  assert.equal(ageOf({ notBeforeMs: 50, notAfterMs: 100 }, 10)?.state, 'future');
});

test('what is not known has no age', () => {
  assert.equal(ageOf({}, 10), undefined);
});
