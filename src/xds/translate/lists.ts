/** What the proxies of one workload hold: names of listeners and clusters, in ascending order. */

import type { Read } from '../../graph/types.ts';
import type { Mesh } from '../../mesh/model.ts';
import type { ProxyLists } from '../resource.ts';
import { addressListener, inboundListener, internalListener, outboundListener } from './names.ts';
import { namespaceOf, type Variants } from './variants.ts';

/** Destinations that are neither a Service nor a pod have no resources of their own and are left out. */
export function proxyLists(
  workload: string,
  destinations: readonly string[],
  from: { readonly mesh: Mesh; readonly variants: Variants; readonly read: Read },
): ProxyLists {
  const { mesh, variants, read } = from;
  const namespace = namespaceOf(workload);
  const listeners = new Set([inboundListener(workload), outboundListener]);
  const clusters = new Set<string>();
  for (const destination of destinations) {
    const target = read(mesh.destinations, destination);
    if (target === undefined) continue;
    const variant = variants.variantFor(destination, target, namespace, read);
    const plan = read(variants.plans, variant);
    if (plan === undefined) continue;
    listeners.add(addressListener(variant)).add(internalListener(variant));
    for (const cluster of plan.clusters) clusters.add(cluster);
  }
  return { clusters: [...clusters].sort(), listeners: [...listeners].sort() };
}
