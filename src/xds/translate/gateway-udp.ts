/**
 * UDP of gateways. Envoy's UDP proxy knows one cluster and no weights, so the backends of a route become the endpoints of
 * one cluster, each with its part of its backend's weight, and another weight changes these endpoints alone. A client
 * (address and port) stays with one endpoint for as long as datagrams pass.
 */

import type { ListenerStreams } from '../../mesh/gateway-model.ts';
import type { Endpoint } from '../../mesh/model.ts';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import { SocketAddress_Protocol } from '../proto/envoy/config/core/v3/address_pb.js';
import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import { ClusterLoadAssignmentSchema } from '../proto/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import { RouteSchema } from '../proto/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.js';
import { UdpProxyConfigSchema } from '../proto/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.js';
import type { EncodedResource } from '../resource.ts';
import { duration, encodeResource, extension } from './encode.ts';
import { udpCluster } from './gateway-names.ts';
import { anyAddress } from './gateway-listener.ts';
import type { PortPlan } from './gateway-plan.ts';
import { ads } from './tls.ts';

/** After so long without a datagram a client is a new one. The same as of connection tracking for UDP in Linux. */
const idleTimeoutMs = 120_000;
/**
 * Clients of one listener at a time, each with a socket of its own towards a backend. Envoy's 1,024 are soon used up by
 * clients that ask once; some bound there must be, since their addresses may be forged.
 */
const maxSessions = 65_536;

export function gatewayUdpListener(name: string, { port }: PortPlan): EncodedResource | undefined {
  // Listeners of UDP cannot be told apart, so there is one.
  const [listener] = port.listeners;
  if (listener === undefined) return undefined;
  const cluster = udpCluster(listener.key);
  const toCluster = extension('route', RouteSchema, { cluster });
  return encodeResource(
    name,
    ListenerSchema,
    {
      name,
      address: anyAddress(port.port, SocketAddress_Protocol.UDP),
      trafficDirection: TrafficDirection.INBOUND,
      udpListenerConfig: { downstreamSocketConfig: {} },
      listenerFilters: [
        extension('envoy.filters.udp_listener.udp_proxy', UdpProxyConfigSchema, {
          statPrefix: 'gateway',
          idleTimeout: duration(idleTimeoutMs),
          // Envoy warns of either way to name the cluster: the plain field is deprecated, this one not yet finished.
          routeSpecifier: {
            case: 'matcher',
            value: {
              onNoMatch: {
                onMatch: {
                  case: 'action',
                  value: { name: toCluster.name, typedConfig: toCluster.configType.value },
                },
              },
            },
          },
        }),
      ],
    },
    [{ kind: 'cluster', name: cluster }],
  );
}

export function gatewayUdpCluster(name: string): EncodedResource {
  return encodeResource(
    name,
    ClusterSchema,
    {
      name,
      // The names of listeners may have dots, at which Envoy would end the cluster's name in its statistics.
      altStatName: name.replaceAll('.', '_'),
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: ads, serviceName: name },
      // In turn, since Envoy's random choice knows no weights.
      lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
      commonLbConfig: { healthyPanicThreshold: { value: 0 } },
      circuitBreakers: { thresholds: [{ maxConnections: maxSessions }] },
    },
    [{ kind: 'endpoints', name }],
  );
}

/** `endpointsOf` gives those of a ServicePort by its key. */
export function gatewayUdpEndpoints(
  name: string,
  streams: ListenerStreams | undefined,
  endpointsOf: (servicePort: string) => readonly Endpoint[],
): EncodedResource {
  const backends = streams?.streams[0]?.backends ?? [];
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  // Two backends may be the same pods, and Envoy takes an address only once.
  const weights = new Map<string, { readonly endpoint: Endpoint; readonly weight: number }>();
  for (const { servicePort, weight } of backends) {
    const known = servicePort === undefined ? [] : endpointsOf(servicePort);
    const endpoints = known.length === 0 ? [nowhere] : known;
    for (const endpoint of endpoints) {
      const key = `${endpoint.address} ${endpoint.port}`;
      const before = weights.get(key)?.weight ?? 0;
      weights.set(key, { endpoint, weight: before + weight / total / endpoints.length });
    }
  }
  const lbEndpoints = [...weights.values()].map(({ endpoint, weight }) => weighted(endpoint, weight));
  return encodeResource(name, ClusterLoadAssignmentSchema, {
    clusterName: name,
    endpoints: lbEndpoints.length === 0 ? [] : [{ lbEndpoints }],
  });
}

/** Takes the share of a backend that is invalid or has no endpoints: what is sent to the broadcast address by a socket that may not is dropped at once. */
const nowhere: Endpoint = { address: '255.255.255.255', port: 9, zone: '' };

/** All the endpoints' weights together, about; Envoy allows no more than fit in 32 bits. */
const totalWeight = 1_000_000;

/** `share` is the endpoint's part of the whole, above 0 and up to 1. */
function weighted({ address, port }: Endpoint, share: number) {
  return {
    hostIdentifier: {
      case: 'endpoint',
      value: {
        address: {
          address: {
            case: 'socketAddress',
            value: {
              protocol: SocketAddress_Protocol.UDP,
              address,
              portSpecifier: { case: 'portValue', value: port },
            },
          },
        },
      },
    },
    loadBalancingWeight: Math.max(1, Math.round(share * totalWeight)),
  } as const;
}
