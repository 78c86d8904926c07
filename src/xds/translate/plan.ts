/** What one destination becomes for one group of clients, before any of it is written as messages. */

import type { Destination, RouteRule, RouteTable } from '../../mesh/model.ts';
import { podName, serviceName, upstreamName, variantKey } from './names.ts';

export interface DestinationPlan {
  /** `<ip>:<port>`. */
  readonly destination: string;
  readonly address: string;
  readonly port: number;
  /** Where opaque TCP goes. */
  readonly cluster: string;
  /** Set where HTTP is possible. */
  readonly route?: string;
  /** HTTP or opaque is decided per connection. */
  readonly detect: boolean;
  /** Every cluster a connection may end in, ascending. */
  readonly clusters: readonly string[];
}

/** `table` is that of the destination's service port, `clientNamespace` set where it holds consumer routes. */
export function planDestination(
  destination: string,
  target: Destination,
  table: RouteTable | undefined,
  clientNamespace: string | undefined,
): DestinationPlan {
  const { address, port, protocol } = target;
  const cluster = target.kind === 'pod' ? podName(destination) : serviceName(target.servicePort);
  const detect = protocol === 'detect';
  if (protocol === 'tcp') return { destination, address, port, cluster, detect, clusters: [cluster] };
  const clusters = new Set([cluster]);
  for (const name of referencedClusters(table?.rules ?? [])) clusters.add(name);
  return {
    destination,
    address,
    port,
    cluster,
    route: variantKey(cluster, clientNamespace),
    detect,
    clusters: [...clusters].sort(),
  };
}

/** Clusters of the rules' backends and mirrors, in no order and with repetitions. */
export function* referencedClusters(rules: readonly RouteRule[]): Iterable<string> {
  for (const rule of rules) {
    for (const { servicePort, upstream } of [...rule.backends, ...rule.filters.mirrors]) {
      if (servicePort !== undefined) yield upstreamName(servicePort, upstream);
    }
  }
}
