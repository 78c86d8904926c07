/** What all views are made of: the mesh as this replica knows it, and what all replicas told of their proxies and traffic. */

import type { MeshSources } from '../../mesh/sources.ts';
import type { WorkedMesh } from '../../mesh/workings.ts';
import type { Answered } from '../peers.ts';
import type { Findings } from './findings.ts';
import type { ConnectedProxy, ReplicaReport } from './replica.ts';
import type { RecentTraffic } from './traffic.ts';

export interface World {
  readonly mesh: WorkedMesh;
  readonly sources: MeshSources;
  readonly findings: Findings;
  readonly traffic: RecentTraffic;
  readonly reports: readonly Answered<ReplicaReport>[];
  /** By `namespace/pod`. */
  readonly connected: ReadonlyMap<string, ConnectedProxy>;
  /** Replicas that did not answer. */
  readonly silent: readonly string[];
  readonly nowMs: number;
}

/** Keys of the workloads behind each Service, by `namespace/service`. */
export function membersOf({ mesh }: Pick<World, 'mesh'>): ReadonlyMap<string, ReadonlySet<string>> {
  const members = new Map<string, Set<string>>();
  for (const [key, { endpoints }] of mesh.endpoints.entries()) {
    const service = serviceOf(key);
    const workloads = members.get(service) ?? new Set<string>();
    members.set(service, workloads);
    for (const { pod } of endpoints) {
      const workload = pod === undefined ? undefined : mesh.pods.get(pod)?.workload;
      if (workload !== undefined) workloads.add(workload);
    }
  }
  return members;
}

/** `namespace/service` of a ServicePort's key. */
export function serviceOf(servicePort: string): string {
  return servicePort.slice(0, servicePort.indexOf(':'));
}
