/**
 * The golden metrics of the whole mesh as running sums, for Prometheus and OTLP: requests, failures, bytes and connections
 * of each pair of workloads, durations of each destination. Their number is bounded: what is beyond goes to `(other)`.
 * The proxies themselves expose more detail; these are what every dashboard of a mesh begins with.
 */

import type { Clock } from '../base/clock.ts';
import { addColumns, columnCount, columns, durationBuckets, emptyColumns } from './counts.ts';
import type { TrafficEnd, TrafficSeries } from './model.ts';
import { countsOnce } from './query.ts';
import { otherEnd } from './series-table.ts';

export interface GoldenLimits {
  /** Pairs of source and destination by Service and protocol; default 2,000. */
  readonly maxEdges: number;
  /** Destinations with a histogram of durations; default 500. */
  readonly maxDestinations: number;
  /** How long one that counts nothing is kept; default an hour. */
  readonly idleMs: number;
}

export interface GoldenEdge {
  readonly source: TrafficEnd;
  readonly destination: TrafficEnd;
  readonly service: string;
  readonly protocol: TrafficSeries['protocol'];
  readonly mtls: boolean;
  /** By column, since the start. */
  readonly values: Float64Array;
  /** Unix time of its first slot. */
  readonly sinceMs: number;
  /** Of its last slot, on the clock that does not jump. */
  lastMs: number;
}

export interface GoldenDestination {
  readonly destination: TrafficEnd;
  /** Of its buckets, not cumulative. */
  readonly buckets: Float64Array;
  sumMs: number;
  readonly sinceMs: number;
  lastMs: number;
}

const defaults: GoldenLimits = { maxEdges: 2_000, maxDestinations: 500, idleMs: 3_600_000 };

export class GoldenMetrics {
  readonly #clock: Clock;
  readonly #limits: GoldenLimits;
  readonly #edges = new Map<string, GoldenEdge>();
  readonly #destinations = new Map<string, GoldenDestination>();
  /** So that the key is made once: series live long. */
  readonly #ofSeries = new WeakMap<TrafficSeries, readonly [string, string]>();
  readonly #slot = emptyColumns();

  constructor(clock: Clock, limits: Partial<GoldenLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...defaults, ...limits };
  }

  get edges(): Iterable<GoldenEdge> {
    return this.#edges.values();
  }

  get destinations(): Iterable<GoldenDestination> {
    return this.#destinations.values();
  }

  /** What a series has counted in a slot that has ended. */
  add(series: TrafficSeries, values: Float64Array, offset: number): void {
    if (!countsOnce(series)) return;
    const keys = this.#ofSeries.get(series) ?? keysOf(series);
    this.#ofSeries.set(series, keys);
    this.#slot.set(values.subarray(offset, offset + columnCount));
    const edge = this.#edge(keys[0], series);
    addColumns(edge.values, this.#slot);
    edge.lastMs = this.#clock.monotonic();
    if (series.protocol === 'tcp') return;
    const destination = this.#destination(keys[1], series.destination);
    for (let bucket = 0; bucket < durationBuckets; bucket++) {
      destination.buckets[bucket] =
        (destination.buckets[bucket] ?? 0) + (this.#slot[columns.durations + bucket] ?? 0);
    }
    destination.sumMs += (this.#slot[columns.durationSum] ?? 0) / 1_000;
    destination.lastMs = this.#clock.monotonic();
  }

  /**
   * Gives a destination a histogram though nothing of it was counted here: its callers' proxies may all report to
   * another replica, and an exemplar is only shown beside a bucket.
   */
  mention(destination: TrafficEnd): void {
    const { namespace, name } = destination;
    this.#destination(`${namespace}/${name}`, destination).lastMs = this.#clock.monotonic();
  }

  /** Forgets what has counted nothing for long. */
  forget(): void {
    const nowMs = this.#clock.monotonic();
    for (const known of [this.#edges, this.#destinations]) {
      for (const [key, { lastMs }] of known) {
        if (nowMs - lastMs > this.#limits.idleMs) known.delete(key);
      }
    }
  }

  #edge(key: string, series: TrafficSeries): GoldenEdge {
    const known = this.#edges.get(key);
    if (known !== undefined) return known;
    const isOver = this.#edges.size >= this.#limits.maxEdges;
    const over = isOver ? this.#edges.get(otherKey) : undefined;
    if (over !== undefined) return over;
    const { service, protocol, mtls } = series;
    const made = {
      ...(isOver
        ? { source: otherEnd, destination: otherEnd, service: '', protocol: 'http' as const, mtls: false }
        : { source: series.source, destination: series.destination, service, protocol, mtls }),
      values: emptyColumns(),
      sinceMs: this.#clock.now(),
      lastMs: this.#clock.monotonic(),
    };
    this.#edges.set(isOver ? otherKey : key, made);
    return made;
  }

  #destination(key: string, destination: TrafficEnd): GoldenDestination {
    const known = this.#destinations.get(key);
    if (known !== undefined) return known;
    const isOver = this.#destinations.size >= this.#limits.maxDestinations;
    const over = isOver ? this.#destinations.get(otherKey) : undefined;
    if (over !== undefined) return over;
    const made = {
      destination: isOver ? otherEnd : destination,
      buckets: new Float64Array(durationBuckets),
      sumMs: 0,
      sinceMs: this.#clock.now(),
      lastMs: this.#clock.monotonic(),
    };
    this.#destinations.set(isOver ? otherKey : key, made);
    return made;
  }
}

const otherKey = '';

/** Of the edge and of the destination, without versions and routes. */
function keysOf({ source, destination, service, protocol, mtls }: TrafficSeries): readonly [string, string] {
  const to = `${destination.namespace}/${destination.name}`;
  return [`${source.namespace}/${source.name}\n${to}\n${service}\n${protocol}\n${mtls}`, to];
}
