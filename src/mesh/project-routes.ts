/** From routes of all kinds, and what goes with them, to the source shapes; see project.ts. */

import type { KubeObject } from '../kube/types.ts';
import type {
  KubeBackendTrafficPolicy,
  KubeGRPCRoute,
  KubeHTTPRoute,
  KubeReferenceGrant,
  KubeRoute,
  KubeStreamRoute,
  ParentRef,
} from './kubernetes.ts';
import type {
  BackendTrafficPolicySource,
  GRPCRouteSource,
  HTTPRouteSource,
  ReferenceGrantSource,
  RouteSource,
  StreamRouteSource,
} from './sources.ts';

export function projectHTTPRoute(route: KubeHTTPRoute): HTTPRouteSource {
  return projectRoute(route);
}

export function projectGRPCRoute(route: KubeGRPCRoute): GRPCRouteSource {
  return projectRoute(route);
}

/** TLSRoute, TCPRoute and UDPRoute. */
export function projectStreamRoute(route: KubeStreamRoute): StreamRouteSource {
  return projectRoute(route);
}

function projectRoute<Rule>(route: KubeRoute<Rule>): RouteSource<Rule> {
  const { parentRefs = [], hostnames = [], rules = [] } = route.spec ?? {};
  return { ...identify(route), parentRefs, hostnames, rules };
}

function identify({ metadata }: KubeObject) {
  const { namespace = '', name, creationTimestamp: createdAt = '', generation = 0 } = metadata;
  return { namespace, name, createdAt, generation };
}

/** Whether a parent is a Service, which makes it the mesh's; an absent group is Gateway API's own. */
export function isServiceParent(parent: ParentRef): boolean {
  return parent.group === '' && parent.kind === 'Service';
}

export function projectBackendTrafficPolicy(policy: KubeBackendTrafficPolicy): BackendTrafficPolicySource {
  return { ...identify(policy), spec: policy.spec ?? {} };
}

export function projectReferenceGrant(grant: KubeReferenceGrant): ReferenceGrantSource {
  const { from = [], to = [] } = grant.spec ?? {};
  return { namespace: grant.metadata.namespace ?? '', from, to };
}
