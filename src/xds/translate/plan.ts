/** What one destination becomes, before any of it is written as messages. */

import type { Destination, RouteRule } from '../../mesh/model.ts';
import { podName, serviceName, upstreamName } from './names.ts';

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
}

export function planDestination(destination: string, target: Destination): DestinationPlan {
  const { address, port, protocol } = target;
  const cluster = target.kind === 'pod' ? podName(destination) : serviceName(target.servicePort);
  const plan = { destination, address, port, cluster, detect: protocol === 'detect' };
  return protocol === 'tcp' ? plan : { ...plan, route: cluster };
}

/** Clusters of the rules' backends and mirrors and of whom they ask, in no order and with repetitions. */
export function* referencedClusters(rules: readonly RouteRule[]): Iterable<string> {
  for (const { backends, filters } of rules) {
    const { mirrors, externalAuth } = filters;
    const called = [...backends, ...mirrors, ...(externalAuth === undefined ? [] : [externalAuth])];
    for (const { servicePort, upstream } of called) {
      if (servicePort !== undefined) yield upstreamName(servicePort, upstream);
    }
  }
}
