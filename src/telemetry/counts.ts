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
  /** Whole microseconds. */
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

/**
 * Columns that are used again and again: each is good for as long as one report is being read, so that reports leave no
 * garbage outside of the heap.
 */
export class ColumnPool {
  readonly #columns: Float64Array[] = [];
  #used = 0;

  take(): Float64Array {
    const known = this.#columns[this.#used++];
    if (known !== undefined) return known.fill(0);
    const made = emptyColumns();
    this.#columns.push(made);
    return made;
  }

  /** All that were taken are free again. */
  reset(): void {
    this.#used = 0;
  }
}

export function addColumns(to: Float64Array, from: Float64Array): void {
  for (let column = 0; column < columnCount; column++) to[column] = (to[column] ?? 0) + (from[column] ?? 0);
}

/** @param offset of the first column in `values` */
export function isEmpty(values: Float64Array, offset: number): boolean {
  for (let column = offset; column < offset + columnCount; column++) if (values[column] !== 0) return false;
  return true;
}

/** @param offset of the first column in `values` */
export function toCounts(values: Float64Array, offset = 0): TrafficCounts {
  const at = (column: number): number => values[offset + column] ?? 0;
  return {
    requests: slice(values, offset + requests, responseClasses.length),
    failures: at(failures),
    retries: at(retries),
    durations: slice(values, offset + durations, durationBuckets),
    durationSumMs: at(durationSum) / 1_000,
    connectionsOpened: at(columns.connectionsOpened),
    connectionsClosed: at(columns.connectionsClosed),
    bytesSent: at(columns.bytesSent),
    bytesReceived: at(columns.bytesReceived),
  };
}

/** A loop: there are tens of thousands of rows in a large answer, and iterators would take most of its time. */
function slice(values: Float64Array, begin: number, length: number): number[] {
  const numbers = Array<number>(length);
  for (let index = 0; index < length; index++) numbers[index] = values[begin + index] ?? 0;
  return numbers;
}

/** The inverse of `toCounts`, adding to what is there. */
export function addCounts(to: Float64Array, counts: TrafficCounts, offset = 0): void {
  add(to, offset + requests, counts.requests);
  add(to, offset + durations, counts.durations);
  const addOne = (column: number, value: number): void => {
    to[offset + column] = (to[offset + column] ?? 0) + value;
  };
  addOne(failures, counts.failures);
  addOne(retries, counts.retries);
  addOne(durationSum, Math.round(counts.durationSumMs * 1_000));
  addOne(columns.connectionsOpened, counts.connectionsOpened);
  addOne(columns.connectionsClosed, counts.connectionsClosed);
  addOne(columns.bytesSent, counts.bytesSent);
  addOne(columns.bytesReceived, counts.bytesReceived);
}

function add(to: Float64Array, begin: number, values: readonly number[]): void {
  for (let index = 0; index < values.length; index++) {
    to[begin + index] = (to[begin + index] ?? 0) + (values[index] ?? 0);
  }
}
