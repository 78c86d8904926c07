import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuantity } from './quantity.ts';

test('Quantities are read with decimal, binary and exponent suffixes', () => {
  const cases: Record<string, number> = {
    '0': 0,
    '100m': 0.1,
    '1': 1,
    '1.5': 1.5,
    '.5': 0.5,
    '2.': 2,
    '64Mi': 64 * 2 ** 20,
    '1Gi': 2 ** 30,
    '1M': 1e6,
    '1k': 1e3,
    '1e3': 1000,
    '12E2': 1200,
    '1E': 1e18,
    '500u': 0.0005,
  };
  for (const [text, value] of Object.entries(cases)) assert.equal(parseQuantity(text), value, text);
});

test('What is no quantity is undefined', () => {
  for (const text of ['', 'm', '1 Gi', '1gi', '-1', '1GiB', '1e', '0x1', 'NaN', '1.2.3', 'Infinity', '1K']) {
    assert.equal(parseQuantity(text), undefined, text);
  }
});
