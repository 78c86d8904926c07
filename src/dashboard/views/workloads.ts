/** `workloads`: what runs in the mesh, as whom, how it is protected, what it uses and what it receives. */

import { formatIdentity } from '../../base/spiffe.ts';
import type { MeshPod } from '../../mesh/model.ts';
import type { Scope } from '../access.ts';
import { distinctRefs, isWanted, refOf } from './refs.ts';
import { isInSync } from './replica.ts';
import type { ObjectRef, WorkloadView } from './types.ts';
import { membersOf, serviceOf, type World } from './world.ts';

export function listWorkloads(world: World, scope: Scope): readonly WorkloadView[] {
  const { mesh, traffic } = world;
  const trustDomain = mesh.settings.get('default')?.trustDomain ?? '';
  const services = servicesByWorkload(world);
  const views: WorkloadView[] = [];
  for (const [key, workload] of mesh.workloads.entries()) {
    const { namespace, kind, name, serviceAccount, mtls } = workload;
    if (!isWanted(namespace, scope)) continue;
    const pods = (mesh.workings.podsByWorkload.get(key) ?? []).map((entry) => entry.value);
    const { policy } = mtls;
    views.push({
      namespace,
      kind,
      name,
      serviceAccount,
      identity: formatIdentity({ trustDomain, namespace, serviceAccount }),
      versions: [...new Set(pods.map(({ version }) => version))].filter((version) => version !== '').sort(),
      mtls: { mode: mtls.mode, ...(policy === undefined ? {} : { policy }) },
      pods: podCounts(world, pods),
      services: distinctRefs((services.get(key) ?? []).map((service) => refOf('Service', service, scope))),
      uses: usesOf(world, key, scope),
      traffic: traffic.ofWorkload(key),
    });
  }
  return views.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ namespace, kind, name }: WorkloadView): string {
  return `${namespace}/${kind}/${name}`;
}

function podCounts({ connected }: World, pods: readonly MeshPod[]): WorkloadView['pods'] {
  const proxies = pods.flatMap(({ namespace, name }) => connected.get(`${namespace}/${name}`) ?? []);
  return {
    total: pods.length,
    ready: pods.filter(({ ready }) => ready).length,
    connected: proxies.length,
    inSync: proxies.filter(isInSync).length,
  };
}

function servicesByWorkload(world: World): ReadonlyMap<string, readonly string[]> {
  const services = new Map<string, string[]>();
  for (const [service, workloads] of membersOf(world)) {
    for (const workload of workloads) {
      const known = services.get(workload);
      if (known === undefined) services.set(workload, [service]);
      else known.push(service);
    }
  }
  return services;
}

/** The Services and pods whose addresses its proxies have asked for. */
function usesOf({ mesh }: World, workload: string, scope: Scope): readonly ObjectRef[] {
  const destinations = mesh.used.get(workload)?.destinations ?? [];
  return distinctRefs(
    destinations.flatMap((key) => {
      const destination = mesh.destinations.get(key);
      if (destination === undefined) return [];
      return destination.kind === 'service'
        ? refOf('Service', serviceOf(destination.servicePort), scope)
        : refOf('Pod', destination.pod, scope);
    }),
  );
}
