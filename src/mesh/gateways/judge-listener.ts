/** The conditions of one listener, from what it is, what it meets and what it refers to. Pure. */

import type { Condition, ListenerTLS } from '../gateway-model.ts';
import type { Conflict } from './conflicts.ts';
import type { ResolvedTLS } from './listener-tls.ts';
import type { ReadListener } from './listeners.ts';

/** What was found out about a listener before it is known whether its object holds. */
export interface Draft {
  readonly listener: ReadListener;
  readonly resolved: ResolvedTLS;
  /** By itself it could be carried out; whether it is also depends on whose it is. */
  readonly sound: boolean;
  readonly accepted: Condition;
  readonly conflicted?: Condition;
  readonly resolvedRefs: Condition;
}

type Shown =
  | 'key'
  | 'parent'
  | 'section'
  | 'port'
  | 'protocol'
  | 'hostname'
  | 'tlsMode'
  | 'namespaces'
  | 'kinds';

export interface JudgedListener extends Pick<ReadListener, Shown> {
  readonly tls?: ListenerTLS;
  /** Accepted, ResolvedRefs, and where they hold Conflicted and OverlappingTLSConfig; Programmed where it cannot be. */
  readonly conditions: readonly Condition[];
  readonly served: boolean;
}

export type Obstacle = Pick<Condition, 'reason' | 'message'>;

export function draftListener(
  listener: ReadListener,
  resolved: ResolvedTLS,
  conflict: Conflict | undefined,
): Draft {
  const problem = listener.problem ?? conflict ?? resolved.problem;
  return {
    listener,
    resolved,
    sound: problem === undefined && (listener.tlsMode === undefined || resolved.tls !== undefined),
    accepted:
      problem === undefined
        ? condition('Accepted', true, 'Accepted', 'the listener is accepted')
        : condition('Accepted', false, problem.reason, problem.message),
    ...(conflict === undefined
      ? {}
      : { conflicted: condition('Conflicted', true, conflict.reason, conflict.message) }),
    resolvedRefs: resolvedRefsOf(listener, resolved),
  };
}

function resolvedRefsOf({ invalidKinds, protocol }: ReadListener, { unresolved }: ResolvedTLS): Condition {
  if (unresolved !== undefined)
    return condition('ResolvedRefs', false, unresolved.reason, unresolved.message);
  if (invalidKinds.length > 0) {
    const what = `a listener of protocol ${protocol ?? 'that is not supported'}`;
    const message = `allowedRoutes.kinds: ${what} takes no ${invalidKinds.join(', ')}`;
    return condition('ResolvedRefs', false, 'InvalidRouteKinds', message);
  }
  return condition('ResolvedRefs', true, 'ResolvedRefs', 'everything it refers to holds');
}

/** `obstacle`: why nothing of its object is carried out; `overlap`: that it overlaps with others. */
export function finishListener(
  draft: Draft,
  obstacle: Obstacle | undefined,
  overlap: Condition | undefined,
): JudgedListener {
  const { listener, resolved, accepted, conflicted, resolvedRefs } = draft;
  const { key, parent, section, port, protocol, hostname, tlsMode, namespaces, kinds } = listener;
  const reason = draft.sound ? obstacle : flawOf(draft);
  return {
    key,
    parent,
    section,
    port,
    ...(protocol === undefined ? {} : { protocol }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(tlsMode === undefined ? {} : { tlsMode }),
    namespaces,
    kinds,
    ...(resolved.tls === undefined ? {} : { tls: resolved.tls }),
    served: reason === undefined,
    conditions: [
      accepted,
      ...(conflicted === undefined ? [] : [conflicted]),
      resolvedRefs,
      ...(reason === undefined ? [] : [condition('Programmed', false, reason.reason, reason.message)]),
      ...(overlap === undefined ? [] : [overlap]),
    ],
  };
}

/** Why a listener that is not sound cannot be programmed. */
function flawOf({ accepted, conflicted, resolvedRefs }: Draft): Obstacle {
  if (accepted.status) return { reason: 'Invalid', message: resolvedRefs.message };
  return { reason: conflicted?.reason ?? 'Invalid', message: accepted.message };
}

export function condition(type: string, status: boolean, reason: string, message: string): Condition {
  return { type, status, reason, message };
}
