/**
 * Leader election on a coordination.k8s.io Lease: of all replicas one writes. Times are compared only on this
 * replica's own monotonic clock, from when it saw the Lease change, so clocks may differ between nodes, and jump.
 *
 *   waiting ──Lease free or not renewed for its duration──> leading ──not renewed in time, or aborted──> waiting
 */

import { wait } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isKubeError } from './errors.ts';
import { leaderGauge } from './metrics.ts';
import { leases, pathOf } from './resources.ts';
import { formatMicroTime } from './status.ts';
import type { KubeApi, KubeObject } from './types.ts';

export interface LeaderElectionOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly namespace: string;
  readonly name: string;
  /** Of this replica: its pod's name. */
  readonly identity: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** How long others wait for a leader that is silent. Default 15 s. */
  readonly durationMs?: number;
  /** How long a leader that cannot renew goes on; less than the duration. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Between two looks. Default 2 s. */
  readonly retryMs?: number;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

type Lease = KubeObject & { readonly spec?: LeaseSpec };

export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #durationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  readonly #listeners = new Set<(leading: boolean) => void>();
  #leading = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** The Lease as seen last, and when it was first seen so. */
  #seen: { readonly version: string; readonly at: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#durationMs = options.durationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Called at each change, and at once while leading; returns how to stop. */
  subscribe(listener: (leading: boolean) => void): () => void {
    this.#listeners.add(listener);
    if (this.#leading) listener(true);
    return () => this.#listeners.delete(listener);
  }

  /** Stands for election until the signal aborts, then gives the Lease up; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#set(false);
    while (!signal.aborted) {
      const round = this.#clock.monotonic();
      try {
        await this.#tryOnce(signal);
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
      }
      if (this.#leading && this.#leftMs() <= 0) this.#lose();
      const untilNextMs = this.#retryMs - (this.#clock.monotonic() - round);
      // A leader that cannot renew looks at the very moment at which it has to stop.
      const pauseMs = this.#leading ? Math.min(untilNextMs, this.#leftMs()) : untilNextMs;
      await wait(pauseMs, signal, this.#clock);
    }
    const held = this.#leading;
    this.#set(false);
    if (held) await this.#release();
  }

  async #tryOnce(signal: AbortSignal): Promise<void> {
    // Ends a request that hangs while there is still time to say that we no longer lead.
    const deadline = new AbortController();
    const limitMs = this.#leading ? Math.max(this.#leftMs(), 0) : this.#renewDeadlineMs;
    const cancel = this.#clock.after(limitMs, () => deadline.abort());
    const both = AbortSignal.any([signal, deadline.signal]);
    try {
      const startedAt = this.#clock.monotonic();
      const outcome = await this.#acquire(both);
      if (outcome === 'other' && this.#leading) this.#lose();
      if (outcome !== 'ours') return;
      this.#renewedAt = startedAt;
      if (!this.#leading) this.#options.log.info({ lease: this.#options.name }, 'this replica leads');
      this.#set(true);
    } finally {
      cancel();
    }
  }

  /** How long a leader may still go on without another renewal. */
  #leftMs(): number {
    return this.#renewDeadlineMs - (this.#clock.monotonic() - this.#renewedAt);
  }

  /** Creates, takes or renews the Lease. `unknown`: someone else wrote meanwhile, the next look tells. */
  async #acquire(signal: AbortSignal): Promise<'ours' | 'other' | 'unknown'> {
    const current = await this.#read(signal);
    if (current === undefined) return this.#write('POST', { metadata: this.#metadata() }, undefined, signal);
    const spec = current.spec ?? {};
    const version = current.metadata.resourceVersion ?? '';
    if (this.#seen?.version !== version) this.#seen = { version, at: this.#clock.monotonic() };
    const free = spec.holderIdentity === undefined || spec.holderIdentity === '';
    const ours = spec.holderIdentity === this.#options.identity;
    const validMs = (spec.leaseDurationSeconds ?? this.#durationMs / 1000) * 1000;
    if (!free && !ours && this.#clock.monotonic() - this.#seen.at < validMs) return 'other';
    return this.#write('PUT', current, spec, signal);
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { api, namespace, name } = this.#options;
    try {
      return await api.request<Lease>('GET', pathOf(leases, { namespace, name }), { signal });
    } catch (error) {
      if (isKubeError(error, 404)) return undefined;
      throw error;
    }
  }

  /** With the version that was read: of two replicas only one write succeeds. */
  async #write(
    method: 'POST' | 'PUT',
    lease: Lease,
    before: LeaseSpec | undefined,
    signal: AbortSignal,
  ): Promise<'ours' | 'unknown'> {
    const { api, namespace, name, identity } = this.#options;
    const now = formatMicroTime(this.#clock.now());
    const renewal = before?.holderIdentity === identity;
    const spec: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(this.#durationMs / 1000)),
      acquireTime: renewal ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (before === undefined || renewal ? 0 : 1),
    };
    const path = pathOf(leases, method === 'POST' ? { namespace } : { namespace, name });
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...lease, spec };
    try {
      const written = await api.request<Lease>(method, path, { body, signal });
      this.#seen = { version: written.metadata.resourceVersion ?? '', at: this.#clock.monotonic() };
      return 'ours';
    } catch (error) {
      if (isKubeError(error, 409)) return 'unknown';
      throw error;
    }
  }

  async #release(): Promise<void> {
    const { log, name, namespace, api, identity } = this.#options;
    try {
      const signal = AbortSignal.timeout(2_000);
      const current = await this.#read(signal);
      if (current?.spec?.holderIdentity !== identity) return;
      // An empty holder is free at once; the others need not wait for the duration to pass.
      const spec = { ...current.spec, holderIdentity: '', leaseDurationSeconds: 1 };
      await api.request('PUT', pathOf(leases, { namespace, name }), { body: { ...current, spec }, signal });
      log.info({ lease: name }, 'lease given up');
    } catch (error) {
      log.warn({ lease: name, err: describeError(error) }, 'lease could not be given up');
    }
  }

  #metadata() {
    const { name, namespace } = this.#options;
    return { name, namespace };
  }

  #failed(error: unknown): void {
    this.#options.log.warn({ lease: this.#options.name, err: describeError(error) }, 'lease not renewed');
  }

  #lose(): void {
    this.#options.log.warn({ lease: this.#options.name }, 'this replica no longer leads');
    this.#set(false);
  }

  #set(leading: boolean): void {
    leaderGauge.set({ lease: this.#options.name }, leading ? 1 : 0);
    if (this.#leading === leading) return;
    this.#leading = leading;
    for (const listener of this.#listeners) {
      try {
        listener(leading);
      } catch (error) {
        this.#options.log.error({ err: describeError(error) }, 'leadership listener failed');
      }
    }
  }
}
