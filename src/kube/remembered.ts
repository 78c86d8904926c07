/** Answers of the API server that may be used again for a short while: bounded in number and age, asked once at a time. */

import type { Clock } from '../base/clock.ts';

export interface RememberedOptions {
  readonly clock: Clock;
  readonly forMs: number;
  /** Answers that are kept; the oldest goes first. */
  readonly most: number;
}

/** What failed is not remembered. */
export class Remembered<T> {
  readonly #options: RememberedOptions;
  /** In order of their age. */
  readonly #answers = new Map<string, { readonly answer: Promise<T>; readonly untilMs: number }>();

  constructor(options: RememberedOptions) {
    this.#options = options;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const { clock, forMs, most } = this.#options;
    const known = this.#answers.get(key);
    if (known !== undefined && clock.monotonic() < known.untilMs) return known.answer;
    this.#answers.delete(key);
    const entry = { answer: ask(), untilMs: clock.monotonic() + forMs };
    this.#answers.set(key, entry);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= most) break;
      this.#answers.delete(oldest);
    }
    entry.answer.catch(() => {
      if (this.#answers.get(key) === entry) this.#answers.delete(key);
    });
    return entry.answer;
  }
}
