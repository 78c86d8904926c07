/** What several replicas know, added up, and told for people: rates, success, percentiles. Pure. */

import { durationBoundsMs } from '../base/signals.ts';
import { addCounts, columnCount, emptyColumns, isEmpty, toCounts } from './counts.ts';
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
  readonly key: string;
  readonly group: readonly string[];
  readonly atMs: number | undefined;
}

/** Rows in order of time and group. The parts may be in any order; none of them is changed. */
export function mergeParts(query: TrafficQuery, parts: readonly TrafficPart[]): TrafficAnswer {
  const indexOf = new Map<string, number>();
  const sums: Sum[] = [];
  const most = parts.reduce((count, { rows }) => count + rows.length, 0);
  const values = new Float64Array(most * columnCount);
  const shares = unprovenShares(parts);
  for (const { rows } of parts) {
    for (const { group, atMs, unproven, counts } of rows) {
      const key = `${String(atMs ?? 0).padStart(15, '0')}\n${group.join('\n')}`;
      let index = indexOf.get(key);
      if (index === undefined) {
        index = sums.push({ key, group, atMs }) - 1;
        indexOf.set(key, index);
      }
      const share = unproven === undefined ? undefined : shares.get(plainKey(unproven, atMs));
      if (share === undefined) addCounts(values, counts, index * columnCount);
      else addShare(values, counts, share, index * columnCount);
    }
  }
  const seconds = (query.stepMs ?? query.windowMs) / 1_000;
  const order = sums
    .map((_, index) => index)
    .sort((a, b) => ((sums[a]?.key ?? '') < (sums[b]?.key ?? '') ? -1 : 1));
  const rows = order.flatMap((index) => {
    if (isEmpty(values, index * columnCount)) return [];
    const { group = [], atMs } = sums[index] ?? {};
    const counts = toCounts(values, index * columnCount);
    return toRow(namesOf(query.groupBy, group), atMs, counts, seconds);
  });
  const toMs = Math.max(...parts.map((part) => part.toMs));
  const fromMs = toMs - query.windowMs;
  return { fromMs, toMs, gaps: gapsOf(parts, fromMs), rows };
}

function plainKey(destination: string, atMs = 0): string {
  return `${atMs} ${destination}`;
}

/**
 * Which share of what a workload's proxy counted of clients that proved nothing is of clients without a proxy: what is
 * left when that which the proxies of clients counted is taken away. By column; absent where that is nothing. Both ends report
 * at times of their own, so that for short windows this is only nearly right.
 */
function unprovenShares(parts: readonly TrafficPart[]): ReadonlyMap<string, Float64Array> {
  const plain = new Map<string, Float64Array>();
  const addTo = (sums: Map<string, Float64Array>, key: string, counts: TrafficCounts): void => {
    const sum = sums.get(key) ?? emptyColumns();
    addCounts(sum, counts);
    sums.set(key, sum);
  };
  for (const { plain: rows = [] } of parts) {
    for (const { destination, atMs, counts } of rows) addTo(plain, plainKey(destination, atMs), counts);
  }
  const all = new Map<string, Float64Array>();
  for (const { rows } of parts) {
    for (const { unproven, atMs, counts } of rows) {
      if (unproven === undefined || !plain.has(plainKey(unproven, atMs))) continue;
      addTo(all, plainKey(unproven, atMs), counts);
    }
  }
  for (const [key, sum] of all) {
    const known = plain.get(key);
    for (const [column, value] of sum.entries()) {
      sum[column] = value === 0 ? 1 : Math.max(0, value - (known?.[column] ?? 0)) / value;
    }
  }
  return all;
}

function addShare(to: Float64Array, counts: TrafficCounts, share: Float64Array, offset: number): void {
  const own = emptyColumns();
  addCounts(own, counts);
  for (const [column, value] of own.entries()) {
    to[offset + column] = (to[offset + column] ?? 0) + Math.round(value * (share[column] ?? 1));
  }
}

function namesOf(groupBy: readonly TrafficDimension[], group: readonly string[]): TrafficRow['group'] {
  const names: Partial<Record<TrafficDimension, string>> = {};
  for (const [index, dimension] of groupBy.entries()) names[dimension] = group[index] ?? '';
  return names;
}

/** @param seconds that the counts are of */
export function toRow(
  group: TrafficRow['group'],
  atMs: number | undefined,
  counts: TrafficCounts,
  seconds: number,
): TrafficRow {
  const requests = totalOf(counts.requests);
  const latency = latencyOf(counts.durations);
  return {
    group,
    ...(atMs === undefined ? {} : { atMs }),
    counts,
    requests,
    requestsPerSecond: requests / seconds,
    ...(requests === 0 ? {} : { successRate: Math.max(0, 1 - counts.failures / requests) }),
    ...(latency === undefined ? {} : { latency }),
    bytesPerSecond: (counts.bytesSent + counts.bytesReceived) / seconds,
    connectionsPerSecond: counts.connectionsOpened / seconds,
  };
}

const shares = [0.5, 0.9, 0.95, 0.99] as const;

/** Undefined where nothing was measured. */
function latencyOf(durations: readonly number[]): TrafficRow['latency'] {
  const total = totalOf(durations);
  if (total === 0) return undefined;
  const [p50, p90, p95, p99] = shares.map((share) => percentile(durations, share, total)) as [
    number,
    number,
    number,
    number,
  ];
  return { p50, p90, p95, p99 };
}

function totalOf(values: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] ?? 0;
  return sum;
}

/**
 * Milliseconds below which a share of the durations lies, as if those of a bucket were spread evenly over it. What is
 * longer than the last bound is taken for as long as that.
 * @param durations counts of the buckets, not all zero
 */
export function percentile(durations: readonly number[], share: number, total = totalOf(durations)): number {
  const rank = total * share;
  let below = 0;
  for (let index = 0; index < durations.length; index++) {
    const count = durations[index] ?? 0;
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
  return [...differingClocks(parts), ...parts.flatMap((part) => gapsOfPart(part, fromMs))];
}

/** Slots of all replicas begin at the same times; asked one after the other, they may be a few apart. */
const clockToleranceMs = 60_000;

/** Which of them is right nobody here can tell. */
function differingClocks(parts: readonly TrafficPart[]): readonly string[] {
  const [first, ...others] = parts.toSorted((a, b) => a.toMs - b.toMs);
  const last = others.at(-1);
  if (first === undefined || last === undefined || last.toMs - first.toMs < clockToleranceMs) return [];
  return [
    `The clock of replica ${last.replica} is ${inWords(last.toMs - first.toMs)} ahead of that of replica ${first.replica}: times in this answer are as each shows them.`,
  ];
}

function gapsOfPart({ replica, sinceMs, gaps }: TrafficPart, fromMs: number): readonly string[] {
  if (sinceMs <= fromMs + toleranceMs) return gaps;
  const missing = `Replica ${replica} counts only since ${new Date(sinceMs).toISOString()}, ${inWords(sinceMs - fromMs)} after the begin: what its proxies told another before is there only if that one still runs.`;
  return [missing, ...gaps];
}
