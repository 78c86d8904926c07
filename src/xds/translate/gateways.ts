/**
 * The resources of gateways, hung into the graph:
 *
 *   gateways ──> ports ──────> listeners <── encoded chains (HTTPS), streams (TLS, TCP)
 *      ├───────> routes ─────> route configurations <── encoded hosts <── listenerHosts
 *      └───────> names held by the workload of each
 *
 * A change of one HTTP route encodes the hosts of its listener and puts one RouteConfiguration together anew; a change of
 * a certificate is one secret.
 */

import type { Collection, GraphApi } from '../../graph/types.ts';
import type { GatewayModel } from '../../mesh/gateway-model.ts';
import type { ServiceEndpoints } from '../../mesh/model.ts';
import type { EncodedResource, ProxyLists, ResourceKind, Translation } from '../resource.ts';
import type { BackendTerms } from './cluster-tls.ts';
import { sameResource } from './encode.ts';
import { encodeHosts, sameHosts } from './gateway-hosts.ts';
import { encodeHttpsChain, gatewayListener, streamClusters } from './gateway-listener.ts';
import {
  backendAuthorities,
  certificateSecret,
  clientAuthorities,
  gatewayWorkload,
  udpCluster,
} from './gateway-names.ts';
import { isUdp, planHttp, planHttps, planPorts, planRoutes } from './gateway-plan.ts';
import { gatewayRoutes } from './gateway-route.ts';
import { authorities, backendAuthoritiesSecret, certificate } from './gateway-secrets.ts';
import { providerCluster, providersOf } from './otlp.ts';
import type { Profiles } from './profiles.ts';
import type { SamplingOf } from './sampling.ts';
import { gatewayUdpCluster, gatewayUdpEndpoints, gatewayUdpListener } from './gateway-udp.ts';

type Resources = Collection<EncodedResource>;

export interface GatewayResources {
  /** By kind; `cluster` and `endpoints` are those of UDP, all others belong to service ports. */
  readonly secret: Resources;
  readonly cluster: Resources;
  readonly endpoints: Resources;
  readonly listener: Resources;
  readonly route: Resources;
  /** Keyed by the workload that a Gateway's proxies are. */
  readonly lists: Collection<ProxyLists>;
  /** Clusters of service ports, and variants of them, that some Gateway's routes lead to. */
  readonly serviceClusters: Collection<unknown>;
  /** Keyed like BackendTLS. */
  readonly backendTerms: Collection<BackendTerms>;
}

/** The translation of the mesh with that of its gateways. */
export function withGateways(graph: GraphApi, mesh: Translation, gateways: GatewayResources): Translation {
  const both = (kind: ResourceKind): Resources =>
    graph.union(`xds/all-${kind}`, [mesh.resources[kind], gateways[kind]]);
  return {
    ...mesh,
    resources: {
      secret: both('secret'),
      cluster: both('cluster'),
      endpoints: both('endpoints'),
      listener: both('listener'),
      route: both('route'),
    },
    // A gateway's pods are pods of the mesh too, but what they hold is what their Gateway says.
    lists: graph.union('xds/all-lists', [gateways.lists, mesh.lists]),
    presence: [...mesh.presence, gateways.serviceClusters],
  };
}

/** What is told of requests. */
export interface GatewayTelemetry {
  readonly profiles: Profiles;
  readonly samplingOf: SamplingOf;
}

const options = { equal: sameResource };

