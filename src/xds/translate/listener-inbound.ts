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
 *
 * Whether a connection is TLS shows in its first bytes. A listener has one patience for all its connections, but
 * only where the server may speak first does waiting have to end, and only where it certainly does not may a
 * ClientHello come however late. So a permissive workload has two listeners:
 *
 *   inbound/<workload>   ports known to be HTTP: waits for the client
 *        └ others ─> detect/<workload>   internal: waits a moment, then takes it for plaintext
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { inboundAppCluster, inboundPort, meshSniSuffix, tcpAlpn } from '../../base/names.ts';
import type { InboundPolicy, TelemetryProfile } from '../../mesh/model.ts';
import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import type { FilterChainSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import { UpstreamConnectMode } from '../proto/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { duration, encodeResource } from './encode.ts';
import {
  detectionTimeoutMs,
  exceptOn,
  httpInspector,
  onlyOn,
  originalDestination,
  plaintextHttp,
  tlsInspector,
} from './listener-filters.ts';
import { detectName, inboundListener } from './names.ts';
import { inboundHttp } from './http-inbound.ts';
import { passAddresses, tcpProxy } from './network-filters.ts';
import { telemetryNeeds } from './otlp.ts';
import { keepalive } from './socket-options.ts';
import { downstreamTls, tlsNeeds } from './tls.ts';

type Listener = Exclude<MessageInitShape<typeof ListenerSchema>, { $typeName: string }>;
type FilterChain = MessageInitShape<typeof FilterChainSchema>;

/** In mode Strict a caller that says nothing is no caller. */
const handshakeTimeoutMs = 10_000;

/** As long as Envoy lets an HTTP connection be idle that has begun. */
const silenceTimeoutMs = 3_600_000;

/** Whether the workload has the second listener: some of its ports may wait, the others may not. */
export function hasDetection({ mode, httpPorts }: InboundPolicy): boolean {
  return mode === 'Permissive' && httpPorts.length > 0;
}

export function inbound(
  workload: string,
  policy: InboundPolicy,
  trustDomain: string,
  profile: TelemetryProfile,
): EncodedResource {
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
    ...(hasDetection(policy)
      ? patient(workload, policy, trustDomain, profile)
      : chains(policy, trustDomain, profile)),
  };
  const detection: ResourceRef = { kind: 'cluster', name: detectName(workload) };
  return encodeResource(name, ListenerSchema, listener, [
    ...(policy.mode === 'Disabled' ? [] : tlsNeeds),
    ...(hasDetection(policy) ? [detection] : []),
    ...telemetryNeeds(profile),
  ]);
}

/** Exists where `hasDetection`. */
export function inboundDetection(
  workload: string,
  policy: InboundPolicy,
  trustDomain: string,
  profile: TelemetryProfile,
): EncodedResource {
  const name = detectName(workload);
  const listener: Listener = {
    name,
    listenerSpecifier: { case: 'internalListener', value: {} },
    trafficDirection: TrafficDirection.INBOUND,
    ...chains(policy, trustDomain, profile),
  };
  return encodeResource(name, ListenerSchema, listener, [...tlsNeeds, ...telemetryNeeds(profile)]);
}

/** What is not found to be HTTP or of the mesh on the ports of HTTP goes with the other ports. */
function patient(
  workload: string,
  { httpPorts }: InboundPolicy,
  trustDomain: string,
  profile: TelemetryProfile,
): Listener {
  const here = onlyOn(httpPorts);
  return {
    listenerFilters: [originalDestination(), tlsInspector(here), httpInspector(here)],
    listenerFiltersTimeout: duration(silenceTimeoutMs),
    filterChains: [...meshChains(trustDomain, profile), plaintextHttpChain(profile)],
    defaultFilterChain: {
      name: 'detect',
      filters: [passAddresses, tcpProxy('transit', undefined, detectName(workload))],
    },
  };
}

function chains(policy: InboundPolicy, trustDomain: string, profile: TelemetryProfile): Listener {
  if (policy.mode === 'Strict') {
    return {
      listenerFilters: [originalDestination(), tlsInspector()],
      listenerFiltersTimeout: duration(handshakeTimeoutMs),
      filterChains: meshChains(trustDomain, profile),
    };
  }
  const secured = policy.mode === 'Permissive';
  return {
    listenerFilters: [
      originalDestination(),
      ...(secured ? [tlsInspector()] : []),
      httpInspector(exceptOn(policy.tcpPorts)),
    ],
    listenerFiltersTimeout: duration(detectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    filterChains: [...(secured ? meshChains(trustDomain, profile) : []), plaintextHttpChain(profile)],
    defaultFilterChain: {
      name: 'plaintext-tcp',
      filters: [tcpProxy('inbound-plain', { side: 'server', peer: false, profile }, inboundAppCluster)],
    },
  };
}

function meshChains(trustDomain: string, profile: TelemetryProfile): FilterChain[] {
  const match = { serverNames: [`*.${meshSniSuffix}`], transportProtocol: 'tls' };
  const http = ['h2', 'http/1.1'];
  return [
    {
      name: 'mesh-http',
      filterChainMatch: { ...match, applicationProtocols: http },
      transportSocket: downstreamTls(trustDomain, http),
      filters: [inboundHttp(true, profile)],
    },
    {
      name: 'mesh-tcp',
      filterChainMatch: { ...match, applicationProtocols: [tcpAlpn] },
      transportSocket: downstreamTls(trustDomain, [tcpAlpn]),
      filters: [
        tcpProxy('inbound-mesh', { side: 'server', peer: true, profile }, inboundAppCluster, {
          // Nothing reaches the application for somebody of whom nothing is proven yet, and the peer is known from the
          // beginning.
          upstreamConnectMode: UpstreamConnectMode.ON_DOWNSTREAM_TLS_HANDSHAKE,
          maxEarlyDataBytes: 64 * 1024,
        }),
      ],
    },
  ];
}

function plaintextHttpChain(profile: TelemetryProfile): FilterChain {
  return {
    name: 'plaintext-http',
    filterChainMatch: { transportProtocol: 'raw_buffer', applicationProtocols: plaintextHttp },
    filters: [inboundHttp(false, profile)],
  };
}
