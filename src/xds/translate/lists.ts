/**
 * What the proxies of each workload hold: names of listeners and clusters. Workloads that use the same
 * destinations share one computation and its result, so that a thousand proxies which all use the whole mesh
 * cost as much as one:
 *
 *   workload ─> its used set ──index──> set, inbound listeners, `outbound` ─> names held ──index──> listeners in use
 *       └───────────────── lists of the workload <────────────────────────────────┘
 */

import { listDigest } from '../../base/list-digest.ts';
import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { Mesh } from '../../mesh/model.ts';
import type { ProxyLists } from '../resource.ts';
import { hasDetection } from './listener-inbound.ts';
import { gatewayKind } from './gateway-names.ts';
import { addressListener, detectName, inboundListener, internalListener, outboundListener } from './names.ts';
import { providerCluster, providersOf } from './otlp.ts';
import { connectionClusters } from './plan.ts';
import { type Profiles, withProfile } from './profiles.ts';
import { namespaceOf, type Variants } from './variants.ts';

export interface Lists {
  /** Keyed by workload. */
  readonly lists: Collection<ProxyLists>;
  /** By name of listener: who holds it. */
  readonly listenerHolders: Collection<unknown>;
  /** Workloads with the listener `detect/<workload>` and the cluster that leads to it. */
  readonly detections: Collection<unknown>;
}

/** Destinations as one group of workloads uses them; `set` is the same exactly where the rest is. */
interface UsedBy {
  readonly set: string;
  readonly destinations: readonly string[];
  /** Only where there are consumer routes for clients of the namespace. */
  readonly namespace?: string;
  /** Of the profile of telemetry, where the workloads have one of their own. */
  readonly profile?: string;
}

const setPrefix = 'set/';

export function createLists(graph: GraphApi, mesh: Mesh, variants: Variants, profiles: Profiles): Lists {
  const detections = graph.derive('xds/detections', mesh.workloads, (_, { kind, mtls }) =>
    kind !== gatewayKind && hasDetection(mtls) ? true : undefined,
  );
  const used = graph.derive('xds/used', mesh.workloads, (workload, { kind }, read): UsedBy | undefined => {
    // What these hold is what their Gateway says, and for as long as they outlive it what they held before.
    if (kind === gatewayKind) return undefined;
    const destinations = read(mesh.used, workload)?.destinations ?? [];
    const namespace = namespaceOf(workload);
    const digest = profiles.digestOf(workload, read);
    const profile = digest === '' ? {} : { profile: digest };
    const set = setPrefix + listDigest(destinations) + (digest === '' ? '' : `#${digest}`);
    if (!variants.hasConsumers(namespace, read)) return { set, destinations, ...profile };
    return { set: `${set}@${namespace}`, destinations, namespace, ...profile };
  });

  const holders = graph.index('xds/holders', used, ({ set, profile = '' }, workload) => [
    inboundListener(workload),
    detectName(workload),
    withProfile(outboundListener, profile),
    set,
  ]);
  // The members of a set are alike, so any will do; that there is one more of them is no news.
  const sets = graph.derive('xds/sets', holders, (name, [first]) =>
    name.startsWith(setPrefix) ? first?.value : ({ set: name, destinations: [] } satisfies UsedBy),
  );
  const held = graph.derive('xds/held', sets, (name, set, read) =>
    name.startsWith(setPrefix) ? namesOf(set, variants, read) : { clusters: [], listeners: [name] },
  );
  const listenerHolders = graph.index('xds/listener-holders', held, (names) => names.listeners);

  const lists = graph.derive('xds/lists', used, (workload, { set, profile = '' }, read): ProxyLists => {
    const names = read(held, set) ?? { clusters: [], listeners: [] };
    const detection = read(detections, workload) === true ? [detectName(workload)] : [];
    const own = [inboundListener(workload), ...detection, withProfile(outboundListener, profile)];
    const told = providersOf(profiles.of(workload, read)).map(providerCluster);
    const clusters = [...detection, ...told].filter((name) => !names.clusters.includes(name));
    return {
      clusters: clusters.length === 0 ? names.clusters : [...names.clusters, ...clusters].sort(),
      listeners: [...own, ...names.listeners].sort(),
    };
  });
  return { lists, listenerHolders, detections };
}

/** Destinations that are neither a Service nor a pod have no resources of their own and are left out. */
function namesOf(
  { destinations, namespace, profile = '' }: UsedBy,
  variants: Variants,
  read: Read,
): ProxyLists {
  const listeners = new Set<string>();
  const clusters = new Set<string>();
  for (const destination of destinations) {
    const plan = read(variants.plans, destination);
    if (plan === undefined) continue;
    listeners
      .add(withProfile(addressListener(destination), profile))
      .add(withProfile(internalListener(destination), profile));
    for (const cluster of connectionClusters(plan)) clusters.add(cluster);
    if (plan.route === undefined) continue;
    const route = variants.routeFor(plan.route, namespace, read);
    for (const cluster of read(variants.routeClusters, route) ?? []) clusters.add(cluster);
  }
  return { clusters: [...clusters].sort(), listeners: [...listeners].sort() };
}
