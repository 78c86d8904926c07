/**
 * What the proxies that report to this replica have counted, by series and slot, for as long as the window is. Three
 * bounds hold it together: the number of series, the number of slots and the bytes of all slots; when the last is
 * reached, the oldest slots go first, and answers tell so.
 */

import type { Clock } from '../base/clock.ts';
import type { TrafficSeries } from './model.ts';
import { type SeriesLimits, SeriesTable } from './series-table.ts';
import { SlotWriter } from './slot-codec.ts';
import { type ClockJump, firstSlot, nextSlot, type SlotTimes } from './slots.ts';

export interface StoreLimits extends SeriesLimits {
  /** Length of a slot; default 10,000, at least 5,000. */
  readonly resolutionMs: number;
  /** How long slots are kept; default an hour. */
  readonly windowMs: number;
  /** Of all slots; default 128 MiB. */
  readonly maxBytes: number;
}

export interface StoreOptions {
  readonly clock: Clock;
  readonly limits?: Partial<StoreLimits>;
  /** Called when the wall clock turns out to have jumped. */
  readonly onJump?: (jump: ClockJump) => void;
  /** Called for each series that counted anything when its slot has ended. */
  readonly onCounted?: (series: TrafficSeries, values: Float64Array, offset: number) => void;
}

export interface Slot extends SlotTimes {
  readonly bytes: Uint8Array;
}

export interface Overflow {
  /** When it was noticed last; monotonic. */
  readonly atMs: number;
  /** Whether those of all workloads together were too many, or those of one. */
  readonly ofAll: boolean;
}

export const storeDefaults: StoreLimits = {
  maxSeries: 20_000,
  maxSeriesOfReporter: 2_000,
  resolutionMs: 10_000,
  windowMs: 3_600_000,
  maxBytes: 128 * 1024 * 1024,
};

export class TrafficStore {
  readonly limits: StoreLimits;
  readonly series: SeriesTable;
  readonly #options: StoreOptions;
  readonly #writer = new SlotWriter();
  #slots: Slot[] = [];
  #bytes = 0;
  /** Number of the slot under way; that of `#slots[0]` is as many less as there are slots. */
  #number = 0;
  #current: SlotTimes;
  readonly #startedMs: number;
  #jumps: ClockJump[] = [];
  #shortenedAtMs = Number.NEGATIVE_INFINITY;
  #overflow: Overflow | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.limits = { ...storeDefaults, ...options.limits };
    this.series = new SeriesTable(this.limits);
    this.#startedMs = options.clock.monotonic();
    this.#current = firstSlot(this.limits.resolutionMs, this.#startedMs, options.clock.now());
  }

  /** Unix time since when everything is there that was reported, as the wall clock counts now. */
  get sinceMs(): number {
    return this.#options.clock.now() - (this.#options.clock.monotonic() - this.#startedMs);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param values by column; whole numbers. Returns whether the series has a place of its own. */
  add(series: TrafficSeries, reporter: string, values: Float64Array): boolean {
    this.turn();
    const number = this.series.numberOf(series, reporter);
    if (number >= 0) {
      this.series.add(number, values);
      return true;
    }
    this.#overflow = { atMs: this.#options.clock.monotonic(), ofAll: this.series.isFull };
    this.series.add(this.series.overflowOf(series), values);
    return false;
  }

  /** Ends the slots whose time is over. Every other function does it by itself. */
  turn(): void {
    const nowMs = this.#options.clock.monotonic();
    if (nowMs < this.#current.endMs) return;
    const { resolutionMs, windowMs } = this.limits;
    while (nowMs >= this.#current.endMs) {
      this.#close();
      const { slot, jump } = nextSlot(resolutionMs, this.#current, nowMs, this.#options.clock.now());
      this.#current = slot;
      if (jump === undefined) continue;
      this.#jumps.push(jump);
      this.#options.onJump?.(jump);
    }
    const oldestMs = this.#current.beginMs - windowMs - resolutionMs / 2;
    const kept = this.#slots.findIndex((slot) => slot.beginMs >= oldestMs);
    this.#drop(kept < 0 ? this.#slots.length : kept);
    this.#jumps = this.#jumps.filter(({ noticedMs }) => noticedMs >= oldestMs);
    this.series.forget(this.#number - this.#slots.length);
  }

  /** The slots that began within the last `windowMs` before the one under way, oldest first, and what is to be told of them. */
  window(windowMs: number): {
    readonly slots: readonly Slot[];
    readonly endMs: number;
    readonly jumps: readonly ClockJump[];
    /** Whether slots of the window had to go because they took too much memory. */
    readonly shortened: boolean;
    /** Where there were more series than are kept. */
    readonly overflow: Overflow | undefined;
  } {
    this.turn();
    const fromMs = this.#current.beginMs - windowMs - this.limits.resolutionMs / 2;
    const kept = this.#slots.findIndex((slot) => slot.beginMs >= fromMs);
    return {
      slots: kept < 0 ? [] : this.#slots.slice(kept),
      endMs: this.#current.atMs,
      jumps: this.#jumps.filter(({ noticedMs }) => noticedMs >= fromMs),
      shortened: this.#shortenedAtMs >= fromMs,
      overflow: this.#overflow !== undefined && this.#overflow.atMs >= fromMs ? this.#overflow : undefined,
    };
  }

  #close(): void {
    const { onCounted } = this.#options;
    this.series.drain(this.#number, (number, values, offset) => {
      this.#writer.write(number, values, offset);
      const series = this.series.get(number);
      if (series !== undefined) onCounted?.(series, values, offset);
    });
    const bytes = this.#writer.take();
    this.#slots.push({ ...this.#current, bytes });
    this.#number += 1;
    this.#bytes += bytes.length;
    while (this.#bytes > this.limits.maxBytes && this.#slots.length > 1) {
      this.#shortenedAtMs = this.#slots[0]?.beginMs ?? this.#shortenedAtMs;
      this.#drop(1);
    }
  }

  #drop(count: number): void {
    for (const { bytes } of this.#slots.splice(0, count)) this.#bytes -= bytes.length;
  }
}
