/** Pods as the mesh sees them, and which of them has an address. */

import { gatewayNameLabel } from '../base/names.ts';
import type { Collection, GraphApi, Index, IndexEntry } from '../graph/types.ts';
import { gatewayLabelValue, gatewayResourceName } from './gateways/names.ts';
import type { GatewaySource } from './gateways/sources.ts';
import type { MeshPod } from './model.ts';
import type { MeshSources, PodSource } from './sources.ts';

export function derivePods(graph: GraphApi, sources: MeshSources): Collection<MeshPod> {
  const zones = graph.derive('zones', sources.nodes, (_, { zone }) => zone);
  const gateways = graph.index('gatewaysByLabel', sources.gateways, ({ namespace, name }) => [
    `${namespace}/${gatewayLabelValue(name)}`,
  ]);
  return graph.derive('meshPods', sources.pods, (_, { node, ...pod }, read) => {
    const label = pod.labels[gatewayNameLabel];
    const named = label === undefined ? undefined : read(gateways, `${pod.namespace}/${label}`);
    return {
      ...pod,
      workload: gatewayOf(pod, named ?? []) ?? pod.workload,
      zone: read(zones, node) ?? '',
      version: pod.labels['app.kubernetes.io/version'] ?? pod.labels['version'] ?? '',
    };
  });
}

/**
 * The workload of a Gateway's own proxies, `<namespace>/Gateway/<name>`. The label alone proves nothing: only a pod
 * that may also use the Gateway's service account is given its certificates.
 */
function gatewayOf(
  { namespace, serviceAccount }: Pick<PodSource, 'namespace' | 'serviceAccount'>,
  named: readonly IndexEntry<GatewaySource>[],
): string | undefined {
  const own = named.find(({ value }) => gatewayResourceName(value.name, value.className) === serviceAccount);
  return own === undefined ? undefined : `${namespace}/${gatewayKind}/${own.value.name}`;
}

/** Kind of the workload that the proxies of a Gateway are. */
export const gatewayKind = 'Gateway';

export function indexPodsByAddress(graph: GraphApi, pods: Collection<MeshPod>): Index<MeshPod> {
  return graph.index('podsByAddress', pods, ({ addresses }) => addresses);
}

/**
 * The pod that has an address now. A pod that is being deleted may still be listed with an address that another
 * one has already got: the running one has it, and of two the newer.
 */
export function holderOf(pods: readonly IndexEntry<MeshPod>[] | undefined): IndexEntry<MeshPod> | undefined {
  const [first, ...others] = pods ?? [];
  return others.reduce(
    (best, pod) => (best === undefined || outlives(pod.value, best.value) ? pod : best),
    first,
  );
}

function outlives(pod: MeshPod, other: MeshPod): boolean {
  if (pod.terminating !== other.terminating) return other.terminating;
  return pod.createdAt > other.createdAt;
}
