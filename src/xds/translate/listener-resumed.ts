/**
 * How a connection that waited for the configuration of its destination goes on, so that already the first one is
 * routed and counted like all later ones, by the same listener. The cluster that the control plane answers with leads
 * back into the same Envoy, by a Unix socket of the pod's network namespace and with the addresses in a PROXY header;
 * the listener there hands the connection to that of its destination, as `outbound` does with all that follow.
 *
 * A Unix socket because what reads the addresses of redirected connections would read those of this one over them if it
 * came by IP. Not an internal listener because those hand nothing over to other listeners.
 */

import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import { ProxyProtocolConfig_Version } from '../proto/envoy/config/core/v3/proxy_protocol_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import { ProxyProtocolSchema } from '../proto/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '../proto/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { ownCluster } from './cluster-internal.ts';
import { encodeResource, extension } from './encode.ts';
import { resumedListener } from './names.ts';
import { tcpProxy } from './network-filters.ts';
import { plaintext } from './tls.ts';

/** Abstract: no file, and seen by the pod alone, which may call through it whatever it may call anyway. */
const socket = { address: { case: 'pipe', value: { path: '@weft/resumed' } } } as const;

const withAddresses = extension('proxy-protocol', ProxyProtocolUpstreamTransportSchema, {
  config: { version: ProxyProtocolConfig_Version.V2 },
  transportSocket: plaintext,
});

export function resumingCluster(name: string): ReturnType<typeof ownCluster> {
  return ownCluster(name, socket, withAddresses);
}

/** The same for everyone. A destination that went away meanwhile has no listener any more: the connection is closed. */
export const resumed = encodeResource(resumedListener, ListenerSchema, {
  name: resumedListener,
  address: socket,
  useOriginalDst: true,
  trafficDirection: TrafficDirection.OUTBOUND,
  listenerFilters: [extension('proxy-protocol', ProxyProtocolSchema, {})],
  filterChains: [{ name: 'gone', filters: [tcpProxy('transit', undefined, 'unset')] }],
});
