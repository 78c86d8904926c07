/**
 * The mesh model as Envoy resources, every one a derivation of the graph:
 *
 *   usedBy ─> plans ──> clusters, endpoints, routes  (what the used destinations refer to)
 *      │        └─> lists per workload ──> listeners
 *      └─> on-demand answers
 *
 * To these come the resources of gateways (gateways.ts), whose routes lead to the same clusters.
 *
 * A change of one endpoint encodes one ClusterLoadAssignment, a change of a weight one RouteConfiguration.
 */

import { tcpAlpn } from '../../base/names.ts';
import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { Mesh, MeshSettings, ServicePort } from '../../mesh/model.ts';
import { type EncodedResource, onDemandPrefix, type Translation } from '../resource.ts';
import { podCluster, serviceCluster } from './cluster.ts';
import { detectionCluster } from './cluster-internal.ts';
import { type BackendTerms, tlsCluster } from './cluster-tls.ts';
import { sameResource } from './encode.ts';
import { namedEndpoints } from './endpoints.ts';
import { opaqueSuffix } from './gateway-names.ts';
import { createGatewayResources, withGateways } from './gateways.ts';
import { destinationListener } from './listener-destination.ts';
import { hasDetection, inbound, inboundDetection } from './listener-inbound.ts';
import { outbound } from './listener-outbound.ts';
import { resumed } from './listener-resumed.ts';
import { createLists } from './lists.ts';
import { detectName, outboundListener, parseUpstream, resumedListener } from './names.ts';
import { knownDestination, unknownDestination } from './on-demand.ts';
import { connectionClusters } from './plan.ts';
import { hostCluster } from './otlp.ts';
import { createProfiles, type Profiles, splitProfile } from './profiles.ts';
import { podRoutes, serviceRoutes } from './route.ts';
import { samplingOfRoutes, type SamplingOf } from './sampling.ts';
import { secrets } from './secret.ts';
import { createVariants, type Variants } from './variants.ts';

type Resources = Collection<EncodedResource>;

/** Derives everything from `mesh`; nothing is computed for destinations that no workload uses. */
export function createTranslation(graph: GraphApi, mesh: Mesh): Translation {
  const variants = createVariants(graph, mesh);
  const profiles = createProfiles(graph, mesh);
  const samplingOf = samplingOfRoutes(mesh);
  const gateways = createGatewayResources(graph, mesh.gateway, mesh.endpoints, { profiles, samplingOf });
  const { lists, listenerUsers, detections } = createLists(graph, mesh, variants, profiles);

  // Names in use, without by whom: when a holder comes or goes, only what is new or gone is touched.
  const inUse = (name: string, holders: Collection<unknown>) => graph.derive(name, holders, () => true);
  const listenerNames = inUse('xds/listener-names', listenerUsers);
  const clusterNames = inUse(
    'xds/cluster-names',
    graph.union<unknown>('xds/cluster-users', [
      graph.index('xds/cluster-holders', variants.plans, connectionClusters),
      graph.index('xds/routed-clusters', variants.routeClusters, (clusters) => clusters),
      gateways.serviceClusters,
      profiles.providers,
    ]),
  );
  const { routeNames } = variants;

  const own: Translation = {
    resources: {
      secret: secretResources(graph, mesh),
      cluster: graph.union('xds/clusters', [
        clusterResources(graph, mesh, clusterNames, gateways.backendTerms, profiles),
        detectionClusters(graph, detections),
        graph.derive('xds/provider-cluster', profiles.providers, (_, each) => hostCluster(each), options),
      ]),
      endpoints: endpointResources(graph, mesh, clusterNames),
      listener: listenerResources(graph, mesh, variants, profiles, listenerNames),
      route: routeResources(graph, mesh, routeNames, samplingOf),
    },
    lists,
    onDemand: onDemandResources(graph, mesh, variants),
    presence: [listenerNames, clusterNames, routeNames],
  };
  return withGateways(graph, own, gateways);
}

const options = { equal: sameResource };

/** Part of every resource's name before the first slash, and what follows it. */
function splitName(name: string): readonly [string, string] {
  const slash = name.indexOf('/');
  return slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash + 1)];
}

function settingsOf(mesh: Mesh, read: Read): MeshSettings {
  const settings = read(mesh.settings, 'default');
  if (settings === undefined) throw new Error('the mesh has no settings');
  return settings;
}

function secretResources(graph: GraphApi, mesh: Mesh): Resources {
  return graph.expand(
    'xds/secret',
    mesh.settings,
    () => secrets().map((secret) => [secret.name, secret] as const),
    options,
  );
}

const missingPort: Pick<ServicePort, 'protocol' | 'retryBudget'> = { protocol: 'http' };

