/** What each used address and port leads to. */

import type { Collection, GraphApi, Index } from '../graph/types.ts';
import { parseDestinationKey } from './addresses.ts';
import type { Destination, MeshPod, ServicePort, UsedSet } from './model.ts';
import type { PodPort } from './pod-ports.ts';
import { holderOf } from './pods.ts';
import { protocolOfNumber } from './protocol.ts';
import { type PodProofs, proofOf } from './workloads.ts';

export interface DestinationContext extends PodProofs {
  readonly usedBy: Index<UsedSet>;
  readonly frontends: Index<ServicePort>;
  readonly podsByAddress: Index<MeshPod>;
  readonly podPorts: Collection<readonly PodPort[]>;
}

/** A ClusterIP and port lead to the Service; a pod's address, to that pod alone, whatever its Services are. */
export function deriveDestinations(graph: GraphApi, context: DestinationContext): Collection<Destination> {
  // Who uses them does not matter: that there is one more is no news for all that is derived from a destination.
  const used = graph.derive('usedDestinations', context.usedBy, () => true);
  return graph.derive('destinations', used, (key, _, read): Destination | undefined => {
    const target = parseDestinationKey(key);
    if (target === undefined) return undefined;
    const [frontend] = read(context.frontends, key) ?? [];
    if (frontend !== undefined) {
      return { kind: 'service', ...target, servicePort: frontend.key, protocol: frontend.value.protocol };
    }
    const pod = holderOf(read(context.podsByAddress, target.address));
    if (pod === undefined) return undefined;
    const known = read(context.podPorts, pod.key)?.find(({ port }) => port === target.port);
    return {
      kind: 'pod',
      ...target,
      pod: pod.key,
      protocol: known?.protocol ?? protocolOfNumber(target.port),
      ...proofOf(pod.key, context, read),
    };
  });
}
