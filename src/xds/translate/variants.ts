/**
 * Destinations as their clients see them. Clients of a namespace with consumer routes for the destination's
 * service port have a variant of their own, `<ip>:<port>@<namespace>`; all others share `<ip>:<port>`.
 */

import type { Collection, GraphApi, IndexEntry, Read } from '../../graph/types.ts';
import type { Destination, Mesh, UsedSet } from '../../mesh/model.ts';
import { variantKey } from './names.ts';
import { type DestinationPlan, planDestination } from './plan.ts';

export interface Variants {
  /** Keyed by variant; only of destinations that are a Service or a pod. */
  readonly plans: Collection<DestinationPlan>;
  /** The variant that clients in a namespace see. */
  variantFor(destination: string, target: Destination, namespace: string, read: Read): string;
  /** The variants that the users of a destination see, each once. */
  variantsOf(destination: string, target: Destination, users: Users, read: Read): readonly string[];
}

type Users = readonly IndexEntry<UsedSet>[];

export function createVariants(graph: GraphApi, mesh: Mesh): Variants {
  // Whether a consumer table exists, apart from what is in it.
  const consumers = graph.derive('xds/consumer-tables', mesh.routeTables, (_, table) =>
    table.clientNamespace === undefined ? undefined : true,
  );

  function variantFor(destination: string, target: Destination, namespace: string, read: Read): string {
    const own =
      target.kind === 'service' &&
      target.protocol !== 'tcp' &&
      read(consumers, variantKey(target.servicePort, namespace)) === true;
    return variantKey(destination, own ? namespace : undefined);
  }

  function variantsOf(destination: string, target: Destination, users: Users, read: Read): readonly string[] {
    const namespaces = new Set(users.map((user) => namespaceOf(user.key)));
    const variants = [...namespaces].map((namespace) => variantFor(destination, target, namespace, read));
    return [...new Set(variants)].sort();
  }

  const plans = graph.expand('xds/plans', mesh.usedBy, (destination, users, read) => {
    const target = read(mesh.destinations, destination);
    if (target === undefined) return [];
    return variantsOf(destination, target, users, read).map((variant) => {
      const namespace = namespaceOfVariant(destination, variant);
      const table =
        target.kind === 'service'
          ? read(mesh.routeTables, variantKey(target.servicePort, namespace))
          : undefined;
      return [variant, planDestination(destination, target, table, namespace)] as const;
    });
  });

  return { plans, variantFor, variantsOf };
}

/** The first part of a workload's key. */
export function namespaceOf(workload: string): string {
  return workload.slice(0, workload.indexOf('/'));
}

function namespaceOfVariant(destination: string, variant: string): string | undefined {
  return variant === destination ? undefined : variant.slice(destination.length + 1);
}
