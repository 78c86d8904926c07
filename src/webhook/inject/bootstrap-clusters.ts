/** The clusters of the bootstrap: the control plane, the admin socket, the application, and the world outside. */

import { inboundAppCluster, passthroughCluster } from '../../base/names.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { InjectContext } from './context.ts';
import { adminSocket, assignment, socketAddress, tlsSocket } from './envoy.ts';
import { controlPlaneClientTls, tokenFilter } from './identity.ts';
import { mark } from './template.ts';

/** Where the clusters of a pod's own probes are filled in. */
export const clusterMark = 'clusters';

const httpProtocolOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const originalDestination = { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };

/**
 * Socket priority 6 on the proxy's connections to its own application: the redirect rules let marked
 * connections pass, which would otherwise come back to the inbound port for ever. Needs no capability,
 * unlike a packet mark, and the application sees the pod's own address, unlike with a second source address.
 */
export const toApplication: JsonObject = {
  socket_options: [{ description: 'SO_PRIORITY', level: 1, name: 12, int_value: 6, state: 'STATE_PREBIND' }],
};

export function bootstrapClusters(context: InjectContext): readonly Json[] {
  return [
    controlPlaneCluster(context),
    {
      name: 'admin',
      type: 'STATIC',
      connect_timeout: '1s',
      load_assignment: assignment('admin', { pipe: { path: adminSocket } }),
      // By HTTP/1 the admin interface does not notice on a socket file that whoever tapped has gone.
      typed_extension_protocol_options: {
        [httpProtocolOptions]: {
          '@type': `type.googleapis.com/${httpProtocolOptions}`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    },
    {
      name: inboundAppCluster,
      ...originalDestination,
      upstream_bind_config: toApplication,
      circuit_breakers: noLimits,
      typed_extension_protocol_options: {
        [httpProtocolOptions]: {
          '@type': `type.googleapis.com/${httpProtocolOptions}`,
          // Many applications close a connection that was idle for some seconds, some after two. A request that meets
          // such a close is lost, so the proxy closes first; a new connection within the pod costs next to nothing.
          common_http_protocol_options: { idle_timeout: '1s' },
          use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
        },
      },
    },
    { name: passthroughCluster, ...originalDestination, circuit_breakers: noLimits },
    mark(clusterMark),
  ];
}

function controlPlaneCluster(context: InjectContext): JsonObject {
  const { service, namespace, xdsPort } = context.controlPlane;
  // The search list of the pod's DNS configuration completes the name, whatever the cluster's domain is.
  const address = socketAddress(`${service}.${namespace}.svc`, xdsPort);
  return {
    name: 'xds',
    cluster_type: {
      name: 'envoy.clusters.dns',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster',
        dns_lookup_family: 'V4_PREFERRED',
        // A Service keeps its address: a thousand proxies need not ask for it every 5 s, the default.
        dns_refresh_rate: '60s',
        dns_failure_refresh_rate: { base_interval: '0.2s', max_interval: '5s' },
      },
    },
    load_assignment: assignment('xds', address),
    typed_extension_protocol_options: {
      [httpProtocolOptions]: {
        '@type': `type.googleapis.com/${httpProtocolOptions}`,
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '5s' } },
        },
        ...(context.identity === 'sds' ? { http_filters: [tokenFilter(), upstreamCodec] } : {}),
      },
    },
    transport_socket: tlsSocket('UpstreamTlsContext', controlPlaneClientTls(context)),
  };
}

/** Has to end a list of upstream filters. */
const upstreamCodec: JsonObject = {
  name: 'envoy.filters.http.upstream_codec',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec',
  },
};

/** The application itself and its destinations outside the mesh decide how much they take. */
const noLimits: JsonObject = {
  thresholds: [
    {
      max_connections: 0xffffffff,
      max_pending_requests: 0xffffffff,
      max_requests: 0xffffffff,
      max_retries: 0xffffffff,
    },
  ],
};

/** HTTP/1.1 or HTTP/2 towards the application for a probe: a connection of its own each time, like the kubelet's. */
export function probeProtocol(version: 1 | 2): JsonObject {
  return {
    [httpProtocolOptions]: {
      '@type': `type.googleapis.com/${httpProtocolOptions}`,
      common_http_protocol_options: { max_requests_per_connection: 1 },
      explicit_http_config: version === 2 ? { http2_protocol_options: {} } : { http_protocol_options: {} },
    },
  };
}
