/**
 * Routes as the clients of each namespace see them. Clients of a namespace with consumer routes for a service port
 * have a RouteConfiguration of their own, `svc/<service port>@<namespace>`, which reaches them under the name of
 * the one that all others share: their listeners do not change when a consumer route comes or goes.
 *
 *   usedBy ─> used ──> plans            what each used destination becomes
 *                └───> routes in use ─> clusters that each of them leads to
 */

import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { Destination, Mesh } from '../../mesh/model.ts';
import { variantKey } from './names.ts';
import { type DestinationPlan, planDestination, referencedClusters } from './plan.ts';

export interface Variants {
  /** Destinations that any workload uses. */
  readonly used: Collection<boolean>;
  /** Keyed by used destination; only of those that are a Service or a pod. */
  readonly plans: Collection<DestinationPlan>;
  /** RouteConfigurations in use, by the name that each is kept by. */
  readonly routeNames: Collection<boolean>;
  /** By name of a RouteConfiguration in use: the clusters that it refers to, ascending. */
  readonly routeClusters: Collection<readonly string[]>;
  /** Whether there is any consumer route for clients in the namespace. */
  hasConsumers(namespace: string, read: Read): boolean;
  /** The RouteConfiguration that clients in a namespace get; `route` is that of a plan. */
  routeFor(route: string, namespace: string | undefined, read: Read): string;
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

  // Apart from who uses them: that there is one more user is no news.
  const used = graph.derive('xds/used-destinations', mesh.usedBy, () => true);
  const plans = graph.derive('xds/plans', used, (destination, _, read) => {
    const target = read(mesh.destinations, destination);
    const table = target?.kind === 'service' ? read(mesh.routeTables, target.servicePort) : undefined;
    return target && planDestination(destination, target, table?.streams);
  });

  const routes = graph.derive('xds/routes', plans, (destination, { route }, read) => {
    const target = read(mesh.destinations, destination);
    if (target === undefined || route === undefined) return undefined;
    // Who the users are matters only with consumer routes; a popular destination has thousands of them.
    if (!hasRoutes(target) || read(byPort, target.servicePort) === undefined) return [route];
    const users = read(mesh.usedBy, destination) ?? [];
    const namespaces = new Set(users.map((user) => namespaceOf(user.key)));
    const own = [...namespaces].filter(
      (namespace) => read(consumers, variantKey(target.servicePort, namespace)) !== undefined,
    );
    return [route, ...own.map((namespace) => variantKey(route, namespace))].sort();
  });
  const routeUsers = graph.index('xds/route-users', routes, (names) => names);
  const routeNames = graph.derive('xds/route-names', routeUsers, () => true);
  const routeClusters = graph.derive('xds/route-clusters', routeNames, (name, _, read) => {
    if (!name.startsWith(servicePrefix)) return [name];
    const table = read(mesh.routeTables, name.slice(servicePrefix.length));
    return table && [...new Set(referencedClusters(table.rules))].sort();
  });

  return {
    used,
    plans,
    routeNames,
    routeClusters,
    hasConsumers: (namespace, read) => read(consumerNamespaces, namespace) === true,
    routeFor: (route, namespace, read) => {
      const own = variantKey(route, namespace);
      const isOwn = namespace !== undefined && read(consumers, own.slice(servicePrefix.length)) !== undefined;
      return isOwn ? own : route;
    },
  };
}

const servicePrefix = 'svc/';

function hasRoutes(target: Destination): target is Extract<Destination, { kind: 'service' }> {
  return target.kind === 'service' && target.protocol !== 'tcp';
}

/** The first part of a workload's key. */
export function namespaceOf(workload: string): string {
  return workload.slice(0, workload.indexOf('/'));
}
