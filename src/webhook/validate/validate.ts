/**
 * Validating admission for Weft's own kinds, for what their schemas cannot say. To add a kind: a file with its
 * checks, a line in the table below, codes in errors.ts with a page each in docs/errors.
 */

import { group } from '../../base/names.ts';
import { WeftError } from '../../base/errors.ts';
import { isObject } from '../inject/patch.ts';
import type { AdmissionRequest, Verdict } from '../review.ts';
import { certificateAuthorityChecks } from './certificateauthority.ts';
import { meshConfigChecks } from './meshconfig.ts';
import { mutualTLSPolicyChecks } from './mutualtlspolicy.ts';
import { type Check, runChecks } from './policy.ts';

const checksByKind: Readonly<Record<string, readonly Check<never>[]>> = {
  MeshConfig: meshConfigChecks,
  MutualTLSPolicy: mutualTLSPolicyChecks,
  CertificateAuthority: certificateAuthorityChecks,
};

/** The kinds the webhook configuration has to send here. */
export const validatedKinds: readonly string[] = Object.keys(checksByKind);

/** Throws WeftError WEFT-HOOK-02 where the request is about a kind that is not validated here. */
export function validateObject(request: AdmissionRequest): Verdict {
  const { kind, object, oldObject } = request;
  const checks = kind.group === group ? checksByKind[kind.kind] : undefined;
  if (checks === undefined) {
    throw new WeftError('WEFT-HOOK-02', `${kind.kind} is not validated here.`, { field: 'request.kind' });
  }
  for (const [field, value] of [['object', object] as const, ['oldObject', oldObject] as const]) {
    if (value === undefined || isObject(value['spec'])) continue;
    throw new WeftError('WEFT-HOOK-02', 'It has no spec.', { field: `request.${field}` });
  }
  const change = { object: object as never, old: oldObject as never };
  const { refusal, warnings } = runChecks(checks, change);
  const texts = warnings.map((finding) => finding.describe());
  if (refusal !== undefined) return { allowed: false, outcome: 'refused', reason: refusal, warnings: texts };
  return { allowed: true, outcome: 'accepted', warnings: texts };
}
