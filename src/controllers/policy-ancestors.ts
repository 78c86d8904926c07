/** What the status of a policy of Gateway API should say, ancestor by ancestor. Pure: verdict in, `status` out. */

import { controllerName } from '../base/names.ts';
import type { Condition as KubeCondition } from '../kube/types.ts';
import type { Condition } from '../mesh/gateway-model.ts';
import type { ParentRef } from '../mesh/kubernetes.ts';
import { kubeConditions } from './gateway-status.ts';
import type { StatusObject } from './status-controller.ts';

/** One entry of `status.ancestors` (Gateway API, PolicyAncestorStatus). */
export interface PolicyAncestor {
  readonly ancestorRef: ParentRef;
  readonly controllerName: string;
  readonly conditions: readonly KubeCondition[];
}

/** The API allows no more entries. */
const mostAncestors = 16;

export interface AncestorsVerdict {
  readonly generation: number;
  readonly ancestors: readonly { readonly ref: ParentRef; readonly conditions: readonly Condition[] }[];
}

/**
 * Entries of other controllers as they are, ours brought up to date where they stand, new ones at the end as long as
 * there is room. Undefined: there is nothing to say, and nothing of ours to take back.
 */
export function policyAncestors(
  object: StatusObject,
  verdict: AncestorsVerdict | undefined,
  nowMs: number,
): { readonly ancestors: readonly PolicyAncestor[] } | undefined {
  const { ancestors: current = [] } = (object.status ?? {}) as {
    readonly ancestors?: readonly PolicyAncestor[];
  };
  const told = current.some((ancestor) => ancestor.controllerName === controllerName);
  if (verdict === undefined && !told) return undefined;
  const left = new Map((verdict?.ancestors ?? []).map((ancestor) => [partsOf(ancestor.ref), ancestor]));
  const generation = verdict?.generation ?? 0;
  const entry = (
    { ref, conditions }: AncestorsVerdict['ancestors'][number],
    before: readonly KubeCondition[] | undefined,
  ): PolicyAncestor => ({
    ancestorRef: ref,
    controllerName,
    conditions: kubeConditions(conditions, generation, before, nowMs),
  });
  const kept = current.flatMap((ancestor) => {
    if (ancestor.controllerName !== controllerName) return [ancestor];
    const parts = partsOf(ancestor.ancestorRef);
    const ours = left.get(parts);
    left.delete(parts);
    return ours === undefined ? [] : [entry(ours, ancestor.conditions)];
  });
  const added = [...left.values()].map((ancestor) => entry(ancestor, undefined));
  return { ancestors: [...kept, ...added].slice(0, Math.max(kept.length, mostAncestors)) };
}

function partsOf({ group, kind, namespace, name, sectionName, port }: ParentRef): string {
  return JSON.stringify([group, kind, namespace, name, sectionName, port]);
}
