import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatMillis,
  formatRate,
  formatShare,
  formatSpan,
  plural,
  unknown,
} from './numbers.ts';

test('what is not known is a dash, not a zero', () => {
  for (const format of [formatRate, formatShare, formatMillis, formatBytes]) {
    assert.equal(format(undefined), unknown);
    assert.equal(format(Number.NaN), unknown);
  }
});

test('rates keep the digits that count', () => {
  const cases = [
    [0, '0'],
    [0.004, '< 0.01'],
    [0.25, '0.25'],
    [3.14, '3.14'],
    [39.26, '39.3'],
    [420.4, '420'],
    [12_345, '12.3 k'],
    [2_500_000, '2.50 M'],
  ] as const;
  for (const [rate, text] of cases) assert.equal(formatRate(rate), text);
});

test('success is 100 % only without any failure', () => {
  assert.equal(formatShare(1), '100 %');
  assert.equal(formatShare(0.999_999), '99.99 %');
  assert.equal(formatShare(0.9876), '98.8 %');
  assert.equal(formatShare(0.0001), '< 0.1 %');
  assert.equal(formatShare(0), '0 %');
});

test('times and sizes change their unit where people do', () => {
  assert.equal(formatMillis(0.52), '0.5 ms');
  assert.equal(formatMillis(840), '840 ms');
  assert.equal(formatMillis(1234), '1.23 s');
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(1_500_000), '1.50 MB');
});

test('a span shows its two largest units', () => {
  assert.equal(formatSpan(0), '0 s');
  assert.equal(formatSpan(-5), '0 s');
  assert.equal(formatSpan(61_000), '1 min 1 s');
  assert.equal(formatSpan(3_600_000), '1 h');
  assert.equal(formatSpan(86_400_000 * 3 + 3_600_000 * 4 + 1), '3 d 4 h');
});

test('one is not many', () => {
  assert.equal(plural(1, 'proxy', 'proxies'), '1 proxy');
  assert.equal(plural(1200, 'proxy', 'proxies'), '1,200 proxies');
});
