import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryPolicy } from './retries.ts';
import { testRule } from './testing.ts';

/** Seconds of the first and of the longest pause. */
const pauses = (backoffMs: number) => {
  const policy = retryPolicy(testRule({ retry: { attempts: 1, codes: [], backoffMs } }));
  const { baseInterval, maxInterval } = policy?.retryBackOff ?? {};
  return [baseInterval?.seconds, maxInterval?.seconds];
};

test('pauses grow to ten times the first', () => {
  assert.deepEqual(pauses(5_000), [5n, 50n]);
});

test('pauses do not grow beyond a day, nor beyond what Envoy can count', () => {
  assert.deepEqual(pauses(36_000_000), [36_000n, 86_400n]);
  const longest = 4 * 99_999 * 3_600;
  assert.deepEqual(pauses(longest * 1_000), [BigInt(longest), BigInt(longest)]);
});
