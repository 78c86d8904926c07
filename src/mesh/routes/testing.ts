/** For tests of routes: gateways and routes of every kind, with what a test cares about put over plausible rest. */

import type { KubeObject } from '../../kube/types.ts';
import { Graph } from '../../graph/graph.ts';
import { controllerName } from '../../base/names.ts';
import type { GRPCRule, HTTPRule, ParentRef, StreamRouteRule } from '../kubernetes.ts';
import type { KubeListener } from '../kubernetes-gateways.ts';
import type { RouteKind, RouteRule } from '../model.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';

interface Rules {
  readonly HTTPRoute: HTTPRule;
  readonly GRPCRoute: GRPCRule;
  readonly TLSRoute: StreamRouteRule;
  readonly TCPRoute: StreamRouteRule;
  readonly UDPRoute: StreamRouteRule;
}

export interface RouteParts<K extends RouteKind> {
  readonly parents?: readonly ParentRef[];
  readonly hostnames?: readonly string[];
  readonly rules?: readonly Rules[K][];
  readonly createdAt?: string;
}

/** `name` is `namespace/name`. By default attached to Gateway `gw` of its namespace, with one rule to `web:80`. */
export function routeOf<K extends RouteKind>(kind: K, name: string, parts: RouteParts<K> = {}): KubeObject {
  const { parents = [{ name: 'gw' }], hostnames = [], createdAt = '2026-01-01T00:00:00Z' } = parts;
  const rules = parts.rules ?? [{ backendRefs: [{ name: 'web', port: 80 }] }];
  const object = {
    kind,
    metadata: { ...metadata(name), generation: 1, creationTimestamp: createdAt },
    spec: { parentRefs: parents, hostnames, rules },
  };
  return object;
}

/** Listeners are named by their place, `l0` and so on, and take routes of all namespaces. */
export function gateway(
  name: string,
  listeners: readonly Partial<KubeListener>[],
  spec: object = {},
): KubeObject {
  const object = {
    kind: 'Gateway',
    metadata: { ...metadata(name), generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      gatewayClassName: 'weft',
      ...spec,
      listeners: listeners.map((listener, i) => ({
        name: `l${i}`,
        port: 80,
        protocol: 'HTTP',
        allowedRoutes: { namespaces: { from: 'All' } },
        ...listener,
      })),
    },
  };
  return object;
}

export const gatewayClass: KubeObject & { readonly spec: object } = {
  kind: 'GatewayClass',
  metadata: { name: 'weft', generation: 1 },
  spec: { controllerName },
};

export function grant(
  name: string,
  from: { readonly kind: string; readonly namespace: string },
  to: { readonly kind?: string; readonly name?: string } = {},
): KubeObject {
  const object = {
    kind: 'ReferenceGrant',
    metadata: metadata(name),
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', ...from }],
      to: [{ group: '', kind: 'Service', ...to }],
    },
  };
  return object;
}

/** A world that fails on any error of the graph, with the class `weft`. */
export async function gatewayWorld(...objects: readonly (string | KubeObject)[]): Promise<TestMesh> {
  const world = createTestMesh(
    new Graph({
      onError: (error) => {
        throw error;
      },
    }),
  );
  await world.apply(gatewayClass, ...objects);
  return world;
}

/** What became of a route at its parents: `Accepted`, or `NoMatchingParent: there is no ...`. */
export function accepted(world: TestMesh, route: string): readonly string[] {
  return verdicts(world, route).map(({ accepted: { status, reason, message } }) =>
    status ? reason : `${reason}: ${message}`,
  );
}

export function resolved(world: TestMesh, route: string): readonly string[] {
  return verdicts(world, route).map(({ resolvedRefs: { status, reason, message } }) =>
    status ? reason : `${reason}: ${message}`,
  );
}

function verdicts(world: TestMesh, route: string) {
  return [...world.mesh.routeVerdicts.entries()]
    .filter(([key]) => key.startsWith(`${route}|`))
    .map(([, verdict]) => verdict)
    .sort((a, b) => a.parentIndex - b.parentIndex);
}

/** Of a listener: by domain, `<path> <route> -> <backend> <weight>, ...` of each rule in order. */
export function served(world: TestMesh, listener: string): Readonly<Record<string, readonly string[]>> {
  const hosts = world.mesh.gateway.listenerHosts.get(listener)?.hosts ?? [];
  return Object.fromEntries(hosts.map(({ domain, rules }) => [domain, rules.map(describe)]));
}

export function describe({ match, route, backends }: RouteRule): string {
  const targets = backends.map(({ servicePort = '500', weight }) => `${servicePort} ${weight}`).join(', ');
  return `${match.path.value} ${route} -> ${targets === '' ? '500' : targets}`;
}

function metadata(name: string) {
  const [namespace = '', own = ''] = name.split('/');
  return { namespace, name: own };
}
