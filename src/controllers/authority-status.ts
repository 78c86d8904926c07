/** The status of the CertificateAuthority, and what to warn of. Pure. */

import type { CertificateAuthority } from '../base/api.ts';
import { WeftError } from '../base/errors.ts';
import type { Authority, AuthorityCertificate } from '../ca/authority.ts';
import { formatTime, mergeConditions } from '../kube/status.ts';
import type { Condition } from '../kube/types.ts';
import { intermediateIsDue } from './authority-secret.ts';

export interface AuthorityState {
  readonly authority: Authority | undefined;
  /** Why the Secret as it is cannot be used. */
  readonly fault: WeftError | undefined;
  readonly issued: number;
  readonly lastIssuedMs: number | undefined;
  readonly nowMs: number;
}

const yearMs = 365 * 86_400_000;
/** An intermediate that is due is renewed within the hour; a day later something is in the way. */
const overdueMs = 86_400_000;

/** What is wrong or will be, most urgent first; undefined while all is well. */
export function authorityProblem(state: AuthorityState): WeftError | undefined {
  const { authority, fault, nowMs } = state;
  if (fault !== undefined) return fault;
  if (authority === undefined) return undefined;
  const { root, intermediate } = authority;
  if (intermediate.notAfterMs <= nowMs || intermediateIsDue(authority, nowMs - overdueMs)) {
    return new WeftError('WEFT-CA-08', `The intermediate ends at ${formatTime(intermediate.notAfterMs)}.`);
  }
  if (root.notAfterMs - nowMs < Math.min((root.notAfterMs - root.notBeforeMs) / 4, yearMs)) {
    return new WeftError('WEFT-CA-07', `It ends at ${formatTime(root.notAfterMs)}.`);
  }
  return undefined;
}

/** One word per problem, for conditions and Events. */
export function problemReason(problem: WeftError): string {
  if (problem.code === 'WEFT-CA-07') return 'RootExpiresSoon';
  return problem.code === 'WEFT-CA-08' ? 'IntermediateNotRenewed' : 'SecretDamaged';
}

export function authorityStatus(
  object: CertificateAuthority,
  state: AuthorityState,
): NonNullable<CertificateAuthority['status']> {
  const { authority, issued, lastIssuedMs, nowMs } = state;
  return {
    ...(authority === undefined
      ? {}
      : { root: certificate(authority.root), intermediate: certificate(authority.intermediate) }),
    ...(lastIssuedMs === undefined ? {} : { lastIssued: formatTime(lastIssuedMs) }),
    issued,
    conditions: mergeConditions(object.status?.conditions, [readyCondition(object, state)], nowMs).map(
      (condition) => ({
        ...condition,
        lastTransitionTime: condition.lastTransitionTime ?? formatTime(nowMs),
      }),
    ),
  };
}

function certificate({ serial, notBeforeMs, notAfterMs, fingerprint }: AuthorityCertificate) {
  return { serial, notBefore: formatTime(notBeforeMs), notAfter: formatTime(notAfterMs), fingerprint };
}

function readyCondition(object: CertificateAuthority, state: AuthorityState): Condition {
  const { authority, nowMs } = state;
  const observedGeneration = object.metadata.generation ?? 0;
  const signs = authority !== undefined && authority.intermediate.notAfterMs > nowMs;
  const common = { type: 'Ready', status: signs ? 'True' : 'False', observedGeneration } as const;
  const problem = authorityProblem(state);
  if (problem !== undefined)
    return { ...common, reason: problemReason(problem), message: problem.describe() };
  if (!signs) return { ...common, reason: 'NotAvailable', message: 'There is no certificate authority yet.' };
  return {
    ...common,
    reason: 'Ready',
    message: 'Signs certificates; the intermediate is renewed by itself.',
  };
}
