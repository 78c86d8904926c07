/** What tests of the controllers of gateways start from. */

import type { Gateway, GatewayPort, GatewayVerdict } from '../mesh/gateway-model.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import type { ProxyPod } from './gateway-objects.ts';
import type { GatewayReadiness } from './gateway-readiness.ts';

export function gatewaySource(changes: Partial<GatewaySource> = {}): GatewaySource {
  return {
    namespace: 'shop',
    name: 'edge',
    uid: 'uid-edge',
    createdAt: '2026-09-01T12:00:00Z',
    generation: 1,
    className: 'weft',
    spec: {},
    ...changes,
  };
}

export function gatewayPort(port: number, transport: 'tcp' | 'udp' = 'tcp', name = `p${port}`): GatewayPort {
  const protocol = transport === 'udp' ? 'UDP' : 'HTTP';
  return { port, transport, listeners: [{ key: `shop/edge/${name}`, protocol }] };
}

export function modelGateway(...ports: readonly GatewayPort[]): Gateway {
  return { namespace: 'shop', name: 'edge', ports };
}

export const proxyPod: ProxyPod = {
  annotations: { 'weft.dev/proxy': '{}' },
  spec: { containers: [{ name: 'weft-proxy', image: 'envoy:1' }] },
};

export function gatewayVerdict(changes: Partial<GatewayVerdict> = {}): GatewayVerdict {
  return {
    generation: 3,
    conditions: [
      accepted,
      { type: 'ResolvedRefs', status: true, reason: 'ResolvedRefs', message: 'all hold' },
    ],
    listeners: [
      {
        name: 'p80',
        supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
        attachedRoutes: 2,
        conditions: [accepted],
      },
    ],
    attachedListenerSets: 0,
    ...changes,
  };
}

export const accepted = { type: 'Accepted', status: true, reason: 'Accepted', message: 'accepted' } as const;

/** Everything is as it should be. */
export const readyGateway: GatewayReadiness = {
  addresses: { assigned: [{ type: 'IPAddress', value: '192.0.2.1' }], missing: [] },
  readyProxies: 2,
  listeners: { 'shop/edge/p80': { kind: 'current' } },
};
