/** Clusters whose only endpoint is a listener of the same Envoy. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { Cluster_DiscoveryType, ClusterSchema } from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import type { AddressSchema } from '../proto/envoy/config/core/v3/address_pb.js';
import { InternalUpstreamTransportSchema } from '../proto/envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb.js';
import type { EncodedResource } from '../resource.ts';
import { duration, encodeResource, extension } from './encode.ts';
import { detectName } from './names.ts';
import { plaintext } from './tls.ts';

type Cluster = Exclude<MessageInitShape<typeof ClusterSchema>, { $typeName: string }>;

/** Hands the connection over with the filter state that is shared with upstreams. */
const handover = extension('internal', InternalUpstreamTransportSchema, { transportSocket: plaintext });

export function internalCluster(name: string, listener: string): Cluster {
  const addressNameSpecifier = { case: 'serverListenerName', value: listener } as const;
  const address = { case: 'envoyInternalAddress', value: { addressNameSpecifier } } as const;
  return ownCluster(name, { address }, handover);
}

/** Its only endpoint is at the address of a listener of this proxy. */
export function ownCluster(
  name: string,
  address: MessageInitShape<typeof AddressSchema>,
  transportSocket: Cluster['transportSocket'],
): Cluster {
  const endpoint = { hostIdentifier: { case: 'endpoint', value: { address } } } as const;
  return {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: duration(1_000),
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [endpoint] }] },
    transportSocket,
  };
}

/** Leads from the listener of all incoming connections to the one that is less patient. */
export function detectionCluster(workload: string): EncodedResource {
  const name = detectName(workload);
  // A name that the bootstrap's matcher leaves out: what passes here is counted where it ends.
  return encodeResource(name, ClusterSchema, { ...internalCluster(name, name), altStatName: 'detect' });
}
