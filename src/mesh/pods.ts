/** Pods as the mesh sees them, and which of them has an address. */

import type { Collection, GraphApi, Index, IndexEntry } from '../graph/types.ts';
import type { MeshPod } from './model.ts';
import type { MeshSources } from './sources.ts';

export function derivePods(graph: GraphApi, sources: MeshSources): Collection<MeshPod> {
  const zones = graph.derive('zones', sources.nodes, (_, { zone }) => zone);
  return graph.derive('meshPods', sources.pods, (_, { node, ...pod }, read) => ({
    ...pod,
    zone: read(zones, node) ?? '',
    version: pod.labels['app.kubernetes.io/version'] ?? pod.labels['version'] ?? '',
  }));
}

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
