import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMeasured, measuredLines } from './probe.ts';

test('measured times are told by their quantiles', () => {
  const timesMs = Array.from({ length: 100 }, (_, index) => index + 1);
  const text = describeMeasured({ path: 'mesh', timesMs, startedAt: [], missed: 0 });
  assert.equal(text, 'mesh: 100 changes, p50 50 ms, p99 99 ms');
});

test('changes that never showed are told', () => {
  const text = describeMeasured({ path: 'gateway', timesMs: [20], startedAt: [], missed: 2 });
  assert.match(text, /2 not within 10 s/);
  assert.match(
    describeMeasured({ path: 'gateway', timesMs: [], startedAt: [], missed: 3 }),
    /no change came into force/,
  );
});

test('what was not measured says why', () => {
  const text = describeMeasured({
    path: 'gateway',
    timesMs: [],
    startedAt: [],
    missed: 0,
    obstacle: 'no address',
  });
  assert.equal(text, 'gateway: not measured: no address');
});

test('each change is listed with its time', () => {
  const startedAt = ['2026-01-01T00:00:00.000Z'];
  const lines = measuredLines({ path: 'mesh', timesMs: [12.4], startedAt, missed: 0 });
  assert.deepEqual(lines, ['2026-01-01T00:00:00.000Z mesh 12 ms']);
});
