/**
 * Who reports: the workload of the connection, by its certificate or its token. Nothing that a report says can change
 * it, so that nobody can report for another.
 */

import { describeError } from '../base/errors.ts';
import { parseSubject } from '../base/signals.ts';
import { parseIdentity } from '../base/spiffe.ts';
import type { Collection } from '../graph/types.ts';
import type { TokenVerdict } from '../kube/token-review.ts';
import type { MeshPod } from '../mesh/model.ts';
import { workloadEnd } from './ends.ts';
import { telemetryError } from './errors.ts';
import type { TrafficEnd } from './model.ts';

/** What the server of the connection knows of its other end. */
export type ReportingPeer =
  | {
      readonly kind: 'certificate';
      /** SPIFFE ID, proven. */
      readonly uri: string;
      /** One attribute per line. */
      readonly subject: string;
    }
  | { readonly kind: 'token'; readonly token: () => string };

export interface Reporter {
  readonly end: TrafficEnd;
  /** For the limits and the log: `shop/Deployment/web`. */
  readonly key: string;
}

export interface ReportersOptions {
  readonly pods: Collection<MeshPod>;
  /** Asks the API server whose a token is; rejects where it does not answer. */
  readonly review: (token: string) => Promise<TokenVerdict>;
}

export class Reporters {
  readonly #options: ReportersOptions;
  /** By connection: the server hands out the same object for all its calls. */
  readonly #byPeer = new WeakMap<ReportingPeer, Reporter>();
  readonly #byEnd = new Map<string, Reporter>();

  constructor(options: ReportersOptions) {
    this.#options = options;
  }

  /** Rejects with WEFT-TEL-02 where it is no workload of the mesh. */
  async of(peer: ReportingPeer): Promise<Reporter> {
    const known = this.#byPeer.get(peer);
    if (known !== undefined) return known;
    const end = peer.kind === 'token' ? await this.#ofToken(peer.token()) : this.#ofCertificate(peer);
    const reporter = this.#shared(end);
    this.#byPeer.set(peer, reporter);
    return reporter;
  }

  /** One object for all pods of a workload and version. */
  #shared(end: TrafficEnd): Reporter {
    const key = `${end.namespace}/${end.name}`;
    const name = `${key}|${end.version}`;
    const known = this.#byEnd.get(name);
    if (known !== undefined) return known;
    if (this.#byEnd.size >= 10_000) this.#byEnd.clear();
    const reporter = { end, key };
    this.#byEnd.set(name, reporter);
    return reporter;
  }

  #ofCertificate({ uri, subject }: { readonly uri: string; readonly subject: string }): TrafficEnd {
    const identity = parseIdentity(uri);
    if (identity === undefined) throw telemetryError('WEFT-TEL-02', `${uri} is no identity of a workload.`);
    const { namespace, workload, version } = parseSubject(subject.split('\n').join(','));
    const end = workloadEnd(namespace, workload, version);
    if (end !== undefined && namespace === identity.namespace) return end;
    return this.#ofIdentity(uri, identity.namespace, identity.serviceAccount);
  }

  /** Certificates from before Weft wrote subjects: the service account tells, where it is that of one workload alone. */
  #ofIdentity(uri: string, namespace: string, serviceAccount: string): TrafficEnd {
    let found: MeshPod | undefined;
    for (const [, pod] of this.#options.pods.entries()) {
      if (!pod.meshed || pod.namespace !== namespace || pod.serviceAccount !== serviceAccount) continue;
      if (found !== undefined && found.workload !== pod.workload) {
        throw telemetryError('WEFT-TEL-02', `${uri} is the identity of more than one workload.`);
      }
      found = pod;
    }
    if (found === undefined) throw telemetryError('WEFT-TEL-02', `No pod of the mesh runs as ${uri}.`);
    return ofPod(found);
  }

  async #ofToken(token: string): Promise<TrafficEnd> {
    const verdict = await this.#options.review(token).catch((error: unknown) => {
      throw telemetryError('WEFT-TEL-02', `The token cannot be verified: ${describeError(error)}`, {
        cause: error,
      });
    });
    if (verdict.kind === 'refused') {
      throw telemetryError('WEFT-TEL-02', `The token is refused: ${verdict.why}.`);
    }
    const { namespace, podName, podUid } = verdict.holder;
    const pod = this.#options.pods.get(`${namespace}/${podName}`);
    if (pod === undefined || pod.uid !== podUid || !pod.meshed) {
      throw telemetryError(
        'WEFT-TEL-02',
        `Pod ${namespace}/${podName} with UID ${podUid} is not in the mesh.`,
      );
    }
    return ofPod(pod);
  }
}

function ofPod(pod: MeshPod): TrafficEnd {
  // The key of a workload is its namespace, kind and name.
  const workload = pod.workload.slice(pod.namespace.length + 1);
  const end = workloadEnd(pod.namespace, workload, pod.version);
  if (end === undefined) throw telemetryError('WEFT-TEL-02', `${pod.workload} is no workload.`);
  return end;
}
