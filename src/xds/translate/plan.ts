/** What one destination becomes, before any of it is written as messages. */

import type { StreamRule } from '../../mesh/gateway-model.ts';
import type { Destination, RouteBackend, RouteRule } from '../../mesh/model.ts';
import { invalidBackendCluster, podName, serviceName, upstreamName } from './names.ts';

export interface DestinationPlan {
  /** `<ip>:<port>`. */
  readonly destination: string;
  readonly address: string;
  readonly port: number;
  /** Key of the ServicePort that is called; absent of a pod called by its own address. */
  readonly service?: string;
  /** Where opaque TCP goes. */
  readonly cluster: string;
  /** Set where HTTP is possible. */
  readonly route?: string;
  /** Of TLSRoutes or a TCPRoute, which then have every connection. */
  readonly streams?: readonly StreamRule[];
  /** HTTP or opaque is decided per connection. */
  readonly detect: boolean;
}

/** `streams` are those of the destination's service port, where it has any. */
export function planDestination(
  destination: string,
  target: Destination,
  streams?: readonly StreamRule[],
): DestinationPlan {
  const { address, port, protocol } = target;
  const cluster = target.kind === 'pod' ? podName(destination) : serviceName(target.servicePort);
  const service = target.kind === 'pod' ? {} : { service: target.servicePort };
  if (streams !== undefined)
    return { destination, address, port, ...service, cluster, detect: false, streams };
  const plan = { destination, address, port, ...service, cluster, detect: protocol === 'detect' };
  return protocol === 'tcp' ? plan : { ...plan, route: cluster };
}

/** Clusters that connections may end in without a route, with repetitions. */
export function connectionClusters({ cluster, streams }: DestinationPlan): readonly string[] {
  if (streams === undefined) return [cluster];
  return streams.flatMap(({ backends }) => backends.filter(isValid).map(streamCluster));
}

/** The share of an invalid backend goes to a cluster that does not exist, which closes the connection. */
export function streamCluster({ servicePort, upstream }: RouteBackend): string {
  return servicePort === undefined ? invalidBackendCluster : upstreamName(servicePort, upstream);
}

function isValid({ servicePort }: RouteBackend): boolean {
  return servicePort !== undefined;
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
