/**
 * The control plane's own certificate, for the webhook and for ADS: issued by the mesh's authority, one per replica,
 * its key only in memory. Renewed at two thirds of its life, and whenever another root or trust domain takes over,
 * without a restart: the servers are handed each new one.
 */

import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { formatIdentity } from '../base/spiffe.ts';
import type { Authority, IssuedLeaf } from '../ca/authority.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { exposeExpiry } from './metrics.ts';
import { isDue, noTerm, termOf } from './renewal.ts';

export interface ServingIdentity {
  readonly namespace: string;
  readonly serviceName: string;
  readonly serviceAccount: string;
  readonly trustDomain: string;
}

/** What a TLS server needs, as PEM; `ca` is what clients are verified against. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly serial: string;
  readonly notAfterMs: number;
}

export interface ServingOptions {
  readonly keeper: Pick<AuthorityKeeper, 'authority' | 'onChange'>;
  /** Read at every issue: the trust domain may only be known once MeshConfig was read. */
  readonly identity: () => ServingIdentity;
  readonly lifetimeMs: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The names by which the API server and proxies reach a Service. */
export function servingNames(identity: ServingIdentity): readonly string[] {
  const { serviceName, namespace } = identity;
  const inCluster = `${serviceName}.${namespace}.svc`;
  return [inCluster, `${inCluster}.cluster.local`, `${serviceName}.${namespace}`];
}

/** A timer of the platform reaches 24 days; a minute also makes up for a machine that slept, or whose clock was set. */
const longestSleepMs = 60_000;
/** Also where the authority is about to end and cuts every certificate shorter than the one before. */
const shortestIntervalMs = 30_000;

export class ServingCertificates {
  readonly #options: ServingOptions;
  readonly #listeners = new Set<(certificate: ServingCertificate) => void>();
  #certificate: ServingCertificate | undefined;
  #issuedFor = '';
  #term = noTerm;
  #cancelTimer: () => void = () => {};
  #stopListening: () => void = () => {};

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /** Undefined until the authority is there. */
  get current(): ServingCertificate | undefined {
    return this.#certificate;
  }

  /** Called with every new certificate; at once where there is one already. */
  onChange(listener: (certificate: ServingCertificate) => void): () => void {
    this.#listeners.add(listener);
    if (this.#certificate !== undefined) listener(this.#certificate);
    return () => this.#listeners.delete(listener);
  }

  start(signal: AbortSignal): void {
    this.#stopListening = this.#options.keeper.onChange((authority) => {
      // A new intermediate needs nothing here; another root makes clients refuse what was issued before.
      if (this.#certificate?.ca !== authority.trustBundle) this.#issue(authority);
    });
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    exposeExpiry('serving', () =>
      this.#certificate === undefined
        ? undefined
        : (this.#certificate.notAfterMs - this.#options.clock.now()) / 1000,
    );
  }

  /** Issues a new certificate where the identity is no longer the one that the current one was issued for. */
  refresh(): void {
    const { keeper, identity } = this.#options;
    if (this.#certificate === undefined || keeper.authority === undefined) return;
    if (formatIdentity(identity()) !== this.#issuedFor) this.#issue(keeper.authority);
  }

  #stop(): void {
    this.#stopListening();
    this.#cancelTimer();
  }

  #check(): void {
    const { authority } = this.#options.keeper;
    if (authority !== undefined && isDue(this.#term, this.#options.clock.now())) this.#issue(authority);
    else this.#sleep();
  }

  #sleep(): void {
    this.#cancelTimer();
    const { clock } = this.#options;
    const delayMs = Math.max(0, Math.min(this.#term.renewAtMs - clock.now(), longestSleepMs));
    this.#cancelTimer = clock.after(delayMs, () => this.#check());
  }

  #issue(authority: Authority): void {
    const { clock, log } = this.#options;
    try {
      const leaf = this.#newLeaf(authority);
      this.#term = termOf(leaf, clock.now() + shortestIntervalMs);
      const { chain, key, serial, notAfterMs } = leaf;
      this.#certificate = { cert: chain, key, ca: authority.trustBundle, serial, notAfterMs };
      log.info({ serial, notAfter: new Date(notAfterMs).toISOString() }, 'serving certificate issued');
    } catch (error) {
      this.#term = { ...this.#term, renewAtMs: clock.now() + shortestIntervalMs };
      this.#sleep();
      log.error({ err: describeError(error) }, 'no serving certificate could be issued');
      return;
    }
    this.#sleep();
    for (const listener of this.#listeners) listener(this.#certificate);
  }

  #newLeaf(authority: Authority): IssuedLeaf & { readonly key: string } {
    const identity = this.#options.identity();
    const uri = formatIdentity(identity);
    const leaf = authority.issueServing({
      dnsNames: servingNames(identity),
      uri,
      lifetimeMs: this.#options.lifetimeMs(),
    });
    this.#issuedFor = uri;
    return leaf;
  }
}
