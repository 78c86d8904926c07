/**
 * Identities of workloads on clusters whose kubelets make none: key and certificate, made here for each proxy that
 * connects and handed to its stream. Keys exist only in memory, here no longer than it takes to hand them on.
 *
 *   follow ── issue ──> handed on ── two thirds of the lifetime, or other roots ──> issue anew
 *                                          │ cannot be: the old one stays, tried again
 */

import { setImmediate } from 'node:timers';
import type { Clock } from '../base/clock.ts';
import { describeError, WeftError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { WorkloadSubject } from '../base/signals.ts';
import type { Authority } from '../ca/authority.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { identitiesIssued } from './metrics.ts';
import { isDue, noTerm, type Term, termOf } from './renewal.ts';

/** PEM; times in milliseconds. */
export interface WorkloadIdentity {
  readonly key: string;
  /** Leaf first. */
  readonly chain: string;
  /** What other workloads are verified with. */
  readonly roots: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface WorkloadIdentitiesOptions {
  readonly keeper: Pick<AuthorityKeeper, 'authority' | 'onChange'>;
  readonly lifetimeMs: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As whom a proxy is certified. */
export interface Certified {
  /** SPIFFE ID. */
  readonly identity: string;
  readonly subject: WorkloadSubject;
}

interface Follower extends Certified {
  readonly listener: (identity: WorkloadIdentity) => void;
  roots: string;
  term: Term;
}

/** How often the due ones are looked for: short against the shortest lifetime, an hour. */
const lookMs = 15_000;
/** Renewing many gives way to the event loop after this long. */
const sliceMs = 10;

export class WorkloadIdentities {
  readonly #options: WorkloadIdentitiesOptions;
  readonly #followers = new Set<Follower>();
  readonly #due = new Set<Follower>();
  #renewing = false;

  constructor(options: WorkloadIdentitiesOptions) {
    this.#options = options;
  }

  start(signal: AbortSignal): void {
    const { keeper, clock } = this.#options;
    const stopListening = keeper.onChange(() => this.#renew());
    let cancel: () => void = () => undefined;
    const look = (): void => {
      this.#renew();
      cancel = clock.after(lookMs, look);
    };
    look();
    const stop = (): void => {
      stopListening();
      cancel();
    };
    signal.addEventListener('abort', stop, { once: true });
  }

  /**
   * Calls back at once with a new identity, and with each that replaces it until the returned function is called.
   * Throws WEFT-CA-08 where none can be issued.
   */
  follow(certified: Certified, listener: (identity: WorkloadIdentity) => void): () => void {
    const { authority } = this.#options.keeper;
    if (authority === undefined) throw new WeftError('WEFT-CA-08', 'There is no certificate authority yet.');
    const follower: Follower = { ...certified, listener, roots: '', term: noTerm };
    this.#issue(follower, authority, 'connected');
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
      this.#due.delete(follower);
    };
  }

  #renew(): void {
    for (const follower of this.#followers) if (this.#reason(follower) !== undefined) this.#due.add(follower);
    if (this.#renewing) return;
    this.#renewing = true;
    this.#slice();
  }

  #slice(): void {
    const startedAt = performance.now();
    for (const follower of this.#due) {
      if (performance.now() - startedAt >= sliceMs) {
        setImmediate(() => this.#slice());
        return;
      }
      this.#due.delete(follower);
      this.#renewOne(follower);
    }
    this.#renewing = false;
  }

  #reason(follower: Follower): 'roots' | 'due' | undefined {
    const { keeper, clock } = this.#options;
    if (keeper.authority === undefined) return undefined;
    if (follower.roots !== keeper.authority.trustBundle) return 'roots';
    return isDue(follower.term, clock.now()) ? 'due' : undefined;
  }

  #renewOne(follower: Follower): void {
    const { keeper, clock, log } = this.#options;
    const reason = this.#reason(follower);
    if (reason === undefined || keeper.authority === undefined) return;
    try {
      this.#issue(follower, keeper.authority, reason);
    } catch (error) {
      follower.term = { ...follower.term, renewAtMs: clock.now() + lookMs };
      log.error(
        { identity: follower.identity, err: describeError(error) },
        'the identity of a workload could not be renewed',
      );
    }
  }

  #issue(follower: Follower, authority: Authority, reason: 'connected' | 'roots' | 'due'): void {
    const { clock, lifetimeMs, log } = this.#options;
    const { identity, subject } = follower;
    const leaf = authority.issueWorkloadWithKey({ identity, subject, lifetimeMs: lifetimeMs() });
    const { key, chain, notBeforeMs, notAfterMs, serial } = leaf;
    follower.term = termOf(leaf, clock.now() + lookMs);
    follower.roots = authority.trustBundle;
    identitiesIssued.inc({ reason });
    log.info(
      { identity, serial, reason, notAfter: new Date(notAfterMs).toISOString() },
      'certificate issued over the stream',
    );
    follower.listener({ key, chain, roots: authority.trustBundle, notBeforeMs, notAfterMs });
  }
}
