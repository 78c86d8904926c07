import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDurationMs } from './duration.ts';

test('durations of GEP-2257 are read', () => {
  const cases = {
    '0s': 0,
    '500ms': 500,
    '10s': 10_000,
    '1h30m': 5_400_000,
    '1m1s1ms': 61_001,
    '2h1m30s10ms': 7_290_010,
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(parseDurationMs(text), expected, text);
});

test('what GEP-2257 does not allow is no duration', () => {
  for (const text of ['', '0', '1', '1.5s', '-1s', '1d', '100000s', '1s ', '1h1m1s1ms1h', '1us']) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
});
