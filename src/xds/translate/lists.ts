/**
 * What the proxies of each workload hold: names of listeners and clusters. Workloads that use the same
 * destinations share one computation and its result, so that a thousand proxies which all use the whole mesh
 * cost as much as one:
 *
 *   used set of a workload ──index──> sets ─> names held ──┐
 *       └──────────> own listeners ─────────────────────> lists of the workload
 *
 * Nothing is made for workloads of which no proxy has connected: these have no used set, not even an empty one.
 */

import { listDigest } from '../../base/list-digest.ts';
import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { Mesh } from '../../mesh/model.ts';
import type { ProxyLists, ProxyNames } from '../resource.ts';
import { hasDetection } from './listener-inbound.ts';
import { gatewayKind } from './gateway-names.ts';
import { addressListener, detectName, inboundListener, outboundListener, resumedListener } from './names.ts';
import { providerCluster, providersOf } from './otlp.ts';
import { connectionClusters } from './plan.ts';
import { type Profiles, withProfile } from './profiles.ts';
import { namespaceOf, type Variants } from './variants.ts';

export interface Lists {
  /** Keyed by workload. */
  readonly lists: Collection<ProxyLists>;
  /** By name of listener: what it is there for. */
  readonly listenerUsers: Collection<unknown>;
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

const noNames: ProxyNames = { clusters: [], listeners: [] };
const profileMark = '#';

export function createLists(graph: GraphApi, mesh: Mesh, variants: Variants, profiles: Profiles): Lists {
  const used = graph.derive('xds/used', mesh.used, (workload, { destinations }, read): UsedBy | undefined => {
    const kind = read(mesh.workloads, workload)?.kind;
    // What gateways hold is what their Gateway says, and for as long as they outlive it what they held before.
    if (kind === undefined || kind === gatewayKind) return undefined;
    const namespace = namespaceOf(workload);
    const digest = profiles.digestOf(workload, read);
    const profile = digest === '' ? {} : { profile: digest };
    const set = listDigest(destinations) + (digest === '' ? '' : profileMark + digest);
    if (!variants.hasConsumers(namespace, read)) return { set, destinations, ...profile };
    return { set: `${set}@${namespace}`, destinations, namespace, ...profile };
  });
  const detections = graph.derive('xds/detections', used, (workload, _, read) => {
    const mtls = read(mesh.workloads, workload)?.mtls;
    return mtls !== undefined && hasDetection(mtls) ? true : undefined;
  });

  // The members of a set are alike, so any will do; that there is one more of them is no news.
  const members = graph.index('xds/set-members', used, ({ set }) => [set]);
  const sets = graph.derive('xds/sets', members, (_, [first]) => first?.value);
  const held = graph.derive('xds/held', sets, (_, set, read) => namesOf(set, variants, read));

  const lists = graph.derive('xds/lists', used, (workload, { set, profile = '' }, read): ProxyLists => {
    const shared = read(held, set) ?? noNames;
    const detection = read(detections, workload) === true ? [detectName(workload)] : [];
    const told = providersOf(profiles.of(workload, read)).map(providerCluster);
    return {
      clusters: [...detection, ...told].filter((name) => !shared.clusters.includes(name)).sort(),
      listeners: [
        inboundListener(workload),
        ...detection,
        withProfile(outboundListener, profile),
        resumedListener,
      ].sort(),
      shared,
    };
  });
  const listenerUsers = graph.union<unknown>('xds/listener-users', [
    graph.index('xds/own-users', used, ({ profile = '' }, workload) => [
      inboundListener(workload),
      detectName(workload),
      withProfile(outboundListener, profile),
      resumedListener,
    ]),
    graph.index('xds/destination-users', variants.plans, ({ destination }) => [addressListener(destination)]),
    graph.index('xds/profile-users', held, ({ listeners }, set) =>
      set.includes(profileMark) ? listeners : [],
    ),
  ]);
  return { lists, listenerUsers, detections };
}

/** Destinations that are neither a Service nor a pod have no resources of their own and are left out. */
function namesOf(
  { destinations, namespace, profile = '' }: UsedBy,
  variants: Variants,
  read: Read,
): ProxyNames {
  const listeners = new Set<string>();
  const clusters = new Set<string>();
  for (const destination of destinations) {
    const plan = read(variants.plans, destination);
    if (plan === undefined) continue;
    listeners.add(withProfile(addressListener(destination), profile));
    for (const cluster of connectionClusters(plan)) clusters.add(cluster);
    if (plan.route === undefined) continue;
    const route = variants.routeFor(plan.route, namespace, read);
    for (const cluster of read(variants.routeClusters, route) ?? []) clusters.add(cluster);
  }
  return { clusters: [...clusters].sort(), listeners: [...listeners].sort() };
}
