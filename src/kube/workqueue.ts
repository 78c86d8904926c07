/**
 * Keys to reconcile, with the guarantees of client-go's queue: a key is worked on by one worker at a time, a key
 * added while it waits is not added twice, and one added while it is worked on comes once more afterwards.
 *
 *   add ──> dirty + queue ──worker──> processing ──done──> (dirty again? queue)
 *                                         └──failed──> added again after a growing delay
 */

import { Backoff, type BackoffOptions } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { queueDepth, reconciles, reconcileSeconds } from './metrics.ts';

export interface ReconcileResult {
  /** Look at the key again after this time, though nothing may have changed. */
  readonly requeueAfterMs?: number;
}

export interface WorkQueueOptions {
  /** In logs and metrics, e.g. `route-status`. */
  readonly name: string;
  /** Brings one key in order; a rejection is logged and tried again. The signal aborts when the queue stops. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Keys worked on at the same time. Default 1. */
  readonly concurrency?: number;
  /** Per key, between failures. Default 5 ms to 1000 s. */
  readonly backoff?: BackoffOptions;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  /** Waiting for a worker, in order. Exactly the dirty keys that are not being worked on. */
  readonly #queue = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #delayed = new Map<string, { readonly dueAt: number; readonly cancel: () => void }>();
  #term: { readonly signal: AbortSignal; readonly ended: () => void } | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Any time, also before `run`. */
  add(key: string): void {
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (this.#processing.has(key)) return;
    this.#queue.add(key);
    this.#dispatch();
  }

  /** Of several delays for one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const dueAt = this.#clock.monotonic() + delayMs;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined && waiting.dueAt <= dueAt) return;
    waiting?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueAt, cancel });
  }

  /** Drops the delay and the memory of failures, for a key whose object is gone. */
  forget(key: string): void {
    this.#backoffs.delete(key);
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  /**
   * Works until the signal aborts, then resolves once what was being worked on has ended. What was not reached
   * stays and is taken up by the next `run`.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#term !== undefined) throw new Error(`queue ${this.#options.name} runs already`);
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#term = { signal, ended: resolve };
    const stop = (): void => this.#settle();
    signal.addEventListener('abort', stop, { once: true });
    this.#dispatch();
    await promise;
    this.#term = undefined;
  }

  /** Resolves when nothing is queued or worked on; delayed keys do not count. */
  idle(): Promise<void> {
    if (this.#queue.size === 0 && this.#processing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #dispatch(): void {
    const concurrency = this.#options.concurrency ?? 1;
    for (const key of this.#queue) {
      if (this.#term === undefined || this.#term.signal.aborted) break;
      if (this.#processing.size >= concurrency) break;
      this.#queue.delete(key);
      this.#dirty.delete(key);
      this.#processing.add(key);
      void this.#work(key, this.#term.signal);
    }
    queueDepth.set({ queue: this.#options.name }, this.#queue.size);
  }

  /** Never rejects. */
  async #work(key: string, signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    let result: ReconcileResult | undefined;
    let failure: unknown;
    let failed = false;
    try {
      result = await this.#options.reconcile(key, signal);
    } catch (error) {
      failed = true;
      failure = error;
    }
    const queue = this.#options.name;
    reconcileSeconds.observe({ queue }, (performance.now() - startedAt) / 1000);
    reconciles.inc({ queue, result: failed ? 'error' : 'success' });
    if (failed) this.#afterFailure(key, failure, signal);
    else this.#backoffs.delete(key);
    if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#queue.add(key);
    this.#dispatch();
    this.#settle();
  }

  #afterFailure(key: string, failure: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      // Whoever runs the queue next must not miss it.
      this.#dirty.add(key);
      return;
    }
    let backoff = this.#backoffs.get(key);
    if (backoff === undefined) {
      backoff = new Backoff(this.#options.backoff ?? { initialMs: 5, maxMs: 1_000_000 });
      this.#backoffs.set(key, backoff);
    }
    const retryMs = backoff.next();
    const { log, name } = this.#options;
    log.warn(
      { queue: name, key, err: describeError(failure), retryMs: Math.round(retryMs) },
      'reconcile failed',
    );
    this.addAfter(key, retryMs);
  }

  #settle(): void {
    if (this.#processing.size > 0) return;
    if (this.#queue.size === 0) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    }
    if (this.#term?.signal.aborted) this.#term.ended();
  }
}
