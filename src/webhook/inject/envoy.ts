/** Small pieces of Envoy configuration that several parts of the bootstrap share. */

import type { JsonObject } from '../../base/json.ts';

/** The admin interface listens here, in a memory volume that only the sidecar mounts. */
export const adminDirectory = '/run/weft/admin';
export const adminSocket = `${adminDirectory}/admin.sock`;

/** One endpoint for a cluster. */
export function assignment(clusterName: string, address: JsonObject): JsonObject {
  return {
    cluster_name: clusterName,
    endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
  };
}

export function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}

export function tlsSocket(kind: 'UpstreamTlsContext' | 'DownstreamTlsContext', tls: JsonObject): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${kind}`,
      ...tls,
    },
  };
}
