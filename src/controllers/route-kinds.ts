/** The kinds of routes that have a status, and where they are in the API: one line per kind. */

import { grpcRoutes, httpRoutes, tcpRoutes, tlsRoutes, udpRoutes } from '../kube/resources.ts';
import type { ResourceType } from '../kube/types.ts';
import type { RouteKind } from '../mesh/model.ts';

export const routeTypes: Readonly<Record<RouteKind, ResourceType>> = {
  HTTPRoute: httpRoutes,
  GRPCRoute: grpcRoutes,
  TLSRoute: tlsRoutes,
  TCPRoute: tcpRoutes,
  UDPRoute: udpRoutes,
};

export const routeKinds = Object.keys(routeTypes) as readonly RouteKind[];

/** One value for each kind. */
export function forRouteKinds<T>(make: (kind: RouteKind) => T): Readonly<Record<RouteKind, T>> {
  return Object.fromEntries(routeKinds.map((kind) => [kind, make(kind)])) as Record<RouteKind, T>;
}
