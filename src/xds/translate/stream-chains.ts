/** Filter chains of a destination whose connections TLSRoutes or a TCPRoute send where they say, without looking into them. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { StreamRule } from '../../mesh/gateway-model.ts';
import type { FilterChainSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import type { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import { duration } from './encode.ts';
import { tlsInspector } from './listener-filters.ts';
import { invalidBackendCluster } from './names.ts';
import { opaqueAlpn, tcpToService } from './network-filters.ts';
import { streamCluster } from './plan.ts';
import type { Counted } from './telemetry.ts';

type Listener = Exclude<MessageInitShape<typeof ListenerSchema>, { $typeName: string }>;
type FilterChain = MessageInitShape<typeof FilterChainSchema>;

/** How long an application may take for its ClientHello, without which no server name is known. */
const helloTimeoutMs = 15_000;

/** One chain per server name; what names none of them, or is not TLS where it should be, is refused. */
export function streamChains(streams: readonly StreamRule[], counted: Counted): Listener {
  if (!streams.some(({ kind }) => kind === 'TLSRoute')) {
    return { filterChains: streams.slice(0, 1).map((stream) => chain(stream, counted)) };
  }
  return {
    listenerFilters: [tlsInspector()],
    listenerFiltersTimeout: duration(helloTimeoutMs),
    filterChains: streams.map((stream) =>
      chain(stream, counted, {
        transportProtocol: 'tls',
        serverNames: stream.serverName === undefined ? [] : [stream.serverName],
      }),
    ),
  };
}

function chain(
  stream: StreamRule,
  counted: Counted,
  filterChainMatch?: NonNullable<Exclude<FilterChain, { $typeName: string }>['filterChainMatch']>,
): FilterChain {
  return {
    name: stream.serverName ?? 'tcp',
    ...(filterChainMatch === undefined ? {} : { filterChainMatch }),
    filters: [opaqueAlpn, tcpToService(counted, targets(stream))],
  };
}

/** A connection that nothing takes is closed. */
function targets({ backends }: StreamRule): Parameters<typeof tcpToService>[1] {
  const [only, ...others] = backends;
  if (only === undefined) return invalidBackendCluster;
  if (others.length === 0) return streamCluster(only);
  return backends.map((backend) => ({ name: streamCluster(backend), weight: backend.weight }));
}
