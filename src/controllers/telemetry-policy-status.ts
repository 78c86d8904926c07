/** The status of a TelemetryPolicy: whether it is in use, for what, and on how many proxies. Pure. */

import { mergeConditions } from '../kube/status.ts';
import type { Condition } from '../kube/types.ts';
import type { TelemetryVerdict } from '../mesh/model.ts';
import type { RouteProgress } from './route-progress.ts';
import type { StatusObject } from './status-controller.ts';

/** `progress` is absent where no proxy is concerned. */
export function telemetryPolicyStatus(
  object: StatusObject,
  verdict: TelemetryVerdict | undefined,
  progress: RouteProgress | undefined,
  nowMs: number,
): Required<StatusObject>['status'] | undefined {
  if (verdict === undefined) return undefined;
  const { generation, accepted } = verdict;
  const { status, reason, message } = accepted;
  const conditions: Condition[] = [
    { type: 'Accepted', status: status ? 'True' : 'False', reason, message, observedGeneration: generation },
    { type: 'Programmed', ...programmed(status, progress), observedGeneration: generation },
  ];
  return { conditions: mergeConditions(object.status?.conditions, conditions, nowMs) };
}

function programmed(
  accepted: boolean,
  progress: RouteProgress | undefined,
): Pick<Condition, 'status' | 'reason' | 'message'> {
  if (!accepted) {
    return {
      status: 'False',
      reason: 'NotAccepted',
      message: 'No proxy is told of a policy that is not accepted.',
    };
  }
  if (progress?.rejected !== undefined) {
    return { status: 'False', reason: 'Rejected', message: `A proxy rejected it: ${progress.rejected}` };
  }
  const { proxies = 0, current = 0 } = progress ?? {};
  const message = `In force on ${current} of ${proxies} connected proxies.`;
  if (current < proxies) return { status: 'False', reason: 'Pending', message };
  return { status: 'True', reason: 'Programmed', message };
}
