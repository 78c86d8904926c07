/**
 * How many certificates were signed, by whichever replica: counted from the requests, which all replicas watch, on top
 * of what the status said when this replica began to lead.
 */

import type { CertificateAuthority } from '../base/api.ts';
import type { PodCertificateRequest } from '../ca/pod-certificate-request.ts';
import type { Change, Collection } from '../graph/types.ts';

export class IssuedCount {
  readonly #counted = new Set<string>();
  issued: number;
  lastIssuedMs: number | undefined;

  /** Requests that are there and were answered after `lastIssued` happened while nobody led. */
  constructor(
    before: Pick<NonNullable<CertificateAuthority['status']>, 'issued' | 'lastIssued'>,
    requests: Collection<PodCertificateRequest>,
  ) {
    this.issued = before.issued ?? 0;
    this.lastIssuedMs = before.lastIssued === undefined ? undefined : Date.parse(before.lastIssued);
    const knownUntilMs = this.lastIssuedMs ?? Number.NEGATIVE_INFINITY;
    for (const [key, request] of requests.entries()) {
      const atMs = issuedAt(request);
      if (atMs === undefined) continue;
      if (atMs > knownUntilMs) this.#add(key, atMs);
      else this.#counted.add(key);
    }
  }

  /** Takes in what has changed; true where the count has. */
  see(changes: readonly Change<PodCertificateRequest>[]): boolean {
    const before = this.issued;
    for (const { key, after } of changes) {
      const atMs = after === undefined ? undefined : issuedAt(after);
      if (after === undefined) this.#counted.delete(key);
      else if (atMs !== undefined && !this.#counted.has(key)) this.#add(key, atMs);
    }
    return this.issued !== before;
  }

  #add(key: string, atMs: number): void {
    this.#counted.add(key);
    this.issued += 1;
    this.lastIssuedMs = Math.max(atMs, this.lastIssuedMs ?? atMs);
  }
}

function issuedAt(request: PodCertificateRequest): number | undefined {
  const condition = request.status?.conditions?.find(({ type }) => type === 'Issued');
  return condition === undefined ? undefined : Date.parse(condition.lastTransitionTime ?? '');
}
