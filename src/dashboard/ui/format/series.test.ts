import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficCounts, TrafficRow } from '../../../telemetry/model.ts';
import { linePath, timeLine } from './series.ts';

function row(atMs: number, requests: number, failures: number, p99?: number): TrafficRow {
  // The time line reads nothing else of the counts.
  const counts = { failures } as TrafficCounts;
  return {
    group: {},
    atMs,
    counts,
    requests,
    requestsPerSecond: requests / 10,
    bytesPerSecond: 0,
    connectionsPerSecond: 0,
    ...(p99 === undefined ? {} : { latency: { p50: 1, p90: 1, p95: 1, p99 } }),
  };
}

test('groups of one step are added up, and a step without rows is zero', () => {
  const points = timeLine([row(0, 10, 1, 5), row(0, 20, 0, 9), row(20_000, 5, 5)], 0, 30_000, 10_000);
  assert.deepEqual(points, [
    { atMs: 0, requestsPerSecond: 3, failuresPerSecond: 0.1, p99Ms: 9 },
    { atMs: 10_000, requestsPerSecond: 0, failuresPerSecond: 0 },
    { atMs: 20_000, requestsPerSecond: 0.5, failuresPerSecond: 0.5 },
  ]);
});

test('rows outside of the window are not counted', () => {
  assert.deepEqual(timeLine([row(90_000, 1, 0)], 0, 10_000, 10_000), [
    { atMs: 0, requestsPerSecond: 0, failuresPerSecond: 0 },
  ]);
});

test('a line is broken where nothing is known', () => {
  assert.equal(linePath([0, 2, undefined, 1], 30, 10), 'M0.0 10.0L10.0 0.0M30.0 5.0');
});

test('a line of zeros lies at the bottom', () => {
  assert.equal(linePath([0, 0], 10, 10), 'M0.0 10.0L10.0 10.0');
});