function clusterResources(
  graph: GraphApi,
  mesh: Mesh,
  names: Collection<boolean>,
  terms: Collection<BackendTerms>,
  { providers }: Profiles,
): Resources {
  // A cluster depends on the identities alone, not on every endpoint that comes or goes.
  const identities = graph.derive('xds/identities', mesh.endpoints, (_, port) => port.identities);
  const compute = (name: string, _: boolean, read: Read): EncodedResource | undefined => {
    const [prefix, rest] = splitName(name);
    if (prefix === 'pod') {
      const pod = read(mesh.destinations, rest);
      return pod?.kind === 'pod' ? podCluster(rest, pod) : undefined;
    }
    const { key, upstream } = parseUpstream(rest);
    // Listeners that tell somebody refer to the cluster of whoever that is, also before there is a Service.
    const expected = prefix === 'svc' && read(providers, name) !== undefined ? missingPort : undefined;
    const port = read(mesh.servicePorts, key) ?? expected;
    if (upstream.tls !== undefined) {
      return tlsCluster(name, upstream, read(terms, upstream.tls), port?.retryBudget);
    }
    if (port === undefined) return undefined;
    const protocol = upstream.http2 === true ? 'http2' : port.protocol;
    const alpn = name.endsWith(opaqueSuffix) ? [tcpAlpn] : [];
    const variant = { name, alpn, edge: upstream.edge === true };
    return serviceCluster(key, { ...port, protocol }, read(identities, key) ?? [], variant);
  };
  return graph.derive('xds/cluster', names, compute, options);
}

function detectionClusters(graph: GraphApi, workloads: Collection<unknown>): Resources {
  return graph.expand(
    'xds/detection-cluster',
    workloads,
    (workload) => [[detectName(workload), detectionCluster(workload)] as const],
    options,
  );
}

function endpointResources(graph: GraphApi, mesh: Mesh, names: Collection<boolean>): Resources {
  const compute = (name: string, _: boolean, read: Read): EncodedResource | undefined => {
    const [prefix, rest] = splitName(name);
    if (prefix !== 'svc') return undefined;
    return namedEndpoints(name, read(mesh.endpoints, parseUpstream(rest).key)?.endpoints ?? []);
  };
  return graph.derive('xds/endpoints', names, compute, options);
}

function routeResources(
  graph: GraphApi,
  mesh: Mesh,
  names: Collection<boolean>,
  samplingOf: SamplingOf,
): Resources {
  const compute = (name: string, _: boolean, read: Read): EncodedResource | undefined => {
    const [prefix, key] = splitName(name);
    if (prefix === 'pod') return podRoutes(name);
    const table = read(mesh.routeTables, key);
    return table === undefined ? undefined : serviceRoutes(table, (rule) => samplingOf(rule, read));
  };
  return graph.derive('xds/route', names, compute, options);
}

function listenerResources(
  graph: GraphApi,
  mesh: Mesh,
  { plans }: Variants,
  profiles: Profiles,
  names: Collection<boolean>,
): Resources {
  const trustDomain = graph.derive('xds/trust-domain', mesh.settings, (_, settings) => settings.trustDomain);
  const compute = (name: string, _: boolean, read: Read): EncodedResource | undefined => {
    const [listener, digest] = splitProfile(name);
    const profile = profiles.byDigest(digest, read);
    if (profile === undefined) return undefined;
    if (listener === outboundListener) return outbound(settingsOf(mesh, read), profile, name);
    if (listener === resumedListener) return resumed;
    const [prefix, key] = splitName(listener);
    if (prefix === 'inbound' || prefix === 'detect') {
      const mtls = read(mesh.workloads, key)?.mtls;
      if (mtls === undefined || (prefix === 'detect' && !hasDetection(mtls))) return undefined;
      const made = prefix === 'inbound' ? inbound : inboundDetection;
      return made(key, mtls, read(trustDomain, 'default') ?? '', profiles.of(key, read));
    }
    const plan = read(plans, key);
    return plan && destinationListener(plan, profile, name);
  };
  return graph.derive('xds/listener', names, compute, options);
}

function onDemandResources(graph: GraphApi, mesh: Mesh, { plans, used }: Variants): Resources {
  const outboundPolicy = graph.derive(
    'xds/outbound-policy',
    mesh.settings,
    (_, settings) => settings.outbound,
  );
  const compute = (destination: string, _: boolean, read: Read) => {
    const plan = read(plans, destination);
    const answer =
      plan === undefined
        ? unknownDestination(destination, read(outboundPolicy, 'default') ?? 'Allow')
        : knownDestination(plan);
    return [[onDemandPrefix + destination, answer] as const];
  };
  return graph.expand('xds/on-demand', used, compute, options);
}
