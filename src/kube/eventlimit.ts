/** A token bucket per object, so that one flapping object cannot fill the cluster's Events. */

import type { Clock } from '../base/clock.ts';

/** client-go's numbers: 25 at once, then one every five minutes. */
const burst = 25;
const refillMs = 5 * 60_000;
const mostObjects = 4096;

export class EventLimiter {
  readonly #clock: Clock;
  /** In order of last use. */
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token of this object's bucket; false where none is left. */
  admits(object: string): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(object) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs);
    const admitted = tokens >= 1;
    this.#buckets.delete(object);
    this.#buckets.set(object, { tokens: admitted ? tokens - 1 : tokens, at: now });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= mostObjects) break;
      this.#buckets.delete(oldest);
    }
    return admitted;
  }
}
