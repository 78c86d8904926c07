/** Exponential backoff with full jitter, and a wait that an AbortSignal ends. */

import type { Clock } from './clock.ts';

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The next delay: between half and the whole of initial * 2^attempt, capped. */
  next(): number {
    const ceiling = Math.min(this.#options.maxMs, this.#options.initialMs * 2 ** this.#attempt++);
    return ceiling / 2 + (Math.random() * ceiling) / 2;
  }

  reset(): void {
    this.#attempt = 0;
  }
}

/**
 * Resolves after `delayMs` or as soon as the signal aborts; never rejects. Keeps the process alive meanwhile,
 * unless it is given a clock.
 */
export function wait(delayMs: number, signal?: AbortSignal, clock?: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted || delayMs <= 0) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock === undefined ? timeout(delayMs, done) : clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

function timeout(delayMs: number, action: () => void): () => void {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
}
