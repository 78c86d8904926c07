/** The status of a MutualTLSPolicy: whether it is in use, for how many workloads, and what stands in its way. Pure. */

import { mergeConditions } from '../kube/status.ts';
import type { PolicyVerdict } from '../mesh/model.ts';
import type { StatusObject } from './status-controller.ts';

export function policyStatus(
  object: StatusObject,
  verdict: PolicyVerdict | undefined,
  nowMs: number,
): Required<StatusObject>['status'] | undefined {
  if (verdict === undefined) return undefined;
  const { status, reason, message } = verdict.accepted;
  const accepted = { type: 'Accepted', status: status ? 'True' : 'False', reason, message } as const;
  return {
    conditions: mergeConditions(
      object.status?.conditions,
      [{ ...accepted, observedGeneration: verdict.generation }],
      nowMs,
    ),
  };
}
