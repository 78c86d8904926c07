/** The network filters that listeners end in: HTTP by a connection manager, everything else by a TCP proxy. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { tcpAlpn } from '../../base/names.ts';
import type { tcpPrefixes } from '../../base/signals.ts';
import type { FilterSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import {
  FilterStateValue_SharedWithUpstream,
  type FilterStateValueSchema,
} from '../proto/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js';
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManager_ServerHeaderTransformation,
  HttpConnectionManagerSchema,
  type ResponseMapperSchema,
} from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { ConfigSchema as SetFilterStateSchema } from '../proto/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js';
import { TcpProxySchema } from '../proto/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { duration, extension } from './encode.ts';
import { httpFilters } from './http-filters.ts';
import type { Counted } from './telemetry.ts';
import { tellConnections, tellRequests } from './telling.ts';
import { ads } from './tls.ts';

type Filter = MessageInitShape<typeof FilterSchema>;
type ConnectionManager = Exclude<MessageInitShape<typeof HttpConnectionManagerSchema>, { $typeName: string }>;
type TcpProxy = Exclude<MessageInitShape<typeof TcpProxySchema>, { $typeName: string }>;

/**
 * Statistics are kept per cluster; one prefix per direction saves a hundred of them per destination. Incoming connections
 * have two, so that who still calls without mutual TLS can be counted.
 */
export type StatPrefix = 'inbound-mesh' | 'inbound-plain' | 'outbound' | 'gateway';

/**
 * TCP proxies count bytes by prefix, so those to a Service have its own, `svc/<namespace>/<service>:<port>`. What is only
 * on the way to where it is counted is a `transit` and in no statistics.
 */
export type TcpStatPrefix = keyof typeof tcpPrefixes | 'transit' | `svc/${string}`;

export interface WeightedCluster {
  readonly name: string;
  readonly weight: number;
}

/** How a connection manager gets its routes. */
export type Routes = NonNullable<ConnectionManager['routeSpecifier']>;

export function routesByName(name: string): Routes {
  return { case: 'rds', value: { routeConfigName: name, configSource: ads } };
}

/**
 * An HTTP connection manager that forwards what it gets: no Server header of its own, no x-forwarded-for, no path
 * normalisation, and no time limit that nobody asked for. It adds x-request-id and x-forwarded-proto where
 * they are missing.
 */
export function connectionManager(
  statPrefix: StatPrefix,
  counted: Counted,
  routes: Routes,
  extra: Partial<ConnectionManager> = {},
): Filter {
  return extension('http', HttpConnectionManagerSchema, {
    statPrefix,
    codecType: HttpConnectionManager_CodecType.AUTO,
    routeSpecifier: routes,
    httpFilters: httpFilters(),
    ...tellRequests(counted, statPrefix === 'gateway' ? 'gateway' : counted.side),
    localReplyConfig: { mappers: [deadlineExceeded] },
    serverHeaderTransformation: HttpConnectionManager_ServerHeaderTransformation.PASS_THROUGH,
    skipXffAppend: true,
    // Streams of gRPC and WebSocket may be silent for long.
    streamIdleTimeout: duration(0),
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    // A request of HTTP/1.0 need not name a host, but Envoy cannot do without one.
    httpProtocolOptions: { acceptHttp10: true, defaultHostForHttp10: 'localhost' },
    http2ProtocolOptions: { allowConnect: true },
    ...extra,
  });
}

/**
 * A gRPC request that took longer than its route allows is answered DEADLINE_EXCEEDED; by itself Envoy would make
 * UNAVAILABLE of the 504, which tells a client that it may try again.
 */
const deadlineExceeded: MessageInitShape<typeof ResponseMapperSchema> = {
  filter: {
    filterSpecifier: {
      case: 'andFilter',
      value: {
        filters: [
          { filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['UT'] } } },
          {
            filterSpecifier: {
              case: 'headerFilter',
              value: {
                header: {
                  name: 'content-type',
                  headerMatchSpecifier: {
                    case: 'stringMatch',
                    value: { matchPattern: { case: 'prefix', value: 'application/grpc' } },
                  },
                },
              },
            },
          },
        ],
      },
    },
  },
  headersToAdd: [{ header: { key: 'grpc-status', value: '4' } }],
};

/** `counted` is absent of what is counted elsewhere. */
export function tcpProxy(
  statPrefix: TcpStatPrefix,
  counted: Counted | undefined,
  cluster: string | readonly WeightedCluster[],
  extra: Pick<TcpProxy, 'onDemand' | 'upstreamConnectMode' | 'maxEarlyDataBytes'> = {},
): Filter {
  return extension('tcp', TcpProxySchema, {
    statPrefix,
    ...tellConnections(counted),
    clusterSpecifier:
      typeof cluster === 'string'
        ? { case: 'cluster', value: cluster }
        : { case: 'weightedClusters', value: { clusters: [...cluster] } },
    // Databases keep connections idle for days; keepalive finds the dead ones.
    idleTimeout: duration(0),
    // Nothing has been sent before a connection stands, so another endpoint may be tried.
    maxConnectAttempts: 3,
    ...extra,
  });
}

/** To the ServicePort that was called, or to a pod that was called by its own address. */
export function tcpToService(counted: Counted, cluster: Parameters<typeof tcpProxy>[2]): Filter {
  const { service } = counted;
  return tcpProxy(service === undefined ? 'outbound' : `svc/${service}`, counted, cluster);
}

/**
 * `state` are objects by their keys; the values may contain Envoy's substitution commands. `shared`: they go along with
 * the connection into an internal listener.
 */
export function setFilterState(
  name: string,
  state: Readonly<Record<string, string>>,
  shared = FilterStateValue_SharedWithUpstream.NONE,
): Filter {
  return extension(name, SetFilterStateSchema, {
    onNewConnection: Object.entries(state).map(
      ([key, value]): MessageInitShape<typeof FilterStateValueSchema> => ({
        key: { case: 'objectKey', value: key },
        value: {
          case: 'formatString',
          value: {
            format: { case: 'textFormatSource', value: { specifier: { case: 'inlineString', value } } },
          },
        },
        sharedWithUpstream: shared,
      }),
    ),
  });
}

/** Where a connection came from and went to, told to the internal listener that it is handed to. */
export const passAddresses: Filter = setFilterState(
  'addresses',
  {
    'envoy.filters.listener.original_dst.local_ip': '%DOWNSTREAM_LOCAL_ADDRESS%',
    'envoy.filters.listener.original_dst.remote_ip': '%DOWNSTREAM_REMOTE_ADDRESS%',
  },
  FilterStateValue_SharedWithUpstream.ONCE,
);

/** Marks what the connection carries over mesh TLS as opaque, so that the other side's proxy does not look for HTTP. */
export const opaqueAlpn: Filter = setFilterState('alpn', {
  'envoy.network.application_protocols': tcpAlpn,
});
