/**
 * Listeners of one used destination, two with the same chains: `vl/<ip>:<port>`, to which `outbound` hands
 * connections for that address (it binds no port), and `il/<ip>:<port>`, which the on-demand answer leads to,
 * so that already the first connection is routed and counted like all later ones.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import type { FilterChainSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { duration, encodeResource, socketAddress } from './encode.ts';
import { detectionTimeoutMs, httpInspector, plaintextHttp } from './listener-filters.ts';
import { addressListener, internalListener } from './names.ts';
import { connectionManager, opaqueAlpn, routesByName, tcpToService } from './network-filters.ts';
import { connectionClusters, type DestinationPlan } from './plan.ts';
import { streamChains } from './stream-chains.ts';
import { asClient } from './telemetry.ts';

type Listener = Exclude<MessageInitShape<typeof ListenerSchema>, { $typeName: string }>;
type FilterChain = MessageInitShape<typeof FilterChainSchema>;

export function destinationListener(plan: DestinationPlan): EncodedResource {
  return encodeListener(plan, {
    name: addressListener(plan.destination),
    address: socketAddress(plan.address, plan.port),
    bindToPort: false,
  });
}

export function destinationInternalListener(plan: DestinationPlan): EncodedResource {
  return encodeListener(plan, {
    name: internalListener(plan.destination),
    listenerSpecifier: { case: 'internalListener', value: {} },
  });
}

function encodeListener(plan: DestinationPlan, listener: Listener & { name: string }): EncodedResource {
  const body: Listener = { ...listener, trafficDirection: TrafficDirection.OUTBOUND, ...chains(plan) };
  return encodeResource(listener.name, ListenerSchema, body, listenerNeeds(plan));
}

function listenerNeeds(plan: DestinationPlan): readonly ResourceRef[] {
  const clusters = [...new Set(connectionClusters(plan))].map(
    (name): ResourceRef => ({ kind: 'cluster', name }),
  );
  if (plan.route === undefined) return clusters;
  const route: ResourceRef = { kind: 'route', name: plan.route };
  return plan.detect ? [...clusters, route] : [route];
}

/** HTTP by routes, opaque TCP straight to the cluster, or both with detection on each connection. */
function chains(plan: DestinationPlan): Listener {
  if (plan.streams !== undefined) return streamChains(plan.streams, plan.service);
  const tcp: FilterChain = { name: 'tcp', filters: [opaqueAlpn, tcpToService(plan.service, plan.cluster)] };
  if (plan.route === undefined) return { filterChains: [tcp] };
  const http: FilterChain = {
    name: 'http',
    filters: [connectionManager('outbound', asClient(plan.service), routesByName(plan.route))],
  };
  if (!plan.detect) return { filterChains: [http] };
  return {
    listenerFilters: [httpInspector()],
    listenerFiltersTimeout: duration(detectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    filterChains: [{ ...http, filterChainMatch: { applicationProtocols: plaintextHttp } }],
    defaultFilterChain: tcp,
  };
}
