/**
 * Between whoever produces lines and one reader who takes them in his own time: bounded, and rate-limited, so that
 * neither a slow reader nor a flood of requests costs more than a fixed amount of memory. What is left out is counted.
 */

import type { Clock } from '../base/clock.ts';

const mostQueued = 2_000;

export class TapQueue<T> implements AsyncIterable<T> {
  readonly #clock: Clock;
  readonly #maxPerSecond: number;
  #lines: T[] = [];
  #tokens: number;
  #refilledMs: number;
  #dropped = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(clock: Clock, maxPerSecond: number) {
    this.#clock = clock;
    this.#maxPerSecond = maxPerSecond;
    this.#tokens = maxPerSecond;
    this.#refilledMs = clock.monotonic();
  }

  /** A line that counts against the limit. */
  offer(line: T): void {
    if (this.#ended) return;
    if (!this.#mayPass() || this.#lines.length >= mostQueued) {
      this.#dropped += 1;
      return;
    }
    this.tell(line);
  }

  /** A line that does not. */
  tell(line: T): void {
    if (this.#ended) return;
    this.#lines.push(line);
    this.#wake();
  }

  /** How many lines were left out since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** The reader still gets what is queued. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const lines = this.#lines;
      this.#lines = [];
      yield* lines;
      if (this.#lines.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #mayPass(): boolean {
    const now = this.#clock.monotonic();
    const passedMs = now - this.#refilledMs;
    this.#refilledMs = now;
    this.#tokens = Math.min(this.#maxPerSecond, this.#tokens + (passedMs / 1000) * this.#maxPerSecond);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
