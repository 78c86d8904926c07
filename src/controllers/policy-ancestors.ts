/** What the status of a policy of Gateway API should say, ancestor by ancestor. Pure: verdict in, `status` out. */

import { controllerName } from '../base/names.ts';
import type { Condition as KubeCondition } from '../kube/types.ts';
import type { Condition } from '../mesh/gateway-model.ts';
import type { ParentRef } from '../mesh/kubernetes.ts';
import { kubeConditions } from './gateway-status.ts';
import type { StatusObject } from './status-controller.ts';
import { mergeEntries } from './status-entries.ts';

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

/** All entries, see mergeEntries. Undefined: there is nothing to say, and nothing of ours to take back. */
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
  const generation = verdict?.generation ?? 0;
  const ancestors = mergeEntries<PolicyAncestor, AncestorsVerdict['ancestors'][number]>({
    current,
    wanted: verdict?.ancestors ?? [],
    refOfEntry: ({ ancestorRef }) => ancestorRef,
    refOfWanted: ({ ref }) => ref,
    entry: ({ ref, conditions }, before) => ({
      ancestorRef: ref,
      controllerName,
      conditions: kubeConditions(conditions, generation, before?.conditions, nowMs),
    }),
    most: mostAncestors,
  });
  return { ancestors };
}
