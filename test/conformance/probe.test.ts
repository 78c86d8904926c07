import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, describeMeasured, measuredLines } from './probe.ts';

const startedAt = '2026-01-01T00:00:00.000Z';

test('measured times are told by their quantiles, with those of the writes', () => {
  const changes = Array.from(
    { length: 100 },
    (_, index): Change => ({ startedAt, writtenMs: (index + 1) / 10, effectMs: index + 1 }),
  );
  assert.equal(
    describeMeasured({ path: 'mesh', changes, missed: 0 }),
    'mesh: 100 changes, p50 50 ms, p99 99 ms (writing them: p50 5 ms, p99 10 ms)',
  );
});

test('changes that never showed are told', () => {
  const changes = [{ startedAt, writtenMs: 5, effectMs: 20 }];
  assert.match(describeMeasured({ path: 'gateway', changes, missed: 2 }), /2 not within 10 s/);
  const none = describeMeasured({ path: 'gateway', changes: [], missed: 3 });
  assert.match(none, /no change came into force/);
});

test('what was not measured says why', () => {
  const text = describeMeasured({ path: 'gateway', changes: [], missed: 0, obstacle: 'no address' });
  assert.equal(text, 'gateway: not measured: no address');
});

test('each change is listed with its time', () => {
  const changes = [{ startedAt, writtenMs: 3.6, effectMs: 12.4 }];
  const lines = measuredLines({ path: 'mesh', changes, missed: 0 });
  assert.deepEqual(lines, ['2026-01-01T00:00:00.000Z mesh 12 ms, written after 4 ms']);
});
