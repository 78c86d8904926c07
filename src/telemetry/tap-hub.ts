/**
 * The taps that this replica knows of, its own and those of other replicas, and what comes in for them. A proxy that logs
 * although nobody wants it is switched off: whoever switched it on is gone.
 */

import type { Clock } from '../base/clock.ts';
import type { Collection } from '../graph/types.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { TapEvent } from './model.ts';
import { isTarget, tapMatcher, type TapSpec } from './tap-filter.ts';

export interface TapHubOptions {
  readonly pods: Collection<MeshPod>;
  readonly clock: Clock;
  /** Makes the pod's proxy log nothing any more; never throws. */
  readonly switchOff: (pod: MeshPod) => void;
}

interface Subscription {
  readonly spec: TapSpec;
  readonly matches: (event: TapEvent) => boolean;
  readonly listener: (event: TapEvent) => void;
}

/** A proxy that cannot be reached is not asked with each of its entries. */
const switchOffPauseMs = 5_000;
const mostRemembered = 10_000;

export class TapHub {
  readonly #options: TapHubOptions;
  readonly #subscriptions = new Set<Subscription>();
  readonly #switchedOffMs = new Map<string, number>();

  constructor(options: TapHubOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** @returns what ends it */
  subscribe(spec: TapSpec, listener: (event: TapEvent) => void): () => void {
    const subscription = { spec, matches: tapMatcher(spec), listener };
    this.#subscriptions.add(subscription);
    return () => void this.#subscriptions.delete(subscription);
  }

  /** Whether any tap is on this pod. */
  wants(pod: MeshPod): boolean {
    for (const { spec } of this.#subscriptions) if (isTarget(spec, pod)) return true;
    return false;
  }

  /** @param key of the pod whose proxy has logged; `event` is only made where somebody wants it */
  take(key: string, event: () => TapEvent): void {
    const pod = this.#options.pods.get(key);
    if (pod === undefined) return;
    let made: TapEvent | undefined;
    let wanted = false;
    for (const { spec, matches, listener } of this.#subscriptions) {
      if (!isTarget(spec, pod)) continue;
      wanted = true;
      made ??= event();
      if (matches(made)) listener(made);
    }
    if (!wanted) this.#heal(key, pod);
  }

  #heal(key: string, pod: MeshPod): void {
    const now = this.#options.clock.monotonic();
    const last = this.#switchedOffMs.get(key);
    if (last !== undefined && now - last < switchOffPauseMs) return;
    if (this.#switchedOffMs.size >= mostRemembered) this.#switchedOffMs.clear();
    this.#switchedOffMs.set(key, now);
    this.#options.switchOff(pod);
  }
}
