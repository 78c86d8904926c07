/**
 * Routes of all kinds on the graph:
 *
 *   sources ──read──> routes ──> routeAttachments ──by listener──┬─> listenerHosts, listenerStreams
 *                       │               └──────────by service──┬─┼─> routeTables
 *                       └─backends──> gatewayRules, meshRules ─┴─┘
 *                                                   all of it ─────> routeVerdicts
 */

import type { Collection, GraphApi, Index } from '../../graph/types.ts';
import type { ListenerHosts, ListenerStreams } from '../gateway-model.ts';
import type { Attachables } from '../gateways/attachable.ts';
import type { Destination, RouteKind, RouteTable, RouteVerdict, ServicePort } from '../model.ts';
import type { MeshSources, RouteSource } from '../sources.ts';
import { type Attachments, deriveAttachments, type RouteAttachments } from './attachments.ts';
import { deriveListenerHosts } from './hosts.ts';
import { deriveIsMostSpecific } from './listeners.ts';
import { type ReadRoute, readRoute, type RuleReader } from './read.ts';
import { grpcRules } from './read-grpc.ts';
import { httpRules } from './read-http.ts';
import { streamRules } from './read-streams.ts';
import { deriveGatewayRules, deriveMeshRules, type RouteRules } from './rules.ts';
import { deriveListenerStreams } from './streams.ts';
import { deriveRouteTables } from './tables.ts';
import type { TrafficSettings } from './traffic-policies.ts';
import { deriveRouteVerdicts } from './verdicts.ts';

export interface RoutesContext {
  readonly sources: MeshSources;
  readonly servicePorts: Collection<ServicePort>;
  readonly destinations: Collection<Destination>;
  readonly traffic: Collection<TrafficSettings>;
  readonly attachables: Attachables;
}

export interface Routes {
  /** As they were understood, keyed `<kind>/<namespace>/<name>`. */
  readonly routes: Collection<ReadRoute>;
  readonly attachments: Attachments;
  readonly routeTables: Collection<RouteTable>;
  readonly routeVerdicts: Collection<RouteVerdict>;
  readonly listenerHosts: Collection<ListenerHosts>;
  readonly listenerStreams: Collection<ListenerStreams>;
  /** By key of the listener: the routes attached to it; the number of those that hold is its attachedRoutes. */
  readonly routesByListener: Index<RouteAttachments>;
  /** By ServicePort: rules of gateways (`gateway`) by which requests get there, or copies of them, or questions about them. */
  readonly gatewayRulesByBackend: Index<RouteRules>;
}

export function createRoutes(graph: GraphApi, context: RoutesContext): Routes {
  const { sources, attachables } = context;
  const { services } = sources;
  const routes = readRoutes(graph, sources);
  const backends = { ...context, services, routes };
  const attachments = deriveAttachments(graph, routes, backends);
  const meshRules = deriveMeshRules(graph, attachments, backends);
  const gatewayRules = deriveGatewayRules(graph, attachments, backends);
  const gatewayRulesByBackend = graph.index('gatewayRulesByBackend', gatewayRules, backendsOf);
  const listeners = {
    attachables,
    routesByListener: attachments.byListener,
    gatewayRules,
    isMostSpecific: deriveIsMostSpecific(graph, attachables.listeners),
  };
  return {
    routes,
    attachments,
    routeTables: deriveRouteTables(graph, { ...context, attachments, meshRules }),
    routeVerdicts: deriveRouteVerdicts(graph, { ...backends, attachments }),
    listenerHosts: deriveListenerHosts(graph, listeners),
    listenerStreams: deriveListenerStreams(graph, listeners),
    routesByListener: attachments.byListener,
    gatewayRulesByBackend,
  };
}

function readRoutes(graph: GraphApi, sources: MeshSources): Collection<ReadRoute> {
  const read = <Rule extends { readonly name?: string }>(
    kind: RouteKind,
    source: Collection<RouteSource<Rule>>,
    reader: RuleReader<Rule>,
  ): Collection<ReadRoute> =>
    graph.expand(`read/${kind}`, source, (key, route) => [
      [`${kind}/${key}`, readRoute(kind, route, reader)],
    ]);
  return graph.union('routes', [
    read('HTTPRoute', sources.httpRoutes, httpRules),
    read('GRPCRoute', sources.grpcRoutes, grpcRules),
    read('TLSRoute', sources.tlsRoutes, streamRules),
    read('TCPRoute', sources.tcpRoutes, streamRules),
    read('UDPRoute', sources.udpRoutes, streamRules),
  ]);
}

function backendsOf({ rules, stream }: RouteRules): readonly string[] {
  const all = rules.flatMap(({ rule: { backends, filters } }) => [
    ...backends,
    ...filters.mirrors,
    ...(filters.externalAuth === undefined ? [] : [filters.externalAuth]),
  ]);
  return [...all, ...(stream?.backends ?? [])].flatMap(({ servicePort }) => servicePort ?? []);
}
