/** For the randomized test of the mesh: gateways, routes of all kinds and what goes with them, few names, much collision. */

import type { Random } from '../../graph/random.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { HTTPFilter, ParentRef } from '../kubernetes.ts';
import { gateway, grant, routeOf } from './testing.ts';

const namespaces = ['a', 'b'];
const names = ['web', 'api', 'db'];
const hostnames = ['x.io', '*.x.io', 'a.x.io', '*.a.x.io'];
const kinds = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'] as const;
const listeners = [
  { protocol: 'HTTP' },
  { protocol: 'HTTP' },
  { protocol: 'TCP' },
  { protocol: 'UDP' },
  { protocol: 'TLS', tls: { mode: 'Passthrough' as const } },
] as const;

export function someGatewayObject(random: Random): KubeObject {
  const at = `${random.pick(namespaces)}/${random.pick(['web', 'api'])}`;
  switch (random.below(9)) {
    case 0:
      return gateway(
        at,
        some(random, 4, () => someListener(random)),
      );
    case 1:
      return listenerSet(random, at);
    case 2:
      return grant(
        at,
        { kind: random.pick(kinds), namespace: random.pick(namespaces) },
        random.below(2) === 0 ? {} : { name: random.pick(names) },
      );
    case 3:
      return trafficPolicy(random, at);
    case 4: {
      const labels = { team: random.pick(['one', 'two']) };
      return { kind: 'Namespace', metadata: { name: random.pick(namespaces), labels } };
    }
    default:
      return someRoute(random, at);
  }
}

function some<T>(random: Random, most: number, make: () => T): readonly T[] {
  return Array.from({ length: random.below(most) + 1 }, make);
}

function maybe<T extends object>(random: Random, value: T): T | object {
  return random.below(2) === 0 ? value : {};
}

function someListener(random: Random) {
  const selector = { matchLabels: { team: 'one' } };
  return {
    ...random.pick(listeners),
    port: random.pick([80, 81]),
    ...maybe(random, { hostname: random.pick(hostnames) }),
    allowedRoutes: {
      namespaces: random.pick([{ from: 'All' }, { from: 'Same' }, { from: 'Selector', selector }]),
    },
  };
}

function listenerSet(random: Random, at: string): KubeObject {
  const [namespace = '', name = ''] = at.split('/');
  const object = {
    kind: 'ListenerSet',
    metadata: { namespace, name, generation: 1, creationTimestamp: someAge(random) },
    spec: {
      parentRef: { name: random.pick(['web', 'api']), namespace: random.pick(namespaces) },
      listeners: some(random, 2, () => someListener(random)).map((listener, i) => ({
        name: `s${i}`,
        ...listener,
      })),
    },
  };
  return object;
}

function trafficPolicy(random: Random, at: string): KubeObject {
  const [namespace = '', name = ''] = at.split('/');
  const object = {
    kind: 'XBackendTrafficPolicy',
    metadata: { namespace, name, generation: 1, creationTimestamp: someAge(random) },
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: random.pick(names) }],
      ...maybe(random, { retryConstraint: { budget: { interval: random.pick(['1s', 'soon']) } } }),
      ...maybe(random, { sessionPersistence: {} }),
    },
  };
  return object;
}

function someRoute(random: Random, at: string): KubeObject {
  const kind = random.pick(kinds);
  const isHTTP = kind === 'HTTPRoute' || kind === 'GRPCRoute';
  const rules = some(random, isHTTP ? 3 : 1, () => ({
    backendRefs: some(random, 2, () => someBackend(random)),
    ...(isHTTP ? maybe(random, { filters: [someFilter(random)] }) : {}),
    ...(kind === 'HTTPRoute' ? { matches: [{ path: { value: random.pick(['/', '/x', '/x/y']) } }] } : {}),
  }));
  return routeOf(kind, at, {
    parents: some(random, 2, () => someParent(random)),
    hostnames: random.below(2) === 0 ? [] : some(random, 2, () => random.pick(hostnames)),
    rules,
    createdAt: someAge(random),
  });
}

function someParent(random: Random): ParentRef {
  const kind = random.pick(['Gateway', 'Gateway', 'ListenerSet', 'Service']);
  return {
    ...(kind === 'Service' ? { group: '' } : {}),
    kind,
    namespace: random.pick(namespaces),
    name: random.pick(['web', 'api']),
    ...maybe(random, { port: random.pick([80, 81]) }),
    ...(random.below(4) === 0 ? { sectionName: random.pick(['l0', 'l1', 's0', 'http']) } : {}),
  };
}

function someBackend(random: Random) {
  return {
    name: random.pick(names),
    port: random.pick([80, 90]),
    weight: random.below(3),
    ...maybe(random, { namespace: random.pick(namespaces) }),
  };
}

function someFilter(random: Random): HTTPFilter {
  const backendRef = someBackend(random);
  return random.pick<HTTPFilter>([
    { type: 'RequestMirror', requestMirror: { backendRef } },
    { type: 'ExtensionRef' },
    { type: 'ExternalAuth', externalAuth: { protocol: 'GRPC', backendRef } },
    { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x'] } },
  ]);
}

function someAge(random: Random): string {
  return `2026-01-0${1 + random.below(4)}T00:00:00Z`;
}
