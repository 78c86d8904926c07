/** CertificateAuthority: its schema refuses what is wrong; here stands what people may not expect. */

import type { CertificateAuthority } from '../../base/api.ts';
import type { Check, Finding } from './policy.ts';

export const certificateAuthorityChecks: readonly Check<CertificateAuthority>[] = [
  { outcome: 'warn', find: ({ object, old }) => rootLifetimeChanged(object, old) },
  { outcome: 'warn', find: ({ object }) => (object === undefined ? [deleted] : []) },
];

const deleted: Finding = {
  code: 'WEFT-VAL-21',
  message: 'It is created again with the default lifetimes.',
};

function rootLifetimeChanged(
  object: CertificateAuthority | undefined,
  old: CertificateAuthority | undefined,
): Finding[] {
  const expires = old?.status?.root?.notAfter;
  if (object === undefined || expires === undefined) return [];
  if (object.spec.rootLifetime === old?.spec.rootLifetime) return [];
  const message = `The root in use still expires on ${expires.slice(0, 10)}.`;
  return [{ code: 'WEFT-VAL-20', message, field: 'spec.rootLifetime' }];
}
