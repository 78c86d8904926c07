/** Warnings that somebody else can cause as often as they like: each is written once a minute, with how often it came. */

import type { Clock } from './clock.ts';
import type { Logger } from './log.ts';

const quietMs = 60_000;
const maxKeys = 1_000;

interface Seen {
  atMs: number;
  suppressed: number;
}

export class RateLimitedLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param key what makes two warnings the same */
  warn(key: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    const nowMs = this.#clock.monotonic();
    const seen = this.#seen.get(key);
    if (seen !== undefined && nowMs - seen.atMs < quietMs) {
      seen.suppressed += 1;
      return;
    }
    if (this.#seen.size >= maxKeys) this.#seen.clear();
    this.#seen.set(key, { atMs: nowMs, suppressed: 0 });
    this.#log.warn({ ...fields, suppressed: seen?.suppressed ?? 0 }, message);
  }
}
