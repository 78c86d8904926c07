/**
 * From when until when the certificate of each pod of the mesh is valid, as far as anyone outside the pod can know: the
 * one its proxy presented when it connected, or the newest that was issued for it since. The requests alone would not
 * do, since Kubernetes deletes them after a quarter of an hour.
 */

import type { PodCertificateRequest } from '../ca/pod-certificate-request.ts';
import type { Change, Collection } from '../graph/types.ts';

export interface CertificateDates {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

interface Known extends CertificateDates {
  readonly uid: string;
}

export interface PodCertificatesOptions {
  /** Keyed `namespace/name`. */
  readonly pods: Collection<{ readonly uid: string }>;
  /** As `projectRequest` leaves them. */
  readonly requests: Collection<PodCertificateRequest>;
}

export class PodCertificates {
  readonly #pods: PodCertificatesOptions['pods'];
  /** By `namespace/name` of the pod. */
  readonly #known = new Map<string, Known>();

  constructor({ pods, requests }: PodCertificatesOptions) {
    this.#pods = pods;
    pods.subscribe((changes) => {
      for (const { key, after } of changes) {
        if (after?.uid !== this.#known.get(key)?.uid) this.#known.delete(key);
      }
    });
    requests.subscribe((changes) => this.#issued(changes));
  }

  /** A proxy has connected with this certificate. @param key `namespace/name` of its pod */
  presented(key: string, uid: string, dates: CertificateDates): void {
    const known = this.#known.get(key);
    if (known?.uid === uid && known.notBeforeMs > dates.notBeforeMs) return;
    // Whoever is gone is not kept: nothing would ever take it out again.
    if (this.#pods.get(key)?.uid !== uid) return;
    const { notBeforeMs, notAfterMs } = dates;
    this.#known.set(key, { uid, notBeforeMs, notAfterMs });
  }

  /** Undefined where its proxy has not connected to this replica and no certificate was issued since it started. */
  get(key: string): CertificateDates | undefined {
    const known = this.#known.get(key);
    return known === undefined ? undefined : { notBeforeMs: known.notBeforeMs, notAfterMs: known.notAfterMs };
  }

  #issued(changes: readonly Change<PodCertificateRequest>[]): void {
    for (const { after } of changes) {
      const { notBefore, notAfter } = after?.status ?? {};
      if (after === undefined || notBefore === undefined || notAfter === undefined) continue;
      const key = `${after.metadata.namespace ?? ''}/${after.spec.podName}`;
      this.presented(key, after.spec.podUID, {
        notBeforeMs: Date.parse(notBefore),
        notAfterMs: Date.parse(notAfter),
      });
    }
  }
}
