/**
 * Validating admission for Weft's own kinds, for what their schemas cannot say. To add a kind: a file with its
 * checks, a line in the table below, codes in errors.ts with a page each in docs/errors.
 */

import { certificateAuthorityChecks } from './certificateauthority.ts';
import { meshConfigChecks } from './meshconfig.ts';
import { mutualTLSPolicyChecks } from './mutualtlspolicy.ts';
import { telemetryPolicyChecks } from './telemetry.ts';
import { type Change, type Check, type Findings, runChecks } from './policy.ts';

const checksByKind: Readonly<Record<string, readonly Check<never>[]>> = {
  MeshConfig: meshConfigChecks,
  MutualTLSPolicy: mutualTLSPolicyChecks,
  TelemetryPolicy: telemetryPolicyChecks,
  CertificateAuthority: certificateAuthorityChecks,
};

/** The kinds of group weft.dev that the webhook configuration has to send here. */
export const validatedKinds: readonly string[] = Object.keys(checksByKind);

/**
 * What is wrong with a change, or worth a warning; undefined for a kind that is not validated here. The objects have
 * passed their schema, so that their fields are as their types say, defaults filled in.
 */
export function validateChange(kind: string, change: Change<unknown>): Findings | undefined {
  const checks = Object.hasOwn(checksByKind, kind) ? checksByKind[kind] : undefined;
  return checks === undefined ? undefined : runChecks(checks, change as Change<never>);
}
