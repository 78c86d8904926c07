/**
 * Keeps the authority of the mesh: made once however many replicas start at the same moment, read from the Secret
 * `weft-ca`, taken up again whenever the Secret changes. The Secret reaches this class and no other; its contents are
 * never logged and never enter the graph.
 *
 *   nothing ── create, or lose the race and read ──> Authority ── Secret changed ──> another Authority
 *                                                       │
 *                       Secret damaged: keep the last good one, say so, overwrite nothing
 *                       Secret deleted: write the last good one back
 */

import { Backoff, wait } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { describeError, type WeftError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { type AuthorityMaterial, createAuthorityMaterial, renewIntermediate } from '../ca/material.ts';
import { isKubeError } from '../kube/errors.ts';
import { secrets } from '../kube/resources.ts';
import type { KubeApi, Sink } from '../kube/types.ts';
import {
  authoritySecretName,
  intermediateIsDue,
  materialOfSecret,
  secretOfMaterial,
  secretWithMaterial,
} from './authority-secret.ts';
import type { AuthorityLifetimes } from './authority-settings.ts';
import type { Secret } from './objects.ts';

export interface AuthorityKeeperOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Only the name of a new authority follows from it. */
  readonly trustDomain: () => string;
  readonly lifetimes: () => AuthorityLifetimes;
}

/** How long a Secret that was there and is gone is left to replicas that can write it back, before a new one is made. */
const restoreGraceMs = 10_000;

export class AuthorityKeeper implements Sink<Secret> {
  readonly #options: AuthorityKeeperOptions;
  readonly #listeners = new Set<(authority: Authority) => void>();
  #authority: Authority | undefined;
  #material: AuthorityMaterial | undefined;
  #secret: Secret | undefined;
  #fault: WeftError | undefined;
  #vanishedAtMs: number | undefined;
  #signal: AbortSignal | undefined;

  constructor(options: AuthorityKeeperOptions) {
    this.#options = options;
  }

  /** Undefined until the Secret was made or read; then always an authority, the last good one. */
  get authority(): Authority | undefined {
    return this.#authority;
  }

  /** Why the Secret as it is now cannot be used (WEFT-CA-01). */
  get fault(): WeftError | undefined {
    return this.#fault;
  }

  /**
   * Called with every new authority, at once where there is one already, and with the same one again when `fault`
   * comes or goes.
   */
  onChange(listener: (authority: Authority) => void): () => void {
    this.#listeners.add(listener);
    if (this.#authority !== undefined) listener(this.#authority);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Makes the Secret or reads it, and tries again until there is an authority or the signal aborts. A damaged
   * Secret is waited for, never replaced.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await this.#makeOrReadUntil(() => this.#authority !== undefined);
  }

  async #makeOrReadUntil(done: () => boolean): Promise<void> {
    const backoff = new Backoff({ initialMs: 50, maxMs: 5000 });
    while (!done() && this.#signal?.aborted !== true) {
      try {
        await this.#makeOrRead();
      } catch (error) {
        this.#options.log.warn(
          { err: describeError(error) },
          'the certificate authority is not available yet',
        );
      }
      if (!done()) await wait(backoff.next(), this.#signal);
    }
  }

  async #makeOrRead(): Promise<void> {
    const { api, namespace, clock } = this.#options;
    const found = await api.get<Secret>(secrets, authoritySecretName, namespace);
    if (found !== undefined) return this.#take(found);
    if (this.#material === undefined && this.#waitsForRestore()) return;
    const lifetimes = this.#options.lifetimes();
    const material =
      this.#material ??
      createAuthorityMaterial({
        trustDomain: this.#options.trustDomain(),
        rootLifetimeMs: lifetimes.rootMs,
        intermediateLifetimeMs: lifetimes.intermediateMs,
        clock,
      });
    await this.#write(() => api.create<Secret>(secrets, secretOfMaterial(material, namespace)));
  }

  #waitsForRestore(): boolean {
    return (
      this.#vanishedAtMs !== undefined &&
      this.#options.clock.monotonic() < this.#vanishedAtMs + restoreGraceMs
    );
  }

  /** Writes; where somebody else was first, theirs is the one that counts. */
  async #write(attempt: () => Promise<Secret>): Promise<void> {
    const { api, namespace, log } = this.#options;
    try {
      this.#take(await attempt());
    } catch (error) {
      if (!isKubeError(error, 409)) throw error;
      log.info('another replica wrote the certificate authority first');
      const theirs = await api.get<Secret>(secrets, authoritySecretName, namespace);
      if (theirs !== undefined) this.#take(theirs);
    }
  }

  #take(secret: Secret): void {
    this.#vanishedAtMs = undefined;
    const known = this.#secret?.metadata.resourceVersion;
    if (known !== undefined && known === secret.metadata.resourceVersion) return;
    this.#secret = secret;
    const [before, fault] = [this.#authority, this.#fault];
    this.#load(secret);
    if (this.#authority === undefined) return;
    if (this.#authority === before && this.#fault === fault) return;
    for (const listener of this.#listeners) listener(this.#authority);
  }

  #load(secret: Secret): void {
    const { clock, log } = this.#options;
    const material = materialOfSecret(secret);
    try {
      const authority = new Authority(material, clock);
      this.#fault = undefined;
      // Authority has proven that every part is there.
      this.#material = material as AuthorityMaterial;
      if (isSame(authority, this.#authority)) return;
      this.#authority = authority;
      log.info(
        { root: authority.root.serial, intermediate: authority.intermediate.serial },
        'certificate authority in use',
      );
    } catch (error) {
      this.#fault = error as WeftError;
      log.error({ err: describeError(error) }, 'the Secret of the certificate authority is not usable');
    }
  }

  /** Replaces the intermediate when it is due. Only the leader calls this; a concurrent writer would lose anyway. */
  async renewIfDue(): Promise<void> {
    const { api, clock, trustDomain, lifetimes } = this.#options;
    const secret = this.#secret;
    if (this.#authority === undefined || this.#material === undefined || secret === undefined) return;
    if (this.#fault !== undefined || !intermediateIsDue(this.#authority, clock.now())) return;
    const renewed = renewIntermediate(this.#material, {
      trustDomain: trustDomain(),
      intermediateLifetimeMs: lifetimes().intermediateMs,
      clock,
    });
    await this.#write(() => api.update<Secret>(secrets, secretWithMaterial(secret, renewed)));
  }

  /** Watch of the one Secret. */
  set(_key: string, secret: Secret): void {
    if (secret.metadata.name === authoritySecretName) this.#take(secret);
  }

  delete(_key: string): void {
    this.#secret = undefined;
    this.#vanishedAtMs = this.#options.clock.monotonic();
    this.#options.log.warn('the Secret of the certificate authority was deleted');
    // Without one of our own, `start` is still waiting and makes a new one in time.
    if (this.#material !== undefined) void this.#makeOrReadUntil(() => this.#secret !== undefined);
  }

  replace(entries: Iterable<readonly [string, Secret]>): void {
    let found = false;
    for (const [key, secret] of entries) {
      found = true;
      this.set(key, secret);
    }
    if (!found && this.#secret !== undefined) this.delete(authoritySecretName);
  }
}

function isSame(a: Authority, b: Authority | undefined): boolean {
  return a.root.serial === b?.root.serial && a.intermediate.serial === b.intermediate.serial;
}
