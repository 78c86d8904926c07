/** CertificateAuthority `default` -> lifetimes. Without the object, or before it was read, the CRD's own defaults hold. */

import type { CertificateAuthority } from '../base/api.ts';

export interface AuthorityLifetimes {
  readonly rootMs: number;
  readonly intermediateMs: number;
  readonly workloadMs: number;
  readonly servingMs: number;
}

/** The one CertificateAuthority that counts. */
export const authorityName = 'default';

const defaults: CertificateAuthority['spec'] = {
  rootLifetime: '87600h',
  intermediateLifetime: '8760h',
  workloadLifetime: '24h',
  servingLifetime: '720h',
};

export function authorityLifetimes(
  authority: Pick<CertificateAuthority, 'spec'> | undefined,
): AuthorityLifetimes {
  const spec = { ...defaults, ...authority?.spec };
  return {
    rootMs: durationMs(spec.rootLifetime),
    intermediateMs: durationMs(spec.intermediateLifetime),
    workloadMs: durationMs(spec.workloadLifetime),
    servingMs: durationMs(spec.servingLifetime),
  };
}

/** `1h30m` -> milliseconds; the CRD lets nothing else through. */
function durationMs(text: string): number {
  const [, hours = '0', minutes = '0', seconds = '0'] =
    /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}
