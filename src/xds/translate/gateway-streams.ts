/** Filter chains of gateways for connections that are not looked into: TCP, and TLS passed through or terminated. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GatewayListener, ListenerStreams, StreamRule } from '../../mesh/gateway-model.ts';
import type { TelemetryProfile } from '../../mesh/model.ts';
import type {
  FilterChainSchema,
  FilterSchema,
} from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import { duration } from './encode.ts';
import { streamCluster } from './gateway-names.ts';
import { gatewayTls } from './gateway-tls.ts';
import { anyHost, type Hostnames } from './hostnames.ts';
import { invalidBackendCluster } from './names.ts';
import { tcpProxy } from './network-filters.ts';
import { throughGateway } from './telemetry.ts';

type FilterChain = Exclude<MessageInitShape<typeof FilterChainSchema>, { $typeName: string }>;
type Filter = MessageInitShape<typeof FilterSchema>;

/** How long a client may take until it begins its TLS handshake, and then until it is done with it. */
export const handshakeTimeoutMs = 10_000;

/** One chain without a match: nothing tells connections of a TCP port apart. */
export function tcpChains(streams: ListenerStreams | undefined, profile: TelemetryProfile): FilterChain[] {
  return [{ name: 'tcp', filters: [streamProxy(streams?.streams[0], profile)] }];
}

/**
 * One chain per server name that some route serves. Names that belong to another listener of the port are left to it;
 * the listener's own hostname has a chain in any case where a wider one would take its connections instead.
 */
export function tlsChains(
  listener: GatewayListener,
  streams: ListenerStreams | undefined,
  hostnames: Hostnames,
  profile: TelemetryProfile,
): FilterChain[] {
  const { hostname: own = anyHost } = listener;
  const chains = new Map<string, FilterChain>();
  for (const stream of streams?.streams ?? []) {
    const name = stream.serverName ?? own;
    if (chains.has(name) || hostnames.ownerOf(name) !== own) continue;
    chains.set(name, tlsChain(listener, name, streamProxy(stream, profile)));
  }
  if (!chains.has(own) && hostnames.above(own) !== undefined) {
    chains.set(own, tlsChain(listener, own, streamProxy(undefined, profile)));
  }
  return [...chains.values()];
}

/** What a chain takes by its server name, `*` for any, also for clients that send none. */
export function serverNameMatch(name: string): NonNullable<FilterChain['filterChainMatch']> {
  return { transportProtocol: 'tls', serverNames: name === anyHost ? [] : [name] };
}

/** Terminates TLS for the filter behind it; a client has only so long for its handshake. */
export function terminated(
  listener: GatewayListener,
  alpn: readonly string[],
): Pick<FilterChain, 'transportSocket' | 'transportSocketConnectTimeout'> {
  if (listener.tls?.mode !== 'Terminate') return {};
  return {
    transportSocket: gatewayTls(listener.key, listener.tls, alpn),
    transportSocketConnectTimeout: duration(handshakeTimeoutMs),
  };
}

/** Closes every connection. */
export function refusedChain(profile: TelemetryProfile): FilterChain {
  return { name: 'refused', filters: [streamProxy(undefined, profile)] };
}

function tlsChain(listener: GatewayListener, name: string, filter: Filter): FilterChain {
  return {
    name: `${listener.key} ${name}`,
    filterChainMatch: serverNameMatch(name),
    ...terminated(listener, []),
    filters: [filter],
  };
}

/** Backends by weight. The share of an invalid one goes to a cluster that does not exist, which closes the connection. */
function streamProxy(stream: StreamRule | undefined, profile: TelemetryProfile): Filter {
  const counted = throughGateway(profile);
  const [only, ...others] = stream?.backends ?? [];
  if (only === undefined) return tcpProxy('gateway', counted, invalidBackendCluster);
  if (others.length > 0) {
    const clusters = [only, ...others].map((backend) => ({
      name: streamCluster(backend),
      weight: backend.weight,
    }));
    return tcpProxy('gateway', counted, clusters);
  }
  const prefix = only.servicePort === undefined ? 'gateway' : (`svc/${only.servicePort}` as const);
  return tcpProxy(prefix, counted, streamCluster(only));
}