export function createGatewayResources(
  graph: GraphApi,
  model: GatewayModel,
  endpoints: Collection<ServiceEndpoints>,
  telemetry: GatewayTelemetry,
): GatewayResources {
  const { gateways, listenerStreams } = model;
  const ports = graph.expand('xds/gateway-ports', gateways, planPorts);
  const http = graph.expand('xds/gateway-http', gateways, (_, gateway) => planHttp(gateway));
  const routes = graph.expand('xds/gateway-routes', gateways, planRoutes);

  const hosts = graph.derive(
    'xds/gateway-hosts',
    http,
    (listener, called, read) =>
      encodeHosts(read(model.listenerHosts, listener) ?? { hosts: [] }, called, (rule) =>
        telemetry.samplingOf(rule, read),
      ),
    { equal: sameHosts },
  );
  const hostClusters = graph.derive('xds/gateway-host-clusters', hosts, (_, list) =>
    unique(list.flatMap(({ clusters }) => clusters)),
  );
  const route = graph.derive(
    'xds/gateway-route',
    routes,
    (name, plan, read) => gatewayRoutes(name, plan, (listener) => read(hosts, listener) ?? []),
    options,
  );
  const httpsListeners = graph.expand('xds/gateway-https', gateways, planHttps);
  const httpsChains = graph.derive(
    'xds/gateway-https-chain',
    httpsListeners,
    (_, { gateway, listener: each }, read) =>
      encodeHttpsChain(each, telemetry.profiles.of(gatewayWorkload(gateway), read)),
    { equal: (a, b) => Buffer.compare(a, b) === 0 },
  );
  const listener = graph.derive(
    'xds/gateway-listener',
    ports,
    (name, plan, read) =>
      isUdp(plan.port)
        ? gatewayUdpListener(name, plan)
        : gatewayListener(name, plan, {
            streamsOf: (key) => read(listenerStreams, key),
            httpsChainOf: (key) => read(httpsChains, key),
            profile: telemetry.profiles.of(gatewayWorkload(plan.gateway), read),
          }),
    options,
  );

  const udp = graph.expand('xds/gateway-udp', gateways, (_, gateway) =>
    gateway.ports
      .filter(isUdp)
      .flatMap((port) => port.listeners.slice(0, 1).map(({ key }) => [udpCluster(key), key] as const)),
  );
  const cluster = graph.derive('xds/gateway-udp-cluster', udp, gatewayUdpCluster, options);
  const udpEndpoints = graph.derive(
    'xds/gateway-udp-endpoints',
    udp,
    (name, key, read) =>
      gatewayUdpEndpoints(name, read(listenerStreams, key), (port) => read(endpoints, port)?.endpoints ?? []),
    options,
  );

  const lists = graph.expand('xds/gateway-lists', gateways, (key, gateway, read) => {
    const clusters = gateway.ports.flatMap((port) =>
      port.listeners.flatMap((each) => {
        if (isUdp(port)) return [udpCluster(each.key)];
        return [...(read(hostClusters, each.key) ?? []), ...streamClusters(read(listenerStreams, each.key))];
      }),
    );
    const listeners = planPorts(key, gateway).map(([name]) => name);
    const told = providersOf(telemetry.profiles.of(gatewayWorkload(key), read)).map(providerCluster);
    clusters.push(...told);
    return [[gatewayWorkload(key), { clusters: unique(clusters), listeners: listeners.sort() }] as const];
  });

  return {
    secret: gatewaySecrets(graph, model),
    cluster,
    endpoints: udpEndpoints,
    listener,
    route,
    lists,
    serviceClusters: graph.index('xds/gateway-cluster-holders', lists, ({ clusters }) =>
      clusters.filter((name) => name.startsWith('svc/')),
    ),
    backendTerms: graph.derive(
      'xds/backend-terms',
      model.backendTLS,
      (_, { hostname, subjectAltNames, broken }) => ({ hostname, subjectAltNames, broken }),
    ),
  };
}

function gatewaySecrets(graph: GraphApi, model: GatewayModel): Resources {
  const certificates = graph.expand(
    'xds/certificates',
    model.certificates,
    (key, pem) => [[certificateSecret(key), certificate(key, pem)] as const],
    options,
  );
  const clients = graph.expand(
    'xds/client-authorities',
    model.gateways,
    (_, { ports }) =>
      ports.flatMap(({ listeners }) =>
        listeners.flatMap(({ key, tls }) => {
          if (tls?.mode !== 'Terminate' || tls.clientValidation === undefined) return [];
          const name = clientAuthorities(key);
          return [[name, authorities(name, tls.clientValidation.authorities)] as const];
        }),
      ),
    options,
  );
  const backends = graph.expand(
    'xds/backend-authorities',
    model.backendTLS,
    (key, tls) => {
      const secret = backendAuthoritiesSecret(key, tls);
      return secret === undefined ? [] : [[backendAuthorities(key), secret] as const];
    },
    options,
  );
  return graph.union('xds/gateway-secrets', [certificates, clients, backends]);
}

/** Ascending, each once. */
function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
