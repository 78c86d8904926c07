/** What passes between xds/translate and xds/server: encoded resources, and who holds which. */

import type { Collection } from '../graph/types.ts';

/** In the order in which additions are sent; removals go the other way round. */
export const resourceKinds = ['secret', 'cluster', 'endpoints', 'listener', 'route'] as const;
export type ResourceKind = (typeof resourceKinds)[number];

export const typeUrls = {
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
} as const satisfies Record<ResourceKind, string>;

export interface ResourceRef {
  readonly kind: ResourceKind;
  readonly name: string;
}

/** One Envoy resource, encoded once and shared by every proxy that holds it. */
export interface EncodedResource {
  readonly name: string;
  /** Content hash of the body: equal bytes, equal version, on every replica and after every restart. */
  readonly version: string;
  /** The encoded body (the Any's value), without the delta Resource wrapper. */
  readonly body: Uint8Array;
  /** Resources that this one refers to by name: RDS of a listener, EDS of a cluster. They bound what a proxy may ask for. */
  readonly needs: readonly ResourceRef[];
}

/**
 * Secrets that one proxy alone gets, in the place of the shared ones of their names. Calls `listener` at once and with
 * every newer state until the returned function is called; throws a coded error where there are none to be had.
 */
export type OwnSecrets = (listener: (secrets: readonly EncodedResource[]) => void) => () => void;

/** Names of wildcard resources, in ascending order. */
export interface ProxyNames {
  readonly clusters: readonly string[];
  readonly listeners: readonly string[];
}

/** The wildcard resources of one workload's proxies. */
export interface ProxyLists extends ProxyNames {
  /** What workloads that use the same have in common: the same object for all of them. */
  readonly shared?: ProxyNames;
}

/** Prefix of the on-demand cluster names: `vip/<ip>:<port>`. */
export const onDemandPrefix = 'vip/';

/**
 * Routes `<name>@<namespace>` are sent as `<name>` to the proxies of that namespace, in the place of those of this
 * name. So routes that hold for some clients only come and go without a change of the listeners that ask for them.
 * Listeners `<name>@<profile>` are sent as `<name>` to the proxies whose lists name them so.
 */
export const audienceMark = '@';

/** What xds/translate offers and xds/server serves. Only destinations that some workload uses are materialised. */
export interface Translation {
  readonly resources: Readonly<Record<ResourceKind, Collection<EncodedResource>>>;
  /** Wildcard lists, keyed by workload; only of workloads of which a proxy has been there. */
  readonly lists: Collection<ProxyLists>;
  /**
   * Answers to on-demand clusters, keyed `vip/<ip>:<port>`; present for every used destination, also for
   * addresses nobody knows (those pass straight through or are refused, by MeshSettings.outbound).
   * Their `needs` name what a proxy must have acknowledged before it gets the answer.
   */
  readonly onDemand: Collection<EncodedResource>;
  /** What only says that a resource is in use: behind these are the reasons why it exists, not why it is as it is. */
  readonly presence: readonly Collection<unknown>[];
}

/** How far a resource has come; the graph source `acks` holds one per `<kind> <name>`, written by xds/server. */
export interface ResourceAcks {
  /** Connected proxies that are to hold the resource, on this replica. */
  readonly holders: number;
  /** Those that have acknowledged the version that is served. */
  readonly current: number;
  /** The version that is served: behind the translation's until it is taken up, and for as long as a newer one is quarantined. */
  readonly served: string;
  /** What Envoy said of the latest version where it rejected it. That is quarantined, unless another proxy has acknowledged it. */
  readonly rejected?: { readonly version: string; readonly message: string };
}
