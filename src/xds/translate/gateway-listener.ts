/**
 * The Envoy listener of one port of a Gateway, on all addresses of its pods.
 *
 *   HTTP       every connection to one connection manager
 *   HTTPS, TLS by server name, the most specific wins; what no listener is meant for is closed
 *   TCP        every connection to the backends of its route
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GatewayListener, ListenerStreams } from '../../mesh/gateway-model.ts';
import type { TelemetryProfile } from '../../mesh/model.ts';
import { SocketAddress_Protocol } from '../proto/envoy/config/core/v3/address_pb.js';
import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import type { FilterChainSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { encode } from './binary.ts';
import { duration, resourceOf } from './encode.ts';
import { gatewayHttp } from './gateway-http.ts';
import { listenerRoutes, streamCluster } from './gateway-names.ts';
import { isPlaintextHttp, type PortPlan } from './gateway-plan.ts';
import {
  handshakeTimeoutMs,
  refusedChain,
  serverNameMatch,
  tcpChains,
  terminated,
  tlsChains,
} from './gateway-streams.ts';
import { gatewayTlsNeeds } from './gateway-tls.ts';
import { anyHost, createHostnames } from './hostnames.ts';
import { tlsInspector } from './listener-filters.ts';
import { invalidBackendCluster } from './names.ts';
import { telemetryNeeds } from './otlp.ts';
import { keepalive } from './socket-options.ts';

type Listener = Exclude<MessageInitShape<typeof ListenerSchema>, { $typeName: string }>;
type FilterChain = MessageInitShape<typeof FilterChainSchema>;
type StreamsOf = (listener: string) => ListenerStreams | undefined;

/** What is worked out per listener, by its key. */
export interface ListenerParts {
  readonly streamsOf: StreamsOf;
  /** As `encodeHttpsChain` gives it: a port may have hundreds of these, and all but one stay as they are. */
  readonly httpsChainOf: (listener: string) => Uint8Array | undefined;
  readonly profile: TelemetryProfile;
}

/** What Envoy holds of one connection before it stops reading. As much as external authorization may ask for of a body. */
const connectionBufferBytes = 64 * 1024;

export function gatewayListener(name: string, plan: PortPlan, parts: ListenerParts): EncodedResource {
  const chains = filterChains(name, plan, parts);
  const httpsChains = plan.port.listeners
    .filter(({ protocol }) => protocol === 'HTTPS')
    .map(({ key }) => parts.httpsChainOf(key) ?? noBytes);
  const listener: Listener = {
    name,
    address: anyAddress(plan.port.port, SocketAddress_Protocol.TCP),
    // The drain before a pod ends is told to these.
    trafficDirection: TrafficDirection.INBOUND,
    perConnectionBufferLimitBytes: connectionBufferBytes,
    socketOptions: keepalive,
    ...(isSecure(plan)
      ? { listenerFilters: [tlsInspector()], listenerFiltersTimeout: duration(handshakeTimeoutMs) }
      : {}),
    // Envoy takes no listener without a chain.
    filterChains: chains.length + httpsChains.length === 0 ? [refusedChain(parts.profile)] : chains,
  };
  // Fields of one message may be written one after the other.
  const body = Buffer.concat([encode(ListenerSchema, listener), ...httpsChains]);
  return resourceOf(name, body, [...needs(name, plan, parts.streamsOf), ...telemetryNeeds(parts.profile)]);
}

const noBytes = new Uint8Array();

/** One `filter_chains` of a Listener, with tag and length. */
export function encodeHttpsChain(listener: GatewayListener, profile: TelemetryProfile): Uint8Array {
  return encode(ListenerSchema, { filterChains: [httpsChain(listener, profile)] });
}

/** All addresses of the pod, IPv4 too. */
export function anyAddress(port: number, protocol: SocketAddress_Protocol) {
  return {
    address: {
      case: 'socketAddress',
      value: { protocol, address: '::', portSpecifier: { case: 'portValue', value: port }, ipv4Compat: true },
    },
  } as const;
}

function isSecure({ port }: PortPlan): boolean {
  return port.listeners.some(({ protocol }) => protocol === 'HTTPS' || protocol === 'TLS');
}

/** All but those of HTTPS. */
function filterChains(
  name: string,
  { port }: PortPlan,
  { streamsOf, profile }: ListenerParts,
): FilterChain[] {
  const { listeners } = port;
  if (isPlaintextHttp(port)) return [{ name: 'http', filters: [gatewayHttp(name, false, profile)] }];
  const hostnames = createHostnames(listeners.map(({ hostname = anyHost }) => hostname));
  return listeners.flatMap((listener) => {
    if (listener.protocol === 'TLS') return tlsChains(listener, streamsOf(listener.key), hostnames, profile);
    return listener.protocol === 'TCP' ? tcpChains(streamsOf(listener.key), profile) : [];
  });
}

function httpsChain(listener: GatewayListener, profile: TelemetryProfile): FilterChain {
  const proven =
    listener.tls?.mode === 'Terminate' && listener.tls.clientValidation?.mode === 'AllowValidOnly';
  return {
    name: listener.key,
    filterChainMatch: serverNameMatch(listener.hostname ?? anyHost),
    ...terminated(listener, ['h2', 'http/1.1']),
    filters: [gatewayHttp(listenerRoutes(listener.key), proven, profile)],
  };
}

function needs(name: string, { port }: PortPlan, streamsOf: StreamsOf): readonly ResourceRef[] {
  if (isPlaintextHttp(port)) return [{ kind: 'route', name }];
  const refs = port.listeners.flatMap((listener): readonly ResourceRef[] => {
    if (listener.protocol === 'HTTPS') {
      return [...gatewayTlsNeeds(listener), { kind: 'route', name: listenerRoutes(listener.key) }];
    }
    const clusters = streamClusters(streamsOf(listener.key));
    return [
      ...gatewayTlsNeeds(listener),
      ...clusters.map((each) => ({ kind: 'cluster', name: each }) as const),
    ];
  });
  return unique(refs);
}

/** Clusters that streams lead to, in no order and with repetitions. */
export function streamClusters(streams: ListenerStreams | undefined): readonly string[] {
  return (streams?.streams ?? [])
    .flatMap(({ backends }) => backends.map(streamCluster))
    .filter((cluster) => cluster !== invalidBackendCluster);
}

/** Ascending by kind and name, each once. */
function unique(refs: readonly ResourceRef[]): readonly ResourceRef[] {
  const byId = new Map(refs.map((ref) => [`${ref.kind} ${ref.name}`, ref]));
  return [...byId].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
}
