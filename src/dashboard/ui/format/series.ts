/** Time lines: rows of an answer with `step`, as one value per step, and as the path of a line. */

import type { TrafficRow } from '../../../telemetry/model.ts';

export interface TimePoint {
  readonly atMs: number;
  readonly requestsPerSecond: number;
  readonly failuresPerSecond: number;
  /** The slowest group's: percentiles cannot be added. */
  readonly p99Ms?: number;
}

/** Groups of the same step are added up; steps without a row had no traffic. */
export function timeLine(
  rows: readonly TrafficRow[],
  fromMs: number,
  toMs: number,
  stepMs: number,
): readonly TimePoint[] {
  const count = Math.max(0, Math.ceil((toMs - fromMs) / stepMs));
  const points = Array.from({ length: count }, () => ({
    requests: 0,
    failures: 0,
    p99: undefined as number | undefined,
  }));
  for (const row of rows) {
    const point = points[Math.floor(((row.atMs ?? Number.NaN) - fromMs) / stepMs)];
    if (point === undefined) continue;
    point.requests += row.requests;
    point.failures += row.counts.failures;
    if (row.latency !== undefined) point.p99 = Math.max(point.p99 ?? 0, row.latency.p99);
  }
  return points.map(({ requests, failures, p99 }, index) => ({
    atMs: fromMs + index * stepMs,
    requestsPerSecond: requests / (stepMs / 1000),
    failuresPerSecond: failures / (stepMs / 1000),
    ...(p99 === undefined ? {} : { p99Ms: p99 }),
  }));
}

/** The `d` of an SVG path; where a value is missing the line is broken. Zero is always part of the scale. */
export function linePath(values: readonly (number | undefined)[], width: number, height: number): string {
  const top = Math.max(...values.map((value) => value ?? 0), 1e-9);
  const step = values.length < 2 ? 0 : width / (values.length - 1);
  let isOpen = false;
  let path = '';
  for (const [index, value] of values.entries()) {
    if (value === undefined) {
      isOpen = false;
      continue;
    }
    const y = height - (value / top) * height;
    path += `${isOpen ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    isOpen = true;
  }
  return path;
}
