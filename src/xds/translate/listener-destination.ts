/**
 * The listener of one used destination, `vl/<ip>:<port>`, to which `outbound` and `resumed` hand connections for that
 * address. It binds no port.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TelemetryProfile } from '../../mesh/model.ts';
import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import type { FilterChainSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { duration, encodeResource, socketAddress } from './encode.ts';
import { detectionTimeoutMs, httpInspector, plaintextHttp } from './listener-filters.ts';
import { addressListener } from './names.ts';
import { connectionManager, opaqueAlpn, routesByName, tcpToService } from './network-filters.ts';
import { telemetryNeeds } from './otlp.ts';
import { connectionClusters, type DestinationPlan } from './plan.ts';
import { streamChains } from './stream-chains.ts';
import { asClient, type Counted } from './telemetry.ts';

type Listener = Exclude<MessageInitShape<typeof ListenerSchema>, { $typeName: string }>;
type FilterChain = MessageInitShape<typeof FilterChainSchema>;

/** `key` is what the listener is kept by, which differs from its name where the workload has a profile of its own. */
export function destinationListener(
  plan: DestinationPlan,
  profile: TelemetryProfile,
  key = addressListener(plan.destination),
): EncodedResource {
  const body: Listener = {
    name: addressListener(plan.destination),
    address: socketAddress(plan.address, plan.port),
    bindToPort: false,
    trafficDirection: TrafficDirection.OUTBOUND,
    ...chains(plan, asClient(plan.service, profile)),
  };
  return encodeResource(key, ListenerSchema, body, listenerNeeds(plan, profile));
}

function listenerNeeds(plan: DestinationPlan, profile: TelemetryProfile): readonly ResourceRef[] {
  const clusters = [...new Set(connectionClusters(plan))].map(
    (name): ResourceRef => ({ kind: 'cluster', name }),
  );
  if (plan.route === undefined) return clusters;
  const route: ResourceRef = { kind: 'route', name: plan.route };
  return [...(plan.detect ? clusters : []), ...telemetryNeeds(profile), route];
}

/** HTTP by routes, opaque TCP straight to the cluster, or both with detection on each connection. */
function chains(plan: DestinationPlan, counted: Counted): Listener {
  if (plan.streams !== undefined) return streamChains(plan.streams, counted);
  const tcp: FilterChain = { name: 'tcp', filters: [opaqueAlpn, tcpToService(counted, plan.cluster)] };
  if (plan.route === undefined) return { filterChains: [tcp] };
  const http: FilterChain = {
    name: 'http',
    filters: [connectionManager('outbound', counted, routesByName(plan.route))],
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
