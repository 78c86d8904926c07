/** The status of the MeshConfig: whether its settings are in use. Pure. */

import { mergeConditions } from '../kube/status.ts';
import type { Condition } from '../kube/types.ts';
import type { MeshSettings } from '../mesh/model.ts';
import type { StatusObject } from './status-controller.ts';

/** `failure` is what computing the settings threw; those from before are in use then. */
export function meshConfigStatus(
  object: StatusObject,
  settings: MeshSettings | undefined,
  failure: Error | undefined,
  nowMs: number,
): Required<StatusObject>['status'] | undefined {
  if (settings === undefined && failure === undefined) return undefined;
  const accepted: Condition = {
    type: 'Accepted',
    observedGeneration: object.metadata.generation ?? 0,
    ...(failure === undefined && settings !== undefined ? inUse(settings) : unusable(failure)),
  };
  return { conditions: mergeConditions(object.status?.conditions, [accepted], nowMs) };
}

type Judgement = Pick<Condition, 'status' | 'reason' | 'message'>;

function inUse({ trustDomain, mtls, outbound }: MeshSettings): Judgement {
  const message = `In use: trust domain ${trustDomain}, mutual TLS ${mtls}, connections out of the mesh ${outbound}.`;
  return { status: 'True', reason: 'Accepted', message };
}

function unusable(failure: Error | undefined): Judgement {
  const message = `The settings from before stay in use: ${failure?.message ?? 'these cannot be read'}`;
  return { status: 'False', reason: 'Invalid', message };
}
