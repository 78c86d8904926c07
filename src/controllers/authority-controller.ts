/**
 * Looks after the CertificateAuthority `default`, as the leader: creates the object where there is none, renews the
 * intermediate when it is due, keeps the status true and warns long before anything expires.
 */

import type { CertificateAuthority } from '../base/api.ts';
import type { Clock } from '../base/clock.ts';
import { describeError, type WeftError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { apiVersion } from '../base/names.ts';
import type { PodCertificateRequest } from '../ca/pod-certificate-request.ts';
import type { Collection } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import { certificateAuthorities } from '../kube/resources.ts';
import { writeStatus } from '../kube/status.ts';
import type { KubeApi } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { authorityName } from './authority-settings.ts';
import { type AuthorityState, authorityProblem, authorityStatus, problemReason } from './authority-status.ts';
import { IssuedCount } from './issued-count.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { retryBackoff } from './retry.ts';
import { exposeExpiry } from './metrics.ts';

export interface AuthorityControllerOptions {
  readonly api: Pick<KubeApi, 'create' | 'applyStatus'>;
  readonly keeper: Pick<AuthorityKeeper, 'authority' | 'fault' | 'onChange' | 'renewIfDue'>;
  /** Keyed by name; whole objects. */
  readonly authorities: Collection<CertificateAuthority>;
  readonly requests: Collection<PodCertificateRequest>;
  readonly leadership: Leadership;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often time alone is looked at. */
const lookMs = 3_600_000;
const remindMs = 24 * lookMs;
/** Certificates may be issued by the thousand; how many is written this often at most. */
const countIntervalMs = 10_000;

export class AuthorityController {
  readonly #options: AuthorityControllerOptions;
  readonly #queue: WorkQueue;
  #count: IssuedCount | undefined;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #told: { readonly code: string; readonly atMs: number } | undefined;

  constructor(options: AuthorityControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'authority',
      reconcile: () => this.#reconcile(),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
    });
  }

  /** Acts while this replica leads, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { keeper, authorities, requests, leadership, clock } = this.#options;
    for (const name of ['root', 'intermediate'] as const) {
      exposeExpiry(name, () =>
        keeper.authority === undefined ? undefined : (keeper.authority[name].notAfterMs - clock.now()) / 1000,
      );
    }
    const look = (): void => this.#queue.add(authorityName);
    const stops = [
      keeper.onChange(look),
      authorities.subscribe(look),
      requests.subscribe((changes) => {
        if (this.#count?.see(changes) === true) look();
      }),
    ];
    await whileLeading(leadership, signal, async (term) => {
      look();
      await this.#queue.run(term);
      this.#count = undefined;
    });
    for (const stop of stops) stop();
  }

  async #reconcile(): Promise<ReconcileResult> {
    const { api, authorities, clock } = this.#options;
    await this.#renew();
    const object = authorities.get(authorityName);
    if (object === undefined) {
      await this.#create();
      return { requeueAfterMs: lookMs };
    }
    const state = this.#state(object);
    this.#warn(object, authorityProblem(state));
    const status = authorityStatus(object, state);
    const waitMs = this.#writtenAtMs + countIntervalMs - clock.monotonic();
    if (onlyCountDiffers(object.status, status) && waitMs > 0) return { requeueAfterMs: waitMs };
    const written = await writeStatus(api, certificateAuthorities, object, status, {
      fieldManager: 'weft-authority',
    });
    if (written) this.#writtenAtMs = clock.monotonic();
    return { requeueAfterMs: lookMs };
  }

  /** What cannot be renewed is told by `authorityProblem` in time; everything else must go on. */
  async #renew(): Promise<void> {
    try {
      await this.#options.keeper.renewIfDue();
    } catch (error) {
      this.#options.log.error({ err: describeError(error) }, 'the intermediate could not be renewed');
    }
  }

  async #create(): Promise<void> {
    const { api, log } = this.#options;
    const object = { apiVersion, kind: 'CertificateAuthority', metadata: { name: authorityName }, spec: {} };
    try {
      await api.create(certificateAuthorities, object);
      log.info({ name: authorityName }, 'CertificateAuthority created with the default lifetimes');
    } catch (error) {
      if (!isKubeError(error, 409)) throw error;
    }
  }

  #state(object: CertificateAuthority): AuthorityState {
    const { keeper, requests, clock } = this.#options;
    // What was counted before this replica led stands in the object.
    this.#count ??= new IssuedCount(object.status ?? {}, requests);
    const { issued, lastIssuedMs } = this.#count;
    return { authority: keeper.authority, fault: keeper.fault, issued, lastIssuedMs, nowMs: clock.now() };
  }

  #warn(object: CertificateAuthority, problem: WeftError | undefined): void {
    const { clock, events, log } = this.#options;
    if (problem === undefined) {
      this.#told = undefined;
      return;
    }
    if (this.#told?.code === problem.code && clock.monotonic() < this.#told.atMs + remindMs) return;
    this.#told = { code: problem.code, atMs: clock.monotonic() };
    const { name, uid = '' } = object.metadata;
    log.warn({ err: problem.describe() }, 'the certificate authority needs attention');
    events.record({
      regarding: { apiVersion, kind: 'CertificateAuthority', name, uid },
      type: 'Warning',
      reason: problemReason(problem),
      action: 'Renew',
      note: problem.describe(),
    });
  }
}

function onlyCountDiffers(
  current: CertificateAuthority['status'],
  wanted: NonNullable<CertificateAuthority['status']>,
): boolean {
  const rest = (status: CertificateAuthority['status']): string =>
    JSON.stringify([
      status?.root?.serial,
      status?.intermediate?.serial,
      status?.conditions?.map((c) => [c.reason, c.status, c.observedGeneration]),
    ]);
  return current !== undefined && rest(current) === rest(wanted);
}
