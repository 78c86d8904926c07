/**
 * Signs PodCertificateRequests for `weft.dev/workload`. Every replica may: the leader answers at once, the others
 * after a moment and only what is still unanswered, so that a pod does not wait for an election when the leader is
 * gone. Of two answers the API server takes the first, since each names the version it answers.
 */

import type { Clock } from '../base/clock.ts';
import { describeError, WeftError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { signerName } from '../base/names.ts';
import {
  type Answer,
  answerPodCertificateRequest,
  type PodCertificateRequest,
} from '../ca/pod-certificate-request.ts';
import type { Collection } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import { podCertificateRequests } from '../kube/resources.ts';
import type { KubeApi } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { certificateSeconds, certificatesAnswered } from './metrics.ts';

export interface SignerOptions {
  readonly api: Pick<KubeApi, 'updateStatus'>;
  /** Those of this signer, as `projectRequest` leaves them; keyed `namespace/name`. */
  readonly requests: Collection<PodCertificateRequest>;
  /** Keyed `namespace/name`. */
  readonly pods: Collection<MeshPod>;
  readonly keeper: Pick<AuthorityKeeper, 'authority' | 'onChange'>;
  readonly leadership: { readonly leading: boolean };
  readonly trustDomain: () => string;
  readonly workloadLifetimeMs: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a reflector with the field selector `spec.signerName=weft.dev/workload` keeps of a request. */
export function projectRequest(request: PodCertificateRequest): PodCertificateRequest | undefined {
  if (request.spec.signerName !== signerName) return undefined;
  const { name, namespace = '', uid = '', resourceVersion = '' } = request.metadata;
  const { conditions, notBefore, notAfter } = request.status ?? {};
  const dates = notBefore === undefined || notAfter === undefined ? {} : ({ notBefore, notAfter } as const);
  return {
    metadata: { name, namespace, uid, resourceVersion },
    spec: request.spec,
    ...(conditions === undefined ? {} : { status: { conditions, ...dates } }),
  };
}

/** How long the leader is given. Half of what a pod may notice: the kubelet looks again after 500 ms. */
const standInDelayMs = 50;
/** What is waited for comes with a watch event of its own as a rule; this is for when it does not. */
const waitMs = 1_000;
const concurrency = 32;

export class Signer {
  readonly #options: SignerOptions;
  readonly #queue: WorkQueue;
  /** The unanswered ones, and when each was first seen. */
  readonly #seenAtMs = new Map<string, number>();
  /** Versions of requests that were answered, by whomever, and of whose answer the watch has not told yet. */
  readonly #answered = new Map<string, string | undefined>();

  constructor(options: SignerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'signer',
      reconcile: (key) => this.#reconcile(key),
      log: options.log,
      clock: options.clock,
      concurrency,
      // A pod waits behind each failure: longer pauses than this would be felt.
      backoff: { initialMs: 20, maxMs: 10_000 },
    });
  }

  /** Answers until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { requests, pods, keeper } = this.#options;
    const all = (): void => {
      for (const key of requests.keys()) this.#see(key);
    };
    const stops = [
      requests.subscribe((changes) => {
        for (const { key } of changes) this.#see(key);
      }),
      pods.subscribe((changes) => {
        if (this.#seenAtMs.size === 0) return;
        const changed = new Set(changes.map(({ key }) => key));
        for (const key of this.#seenAtMs.keys()) if (changed.has(this.#podKeyOf(key))) this.#see(key);
      }),
      keeper.onChange(all),
    ];
    all();
    await this.#queue.run(signal);
    for (const stop of stops) stop();
  }

  #podKeyOf(key: string): string {
    const request = this.#options.requests.get(key);
    return `${request?.metadata.namespace}/${request?.spec.podName}`;
  }

  #see(key: string): void {
    const request = this.#options.requests.get(key);
    if (request === undefined || (request.status?.conditions ?? []).length > 0) {
      this.#seenAtMs.delete(key);
      this.#answered.delete(key);
      this.#queue.forget(key);
      return;
    }
    if (!this.#seenAtMs.has(key)) this.#seenAtMs.set(key, this.#options.clock.monotonic());
    this.#queue.addAfter(key, this.#options.leadership.leading ? 0 : standInDelayMs);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const request = this.#options.requests.get(key);
    if (request !== undefined && this.#answered.get(key) === request.metadata.resourceVersion)
      return undefined;
    // Without an authority nothing can be said yet; `keeper.onChange` brings the key back.
    const answer = request === undefined ? undefined : this.#answer(request);
    if (request === undefined || answer === undefined || answer.kind === 'ignore') return undefined;
    if (answer.kind === 'wait') {
      this.#options.log.info({ request: key, why: answer.why }, 'certificate request waits');
      return { requeueAfterMs: waitMs };
    }
    await this.#write(key, request, answer);
    return undefined;
  }

  #answer(request: PodCertificateRequest): Answer | undefined {
    const { keeper, pods, trustDomain, workloadLifetimeMs, clock } = this.#options;
    if (keeper.authority === undefined) return undefined;
    return answerPodCertificateRequest(request, {
      authority: keeper.authority,
      trustDomain: trustDomain(),
      lifetimeMs: workloadLifetimeMs(),
      pod: pods.get(`${request.metadata.namespace}/${request.spec.podName}`),
      nowMs: clock.now(),
    });
  }

  async #write(
    key: string,
    request: PodCertificateRequest,
    answer: Extract<Answer, { kind: 'issue' | 'deny' }>,
  ): Promise<void> {
    const { api, clock } = this.#options;
    try {
      await api.updateStatus(podCertificateRequests, { ...request, status: answer.status });
    } catch (error) {
      // It takes what begins within five minutes of its own time, and nothing else is wrong with what is signed here.
      if (
        isKubeError(error, 422) &&
        answer.status.notBefore !== undefined &&
        /notBefore/.test(error.message)
      ) {
        throw new WeftError(
          'WEFT-CA-09',
          `The API server takes no certificate that begins at ${answer.status.notBefore}, which is a minute ago here.`,
          { cause: error },
        );
      }
      if (!isKubeError(error, 409) && !isKubeError(error, 404)) throw error;
      // Answered by another replica, or taken back; the watch says which.
      this.#answered.set(key, request.metadata.resourceVersion);
      certificatesAnswered.inc({ result: 'taken' });
      return;
    }
    this.#answered.set(key, request.metadata.resourceVersion);
    certificatesAnswered.inc({ result: answer.kind === 'issue' ? 'issued' : 'denied' });
    certificateSeconds.observe((clock.monotonic() - (this.#seenAtMs.get(key) ?? clock.monotonic())) / 1000);
    this.#log(key, request, answer);
  }

  #log(
    key: string,
    request: PodCertificateRequest,
    answer: Extract<Answer, { kind: 'issue' | 'deny' }>,
  ): void {
    const { log } = this.#options;
    const about = { request: key, pod: request.spec.podName };
    if (answer.kind === 'deny') {
      log.warn({ ...about, err: describeError(answer.error) }, 'certificate request denied');
      return;
    }
    const { serial, notAfterMs } = answer.leaf;
    log.info(
      { ...about, identity: answer.identity, serial, notAfter: new Date(notAfterMs).toISOString() },
      'certificate issued',
    );
  }
}
