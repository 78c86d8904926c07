/**
 * Destinations as their clients see them. Clients of a namespace with consumer routes for the destination's
 * service port have a variant of their own, `<ip>:<port>@<namespace>`; all others share `<ip>:<port>`.
 */

import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { Destination, Mesh } from '../../mesh/model.ts';
import { variantKey } from './names.ts';
import { type DestinationPlan, planDestination } from './plan.ts';

export interface Variants {
  /** Keyed by used destination: the variants its users see, ascending; one where the destination is unknown. */
  readonly keys: Collection<readonly string[]>;
  /** Keyed by variant; only of destinations that are a Service or a pod. */
  readonly plans: Collection<DestinationPlan>;
  /** Whether there is any consumer route for clients in the namespace. */
  hasConsumers(namespace: string, read: Read): boolean;
  /** The variant that clients in a namespace see. */
  variantFor(destination: string, target: Destination, namespace: string, read: Read): string;
}

export function createVariants(graph: GraphApi, mesh: Mesh): Variants {
  // Whose consumer tables exist, apart from what is in them.
  const consumers = graph.derive('xds/consumers', mesh.routeTables, (_, { servicePort, clientNamespace }) =>
    clientNamespace === undefined ? undefined : { servicePort, clientNamespace },
  );
  const byPort = graph.index('xds/consumers-by-port', consumers, ({ servicePort }) => [servicePort]);
  const byNamespace = graph.index('xds/consumers-by-namespace', consumers, ({ clientNamespace }) => [
    clientNamespace,
  ]);
  const consumerNamespaces = graph.derive('xds/consumer-namespaces', byNamespace, () => true);

  function variantFor(destination: string, target: Destination, namespace: string, read: Read): string {
    const own = hasRoutes(target) && read(consumers, variantKey(target.servicePort, namespace)) !== undefined;
    return variantKey(destination, own ? namespace : undefined);
  }

  const keys = graph.derive('xds/variants', mesh.usedBy, (destination, users, read): readonly string[] => {
    const target = read(mesh.destinations, destination);
    // Who the users are matters only with consumer routes; a popular destination has thousands of them.
    if (target === undefined || !hasRoutes(target) || read(byPort, target.servicePort) === undefined) {
      return [destination];
    }
    const namespaces = new Set(users.map((user) => namespaceOf(user.key)));
    const variants = [...namespaces].map((namespace) => variantFor(destination, target, namespace, read));
    return [...new Set(variants)].sort();
  });

  const plans = graph.expand('xds/plans', keys, (destination, variants, read) => {
    const target = read(mesh.destinations, destination);
    if (target === undefined) return [];
    return variants.map((variant) => {
      const namespace = variant === destination ? undefined : variant.slice(destination.length + 1);
      const table = hasRoutes(target)
        ? read(mesh.routeTables, variantKey(target.servicePort, namespace))
        : undefined;
      return [variant, planDestination(destination, target, table, namespace)] as const;
    });
  });

  const hasConsumers = (namespace: string, read: Read): boolean =>
    read(consumerNamespaces, namespace) === true;
  return { keys, plans, hasConsumers, variantFor };
}

function hasRoutes(target: Destination): target is Extract<Destination, { kind: 'service' }> {
  return target.kind === 'service' && target.protocol !== 'tcp';
}

/** The first part of a workload's key. */
export function namespaceOf(workload: string): string {
  return workload.slice(0, workload.indexOf('/'));
}
