/** What a route's status should say. Pure: verdicts and progress in, `status.parents` out. */

import { controllerName } from '../base/names.ts';
import { mergeConditions } from '../kube/status.ts';
import type { Condition, KubeObject } from '../kube/types.ts';
import type { ParentRef } from '../mesh/kubernetes.ts';
import type { RouteVerdict } from '../mesh/model.ts';
import type { RouteProgress } from './route-progress.ts';
import { mergeEntries, partsOf } from './status-entries.ts';

const routeController = controllerName;
export const inForceCondition = 'weft.dev/InForce';

/** The API allows no more entries, nor longer messages. */
const mostParents = 32;
const longestMessage = 32_768;

/** One entry of `status.parents` (Gateway API, RouteParentStatus). */
export interface RouteParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

export interface RouteObject extends KubeObject {
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

/** For the reflector. Whether a Gateway is Weft's is not for it to know, so routes of all parents are kept. */
export function projectRouteStatus(route: RouteObject): RouteObject {
  const parents = route.status?.parents ?? [];
  const { name, namespace = '', uid = '', resourceVersion = '', generation = 0 } = route.metadata;
  return { metadata: { name, namespace, uid, resourceVersion, generation }, status: { parents } };
}

export interface ParentVerdict {
  readonly verdict: RouteVerdict;
  readonly progress: RouteProgress | undefined;
}

/** The whole `status.parents`, see mergeEntries. */
export function routeParents(
  current: readonly RouteParentStatus[],
  verdicts: readonly ParentVerdict[],
  nowMs: number,
): readonly RouteParentStatus[] {
  return mergeEntries({
    current,
    wanted: verdicts,
    refOfEntry: ({ parentRef }) => parentRef,
    refOfWanted: ({ verdict }) => verdict.parentRef,
    entry: (wanted, before) => parentStatus(wanted, before?.conditions, nowMs),
    most: mostParents,
  });
}

function parentStatus(
  { verdict, progress }: ParentVerdict,
  before: readonly Condition[] | undefined,
  nowMs: number,
): RouteParentStatus {
  return {
    parentRef: verdict.parentRef,
    controllerName: routeController,
    conditions: mergeConditions(before, conditionsOf(verdict, progress), nowMs),
  };
}

function conditionsOf(verdict: RouteVerdict, progress: RouteProgress | undefined): readonly Condition[] {
  const { generation: observedGeneration, partiallyInvalid } = verdict;
  const judged = (type: string, { status, reason, message }: RouteVerdict['accepted']): Condition => ({
    type,
    status: status ? 'True' : 'False',
    reason,
    message: message.slice(0, longestMessage),
    observedGeneration,
  });
  return [
    judged('Accepted', verdict.accepted),
    judged('ResolvedRefs', verdict.resolvedRefs),
    ...(partiallyInvalid === undefined
      ? []
      : [judged('PartiallyInvalid', { status: true, ...partiallyInvalid })]),
    { type: inForceCondition, observedGeneration, ...inForce(verdict, progress) },
  ];
}

function inForce(
  verdict: RouteVerdict,
  progress: RouteProgress | undefined,
): Pick<Condition, 'status' | 'reason' | 'message'> {
  if (!verdict.accepted.status) {
    return { status: 'False', reason: 'NotAccepted', message: 'No proxy gets a route that is not accepted.' };
  }
  const { proxies = 0, current = 0, rejected } = progress ?? {};
  if (rejected !== undefined) {
    const message = `WEFT-XDS-10: Envoy rejects what this route becomes; the last good version stays in force. Envoy says: ${rejected}`;
    return { status: 'False', reason: 'Rejected', message: message.slice(0, 2048) };
  }
  if (proxies === 0 && verdict.listeners.length > 0) {
    const message = 'No proxy that carries out the listener is connected at the moment.';
    return { status: 'False', reason: 'Pending', message };
  }
  if (proxies === 0) {
    return {
      status: 'True',
      reason: 'InForce',
      message: 'In force; no proxy uses the Service at the moment.',
    };
  }
  const message = `In force on ${current} of ${proxies} ${proxies === 1 ? 'proxy' : 'proxies'}.`;
  return current === proxies
    ? { status: 'True', reason: 'InForce', message }
    : { status: 'False', reason: 'Pending', message };
}

/** Everything our entries say but for messages: where this is equal, only counts have moved. */
export function substanceOf(parents: readonly RouteParentStatus[]): string {
  return JSON.stringify(
    ours(parents).map(({ parentRef, conditions = [] }) => [
      partsOf(parentRef),
      conditions.map(({ type, status, reason, observedGeneration }) => [
        type,
        status,
        reason,
        observedGeneration,
      ]),
    ]),
  );
}

/** Whether one of our entries says that proxies are still to get the route. */
export function isPending(parents: readonly RouteParentStatus[]): boolean {
  return ours(parents).some(({ conditions = [] }) =>
    conditions.some(({ type, reason }) => type === inForceCondition && reason === 'Pending'),
  );
}

function ours(parents: readonly RouteParentStatus[]): readonly RouteParentStatus[] {
  return parents.filter(({ controllerName }) => controllerName === routeController);
}
