/** The columns that are counted of each series, in the order in which the store keeps them, and TrafficCounts of them. */

import { durationBoundsMs } from '../base/signals.ts';
import { responseClasses, type TrafficCounts } from './model.ts';

export const durationBuckets = durationBoundsMs.length + 1;

const requests = 0;
const failures = requests + responseClasses.length;
const retries = failures + 1;
const durations = retries + 1;
const durationSum = durations + durationBuckets;

export const columns = {
  /** As many as there are response classes. */
  requests,
  failures,
  retries,
  /** As many as there are buckets. */
  durations,
  durationSum,
  connectionsOpened: durationSum + 1,
  connectionsClosed: durationSum + 2,
  bytesSent: durationSum + 3,
  bytesReceived: durationSum + 4,
} as const;

export const columnCount = durationSum + 5;

export function emptyColumns(): Float64Array {
  return new Float64Array(columnCount);
}

export function addColumns(to: Float64Array, from: Float64Array): void {
  for (let column = 0; column < columnCount; column++) to[column] = (to[column] ?? 0) + (from[column] ?? 0);
}

export function toCounts(values: Float64Array): TrafficCounts {
  const at = (column: number): number => values[column] ?? 0;
  return {
    requests: [...values.subarray(requests, requests + responseClasses.length)],
    failures: at(failures),
    retries: at(retries),
    durations: [...values.subarray(durations, durations + durationBuckets)],
    durationSumMs: at(durationSum),
    connectionsOpened: at(columns.connectionsOpened),
    connectionsClosed: at(columns.connectionsClosed),
    bytesSent: at(columns.bytesSent),
    bytesReceived: at(columns.bytesReceived),
  };
}

/** The inverse of `toCounts`, adding to what is there. */
export function addCounts(to: Float64Array, counts: TrafficCounts): void {
  const add = (column: number, value: number): void => {
    to[column] = (to[column] ?? 0) + value;
  };
  counts.requests.forEach((value, index) => add(requests + index, value));
  counts.durations.forEach((value, index) => add(durations + index, value));
  add(failures, counts.failures);
  add(retries, counts.retries);
  add(durationSum, counts.durationSumMs);
  add(columns.connectionsOpened, counts.connectionsOpened);
  add(columns.connectionsClosed, counts.connectionsClosed);
  add(columns.bytesSent, counts.bytesSent);
  add(columns.bytesReceived, counts.bytesReceived);
}
