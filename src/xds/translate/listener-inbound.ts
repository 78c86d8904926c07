/**
 * The listener `inbound/<workload>`, where all redirected incoming connections arrive. Everything ends in the
 * application behind the original destination; what differs is what was proven about the caller.
 *
 *   mesh TLS, HTTP      SNI below `.weft`, ALPN h2 or http/1.1          not in mode Disabled
 *   mesh TLS, opaque    SNI below `.weft`, ALPN of opaque TCP           not in mode Disabled
 *   plaintext HTTP      found by http_inspector                         not in mode Strict
 *   anything else       opaque, also the application's own TLS          not in mode Strict
 *
 * Envoy's choice of a chain does not backtrack, so the last one is the default chain and has no match.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { inboundAppCluster, inboundPort, meshSniSuffix, tcpAlpn } from '../../base/names.ts';
import type { InboundPolicy } from '../../mesh/model.ts';
import { SocketOption_SocketState } from '../proto/envoy/config/core/v3/socket_option_pb.js';
import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import type { FilterChainSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import type { EncodedResource } from '../resource.ts';
import { duration, encodeResource } from './encode.ts';
import {
  detectionTimeoutMs,
  httpInspector,
  originalDestination,
  plaintextHttp,
  tlsInspector,
} from './listener-filters.ts';
import { inboundListener } from './names.ts';
import { inboundHttp } from './http-inbound.ts';
import { tcpProxy } from './network-filters.ts';
import { downstreamTls, tlsNeeds } from './tls.ts';

type Listener = Exclude<MessageInitShape<typeof ListenerSchema>, { $typeName: string }>;
type FilterChain = MessageInitShape<typeof FilterChainSchema>;

/** In mode Strict a caller that says nothing is no caller. */
const handshakeTimeoutMs = 10_000;

export function inbound(workload: string, policy: InboundPolicy, trustDomain: string): EncodedResource {
  const name = inboundListener(workload);
  const listener: Listener = {
    name,
    address: {
      address: {
        case: 'socketAddress',
        // Takes IPv4 too.
        value: { address: '::', portSpecifier: { case: 'portValue', value: inboundPort }, ipv4Compat: true },
      },
    },
    trafficDirection: TrafficDirection.INBOUND,
    socketOptions: keepalive,
    ...chains(policy, trustDomain),
  };
  return encodeResource(name, ListenerSchema, listener, policy.mode === 'Disabled' ? [] : tlsNeeds);
}

function chains(policy: InboundPolicy, trustDomain: string): Listener {
  if (policy.mode === 'Strict') {
    return {
      listenerFilters: [originalDestination(), tlsInspector()],
      listenerFiltersTimeout: duration(handshakeTimeoutMs),
      filterChains: meshChains(trustDomain),
    };
  }
  const secured = policy.mode === 'Permissive';
  return {
    listenerFilters: [
      originalDestination(),
      ...(secured ? [tlsInspector()] : []),
      httpInspector(policy.tcpPorts),
    ],
    listenerFiltersTimeout: duration(detectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    filterChains: [...(secured ? meshChains(trustDomain) : []), plaintextHttpChain()],
    defaultFilterChain: { name: 'plaintext-tcp', filters: [tcpProxy('inbound', inboundAppCluster)] },
  };
}

function meshChains(trustDomain: string): FilterChain[] {
  const match = { serverNames: [`*.${meshSniSuffix}`], transportProtocol: 'tls' };
  const http = ['h2', 'http/1.1'];
  return [
    {
      name: 'mesh-http',
      filterChainMatch: { ...match, applicationProtocols: http },
      transportSocket: downstreamTls(trustDomain, http),
      filters: [inboundHttp(true)],
    },
    {
      name: 'mesh-tcp',
      filterChainMatch: { ...match, applicationProtocols: [tcpAlpn] },
      transportSocket: downstreamTls(trustDomain, [tcpAlpn]),
      filters: [tcpProxy('inbound', inboundAppCluster)],
    },
  ];
}

function plaintextHttpChain(): FilterChain {
  return {
    name: 'plaintext-http',
    filterChainMatch: { transportProtocol: 'raw_buffer', applicationProtocols: plaintextHttp },
    filters: [inboundHttp(false)],
  };
}

/**
 * Accepted sockets inherit these. A caller whose node has vanished is found out after 90 s, since no idle
 * timeout would ever end its connection. Numbers are Linux's: SO_KEEPALIVE, TCP_KEEPIDLE, _KEEPINTVL, _KEEPCNT.
 */
const keepalive = (
  [
    [1, 9, 1],
    [6, 4, 60],
    [6, 5, 10],
    [6, 6, 3],
  ] as const
).map(([level, name, value]) => ({
  level: BigInt(level),
  name: BigInt(name),
  value: { case: 'intValue', value: BigInt(value) } as const,
  state: SocketOption_SocketState.STATE_PREBIND,
}));
