/** For tests: a clock that stands still until it is moved, and can be set as people set clocks. */

import type { Clock } from './clock.ts';

interface Timer {
  readonly atMs: number;
  readonly action: () => void;
}

export class MovableClock implements Clock {
  #passedMs = 0;
  #setMs: number;
  #timers: readonly Timer[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 8, 1, 12)) {
    this.#setMs = startMs;
  }

  now(): number {
    return this.#setMs + this.#passedMs;
  }

  monotonic(): number {
    return this.#passedMs;
  }

  /** Sets Unix time forwards or, with a negative number, back; no time passes. */
  jump(byMs: number): void {
    this.#setMs += byMs;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.#passedMs + delayMs, action };
    this.#timers = [...this.#timers, timer];
    this.#notify();
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Runs what falls due on the way, in order, each at its own time. */
  advance(byMs: number): void {
    const endMs = this.#passedMs + byMs;
    for (;;) {
      const [next] = this.#timers.filter((timer) => timer.atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#passedMs = Math.max(this.#passedMs, next.atMs);
      next.action();
    }
    this.#passedMs = endMs;
  }

  /** Milliseconds until the next timer; undefined where none is set. */
  untilNext(): number | undefined {
    if (this.#timers.length === 0) return undefined;
    return Math.min(...this.#timers.map((timer) => timer.atMs)) - this.#passedMs;
  }

  /** Resolves when `count` timers are set: what was to be waited for is now being waited for. */
  timersSet(count: number): Promise<void> {
    if (this.#timers.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  #notify(): void {
    const ready = this.#waiting.filter((waiting) => this.#timers.length >= waiting.count);
    this.#waiting = this.#waiting.filter((waiting) => this.#timers.length < waiting.count);
    for (const { resolve } of ready) resolve();
  }
}
