/**
 * The series that exist, as small numbers, and what each has counted in the slot that is under way. A number is given
 * again only when no slot speaks of its series any more. There is a limit to how many there may be, of all and of one
 * reporter; what is beyond it is counted, in one series per side and kind of traffic whose ends are not told.
 */

import { columnCount } from './counts.ts';
import type { TrafficEnd, TrafficSeries, TrafficSide } from './model.ts';

export interface SeriesLimits {
  /** Default 20,000. */
  readonly maxSeries: number;
  /** Of one reporting workload, so that none can take all; default a tenth of it. */
  readonly maxSeriesOfReporter: number;
}

/** The end of what was counted beyond the limits. */
export const otherEnd: TrafficEnd = { kind: 'unknown', namespace: '', name: '(other)', version: '' };

interface Known {
  readonly key: string;
  readonly series: TrafficSeries;
  readonly reporter: string;
}

export class SeriesTable {
  readonly #limits: SeriesLimits;
  readonly #byKey = new Map<string, number>();
  readonly #known: (Known | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #ofReporter = new Map<string, number>();
  /** Number of the last slot in which a series counted anything. */
  #lastSlot = new Float64Array(256);
  #values = new Float64Array(256 * columnCount);
  #isTouched = new Uint8Array(256);
  #touched: number[] = [];

  constructor(limits: SeriesLimits) {
    this.#limits = limits;
    for (const side of ['client', 'server'] as const) {
      for (const protocol of ['http', 'tcp'] as const) {
        this.#create(overflowKey(side, protocol), '', {
          side,
          source: otherEnd,
          destination: otherEnd,
          service: '',
          route: '',
          protocol,
          mtls: false,
        });
      }
    }
  }

  /** How many there are, without those that stand for others. */
  get size(): number {
    return this.#byKey.size - 4;
  }

  get isFull(): boolean {
    return this.size >= this.#limits.maxSeries;
  }

  /** One more than the highest number in use. */
  get length(): number {
    return this.#known.length;
  }

  get(series: number): TrafficSeries | undefined {
    return this.#known[series]?.series;
  }

  /** The number of a series, which is made where there is room; -1 where there is none. */
  numberOf(series: TrafficSeries, reporter: string): number {
    const key = keyOf(series);
    const found = this.#byKey.get(key);
    if (found !== undefined) return found;
    const count = this.#ofReporter.get(reporter) ?? 0;
    if (this.isFull || count >= this.#limits.maxSeriesOfReporter) return -1;
    this.#ofReporter.set(reporter, count + 1);
    return this.#create(key, reporter, series);
  }

  overflowOf({ side, protocol }: TrafficSeries): number {
    return this.#byKey.get(overflowKey(side, protocol)) ?? 0;
  }

  /** @param values by column; of the slot under way */
  add(series: number, values: Float64Array): void {
    this.#touch(series);
    const offset = series * columnCount;
    for (let column = 0; column < columnCount; column++) {
      const value = values[column] ?? 0;
      if (value !== 0) this.#values[offset + column] = (this.#values[offset + column] ?? 0) + value;
    }
  }

  /** Hands over what each series has counted, in ascending order, and begins anew. */
  drain(slot: number, take: (series: number, values: Float64Array, offset: number) => void): void {
    const touched = this.#touched.sort((a, b) => a - b);
    this.#touched = [];
    for (const series of touched) {
      const offset = series * columnCount;
      take(series, this.#values, offset);
      this.#values.fill(0, offset, offset + columnCount);
      this.#isTouched[series] = 0;
      this.#lastSlot[series] = slot;
    }
  }

  /** Forgets the series that counted nothing in the slot `oldestSlot` or later. */
  forget(oldestSlot: number): void {
    for (const [series, known] of this.#known.entries()) {
      if (known === undefined || known.reporter === '') continue;
      if ((this.#lastSlot[series] ?? 0) >= oldestSlot || this.#isTouched[series] === 1) continue;
      this.#known[series] = undefined;
      this.#byKey.delete(known.key);
      this.#free.push(series);
      const left = (this.#ofReporter.get(known.reporter) ?? 1) - 1;
      if (left === 0) this.#ofReporter.delete(known.reporter);
      else this.#ofReporter.set(known.reporter, left);
    }
  }

  #create(key: string, reporter: string, series: TrafficSeries): number {
    const number = this.#free.pop() ?? this.#known.length;
    this.#known[number] = { key, series, reporter };
    this.#byKey.set(key, number);
    if (number >= this.#isTouched.length) this.#grow();
    return number;
  }

  #grow(): void {
    const length = this.#isTouched.length * 2;
    this.#isTouched = grown(new Uint8Array(length), this.#isTouched);
    this.#lastSlot = grown(new Float64Array(length), this.#lastSlot);
    this.#values = grown(new Float64Array(length * columnCount), this.#values);
  }

  #touch(series: number): void {
    if (this.#isTouched[series] === 1) return;
    this.#isTouched[series] = 1;
    this.#touched.push(series);
  }
}

function grown<T extends Uint8Array | Float64Array>(to: T, from: T): T {
  to.set(from);
  return to;
}

function overflowKey(side: TrafficSide, protocol: string): string {
  return `${side} ${protocol === 'tcp' ? 'tcp' : 'http'}`;
}

function keyOf({ side, source, destination, service, route, protocol, mtls }: TrafficSeries): string {
  return `${side}\n${mtls}\n${protocol}\n${endKey(source)}\n${endKey(destination)}\n${service}\n${route}`;
}

/** Of ends that many series share, made once. */
const endKeys = new WeakMap<TrafficEnd, string>();

function endKey(end: TrafficEnd): string {
  const known = endKeys.get(end);
  if (known !== undefined) return known;
  const { kind, namespace, name, version } = end;
  const key = `${kind}/${namespace}/${name}/${version}`;
  endKeys.set(end, key);
  return key;
}
