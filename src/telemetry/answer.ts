/** What several replicas know, added up, and told for people: rates, success, percentiles. Pure. */

import { durationBoundsMs } from '../base/signals.ts';
import { addCounts, emptyColumns, toCounts } from './counts.ts';
import type {
  TrafficAnswer,
  TrafficCounts,
  TrafficDimension,
  TrafficPart,
  TrafficQuery,
  TrafficRow,
} from './model.ts';
import { inWords } from './query.ts';

interface Sum {
  readonly group: readonly string[];
  readonly atMs: number | undefined;
  readonly values: Float64Array;
}

/** Rows in order of time and group. The parts may be in any order; none of them is changed. */
export function mergeParts(query: TrafficQuery, parts: readonly TrafficPart[]): TrafficAnswer {
  const sums = new Map<string, Sum>();
  for (const { rows } of parts) {
    for (const { group, atMs, counts } of rows) {
      const key = [String(atMs ?? 0).padStart(15, '0'), ...group].join('\n');
      let sum = sums.get(key);
      if (sum === undefined) {
        sum = { group, atMs, values: emptyColumns() };
        sums.set(key, sum);
      }
      addCounts(sum.values, counts);
    }
  }
  const seconds = (query.stepMs ?? query.windowMs) / 1_000;
  const rows = [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { group, atMs, values }]) =>
      toRow(namesOf(query.groupBy, group), atMs, toCounts(values), seconds),
    );
  const toMs = Math.max(...parts.map((part) => part.toMs));
  const fromMs = toMs - query.windowMs;
  return { fromMs, toMs, gaps: gapsOf(parts, fromMs), rows };
}

function namesOf(groupBy: readonly TrafficDimension[], group: readonly string[]): TrafficRow['group'] {
  return Object.fromEntries(groupBy.map((dimension, index) => [dimension, group[index] ?? '']));
}

/** @param seconds that the counts are of */
export function toRow(
  group: TrafficRow['group'],
  atMs: number | undefined,
  counts: TrafficCounts,
  seconds: number,
): TrafficRow {
  const requests = counts.requests.reduce((sum, value) => sum + value, 0);
  const measured = counts.durations.some((value) => value > 0);
  return {
    group,
    ...(atMs === undefined ? {} : { atMs }),
    counts,
    requests,
    requestsPerSecond: requests / seconds,
    ...(requests === 0 ? {} : { successRate: Math.max(0, 1 - counts.failures / requests) }),
    ...(measured
      ? {
          latency: {
            p50: percentile(counts.durations, 0.5),
            p90: percentile(counts.durations, 0.9),
            p95: percentile(counts.durations, 0.95),
            p99: percentile(counts.durations, 0.99),
          },
        }
      : {}),
    bytesPerSecond: (counts.bytesSent + counts.bytesReceived) / seconds,
    connections: Math.max(0, counts.connectionsOpened - counts.connectionsClosed),
  };
}

/**
 * Milliseconds below which a share of the durations lies, as if those of a bucket were spread evenly over it. What is
 * longer than the last bound is taken for as long as that.
 * @param durations counts of the buckets, not all zero
 */
export function percentile(durations: readonly number[], share: number): number {
  const rank = durations.reduce((sum, value) => sum + value, 0) * share;
  let below = 0;
  for (const [index, count] of durations.entries()) {
    if (count === 0 || below + count < rank) {
      below += count;
      continue;
    }
    const lower = durationBoundsMs[index - 1] ?? 0;
    const upper = durationBoundsMs[index] ?? lower;
    return lower + ((upper - lower) * Math.max(0, rank - below)) / count;
  }
  return durationBoundsMs.at(-1) ?? 0;
}

/** Less than this is not worth a word: replicas do not begin their slots in the same millisecond. */
const toleranceMs = 1_000;

function gapsOf(parts: readonly TrafficPart[], fromMs: number): readonly string[] {
  return parts.flatMap(({ replica, sinceMs, gaps }) => {
    if (sinceMs <= fromMs + toleranceMs) return gaps;
    const missing = `Replica ${replica} counts only since ${new Date(sinceMs).toISOString()}, ${inWords(sinceMs - fromMs)} after the begin: what its proxies told another before is there only if that one still runs.`;
    return [missing, ...gaps];
  });
}
