/** What became of each Gateway and ListenerSet: the truth that their status repeats. */

import type { Collection, GraphApi, Index, Read } from '../../graph/types.ts';
import type { Condition, GatewayVerdict, ListenerSetVerdict, ListenerVerdict } from '../gateway-model.ts';
import type { MeshSources } from '../sources.ts';
import type { JudgedGateway, JudgedSet } from './judge.ts';
import { condition, type JudgedListener } from './judge-listener.ts';
import { gatewayGroup } from './listeners.ts';

/** By key of the listener: the routes attached to it; one that is invalid is not accepted. */
export type RoutesByListener = Index<{ readonly invalid: boolean }>;

export interface VerdictContext {
  readonly sources: MeshSources;
  readonly judged: Collection<JudgedGateway>;
  readonly routesByListener: RoutesByListener;
}

export function deriveVerdicts(
  graph: GraphApi,
  context: VerdictContext,
): {
  readonly gatewayVerdicts: Collection<GatewayVerdict>;
  readonly listenerSetVerdicts: Collection<ListenerSetVerdict>;
} {
  const { sources, judged } = context;
  const counts = graph.derive(
    'attachedRoutes',
    context.routesByListener,
    (_, routes) => routes.filter(({ value }) => !value.invalid).length,
  );
  const verdictOn = (listener: JudgedListener, read: Read): ListenerVerdict => ({
    name: listener.section,
    supportedKinds: listener.kinds.map((kind) => ({ group: gatewayGroup, kind })),
    attachedRoutes: read(counts, listener.key) ?? 0,
    conditions: listener.conditions,
  });
  return {
    gatewayVerdicts: graph.derive(
      'gatewayVerdicts',
      judged,
      (_, { generation, conditions, accepted, listeners, sets }, read) => ({
        generation,
        conditions: accepted ? conditions : [...conditions, notProgrammed('Invalid', 'it is not accepted')],
        listeners: listeners.map((listener) => verdictOn(listener, read)),
        attachedListenerSets: sets.filter((set) => set.accepted.status).length,
      }),
    ),
    listenerSetVerdicts: graph.expand('listenerSetVerdicts', judged, (gateway, { sets }, read) =>
      sets.flatMap((set): readonly (readonly [string, ListenerSetVerdict])[] => {
        const generation = read(sources.listenerSets, set.key)?.generation;
        if (generation === undefined) return [];
        const verdict = {
          generation,
          gateway,
          conditions: conditionsOf(set),
          listeners: set.listeners.map((each) => ({ ...verdictOn(each, read), port: each.port })),
        };
        return [[set.key, verdict]];
      }),
    ),
  };
}

function conditionsOf({ accepted }: JudgedSet): readonly Condition[] {
  if (accepted.status) return [accepted];
  const reason = accepted.reason === 'ParentNotAccepted' ? 'ParentNotProgrammed' : accepted.reason;
  return [accepted, notProgrammed(reason, accepted.message)];
}

function notProgrammed(reason: string, message: string): Condition {
  return condition('Programmed', false, reason, message);
}
