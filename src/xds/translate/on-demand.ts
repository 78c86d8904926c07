/**
 * Answers to `vip/<ip>:<port>`, the cluster that a proxy asks for when a connection to an address it does not
 * know yet waits in its `outbound` listener. A known destination is answered with a cluster that leads back into the
 * same Envoy (listener-resumed.ts); everything else must be answered with some cluster too, because Envoy never
 * asks twice and after "does not exist" keeps later connections waiting.
 */

import type { MeshSettings } from '../../mesh/model.ts';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import { type EncodedResource, onDemandPrefix, type ResourceRef } from '../resource.ts';
import { duration, encodeResource } from './encode.ts';
import { resumingCluster } from './listener-resumed.ts';
import { addressListener, resumedListener } from './names.ts';
import { connectionClusters, type DestinationPlan } from './plan.ts';

/**
 * All on-demand clusters count together, and the bootstrap's matcher leaves this name out: what passes them is
 * counted at the destination's own cluster, and a name with an address in it would be torn apart at its dots.
 */
const altStatName = 'on-demand';

/** Listeners, routes and the clusters they lead to come first, so that the waiting connection finds all of them. */
export function knownDestination(plan: DestinationPlan): EncodedResource {
  const name = onDemandPrefix + plan.destination;
  const needs: ResourceRef[] = [
    ...[...new Set(connectionClusters(plan))].map((needed) => ({ kind: 'cluster', name: needed }) as const),
    { kind: 'listener', name: resumedListener },
    { kind: 'listener', name: addressListener(plan.destination) },
    ...(plan.route === undefined ? [] : [{ kind: 'route', name: plan.route } as const]),
  ];
  return encodeResource(name, ClusterSchema, { ...resumingCluster(name), altStatName }, needs);
}

/** An address that is neither a Service's nor a pod's: straight through, or closed at once where the mesh refuses it. */
export function unknownDestination(destination: string, outbound: MeshSettings['outbound']): EncodedResource {
  const name = onDemandPrefix + destination;
  if (outbound === 'Deny') {
    return encodeResource(name, ClusterSchema, {
      name,
      altStatName,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
      connectTimeout: duration(1_000),
    });
  }
  return encodeResource(name, ClusterSchema, {
    name,
    altStatName,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    connectTimeout: duration(5_000),
  });
}
