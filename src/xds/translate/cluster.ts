/**
 * Clusters: one per used service port, `svc/<namespace>/<service>:<port>`, with endpoints by EDS; one per used
 * pod that is called by its own address, `pod/<ip>:<port>`.
 *
 * Whether a connection is TLS is decided per endpoint, by the metadata that EDS gives meshed endpoints; so one
 * Service may have endpoints inside and outside the mesh, and a pod joins the mesh without a new cluster.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { peerMetadata } from '../../base/signals.ts';
import type { Destination, Protocol, RetryBudget, ServicePort } from '../../mesh/model.ts';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import { RoutingPriority } from '../proto/envoy/config/core/v3/base_pb.js';
import { HttpProtocolOptionsSchema } from '../proto/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { duration, encodeResource, pack, socketAddress } from './encode.ts';
import { podName, podSni, serviceName, serviceSni } from './names.ts';
import { ads, plaintext, tlsNeeds, upstreamTls } from './tls.ts';

export type Cluster = Exclude<MessageInitShape<typeof ClusterSchema>, { $typeName: string }>;

/** Metadata of a meshed endpoint under `envoy.transport_socket_match`; endpoints.ts writes it. */
export const meshEndpointMatch = { mesh: true } as const;

const connectTimeoutMs = 5_000;
/** Shorter than the hour a server's side keeps an idle connection, so that it is the client that closes it. */
const upstreamIdleTimeoutMs = 60_000;
const unlimited = 0xffff_ffff;

interface Variant {
  readonly name?: string;
  /** What mesh TLS announces, whatever is inside. */
  readonly alpn?: readonly string[];
  /** HTTP/1.1 unless the port says HTTP/2, whatever the client speaks. */
  readonly edge?: boolean;
}

/** `identities` are those of the port's endpoints, ascending; empty where none of them is in the mesh. */
export function serviceCluster(
  key: string,
  port: Pick<ServicePort, 'protocol' | 'retryBudget'>,
  identities: readonly string[],
  { name = serviceName(key), alpn = [], edge = false }: Variant = {},
): EncodedResource {
  const needs: ResourceRef[] = [{ kind: 'endpoints', name }];
  const cluster: Cluster = {
    ...base(name, port.protocol, edge),
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: ads, serviceName: name },
    ...(port.retryBudget === undefined ? {} : limits(port.retryBudget)),
  };
  if (identities.length === 0) return encodeResource(name, ClusterSchema, cluster, needs);
  cluster.transportSocketMatches = [
    {
      name: 'mesh',
      match: meshEndpointMatch,
      transportSocket: upstreamTls(serviceSni(key), identities, alpn),
    },
    { name: 'plaintext', match: {}, transportSocket: plaintext },
  ];
  return encodeResource(name, ClusterSchema, cluster, [...needs, ...tlsNeeds]);
}

/** A pod has one endpoint and one identity, so the cluster needs neither EDS nor a choice of transport. */
export function podCluster(key: string, pod: Extract<Destination, { kind: 'pod' }>): EncodedResource {
  const name = podName(key);
  const cluster: Cluster = {
    ...base(name, pod.protocol),
    // Envoy ends a cluster's name at the first dot when it makes a label of it.
    altStatName: name.replaceAll('.', '_'),
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: [
            {
              hostIdentifier: { case: 'endpoint', value: { address: socketAddress(pod.address, pod.port) } },
              ...(pod.peer === undefined ? {} : { metadata: peerMetadataOf(pod.peer) }),
            },
          ],
        },
      ],
    },
  };
  if (pod.identity === undefined) return encodeResource(name, ClusterSchema, cluster);
  cluster.transportSocket = upstreamTls(podSni(pod.port), [pod.identity]);
  return encodeResource(name, ClusterSchema, cluster, tlsNeeds);
}

function peerMetadataOf(peer: string) {
  const { namespace, key } = peerMetadata;
  return { filterMetadata: { [namespace]: { [key]: peer } } };
}

function base(name: string, protocol: Protocol, edge = false): Cluster {
  const options = withoutProtocol(name);
  if (protocol === 'tcp') return options;
  const always = protocol === 'http2' || protocol === 'grpc';
  return { ...options, ...httpOptions(always ? alwaysHttp2 : edge ? alwaysHttp1 : whatTheClientSpeaks) };
}

/** What all clusters have in common. */
export function withoutProtocol(name: string, budget?: RetryBudget): Cluster {
  return {
    name,
    connectTimeout: duration(connectTimeoutMs),
    lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
    commonLbConfig: {
      // With panic mode a Service whose endpoints all fail would be sent traffic regardless.
      healthyPanicThreshold: { value: 0 },
    },
    ...limits(budget),
    upstreamConnectionOptions: {
      tcpKeepalive: { keepaliveProbes: 3, keepaliveTime: 60, keepaliveInterval: 10 },
    },
  };
}

export function httpOptions(options: Any): Pick<Cluster, 'typedExtensionProtocolOptions'> {
  return {
    typedExtensionProtocolOptions: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options },
  };
}

/**
 * The mesh limits nothing unless told to. Retries are the exception: they may add a quarter to the load, so
 * that a failing Service is not buried under them. A budget of GEP-3388 counts requests over a time, Envoy those that
 * are under way: at one second for a request, and more so below, it allows what the budget does.
 */
function limits(budget?: RetryBudget): Pick<Cluster, 'circuitBreakers'> {
  const retryBudget =
    budget === undefined
      ? { budgetPercent: { value: 25 }, minRetryConcurrency: 100 }
      : { budgetPercent: { value: budget.percent }, minRetryConcurrency: Math.ceil(budget.minimumPerSecond) };
  const priority = RoutingPriority.DEFAULT;
  return {
    circuitBreakers: {
      thresholds: [
        {
          priority,
          maxConnections: unlimited,
          maxPendingRequests: unlimited,
          maxRequests: unlimited,
          retryBudget,
        },
      ],
    },
  };
}

const commonHttpProtocolOptions = { idleTimeout: duration(upstreamIdleTimeoutMs) };
const http2ProtocolOptions = { allowConnect: true };

export const alwaysHttp2 = pack(HttpProtocolOptionsSchema, {
  commonHttpProtocolOptions,
  upstreamProtocolOptions: {
    case: 'explicitHttpConfig',
    value: { protocolConfig: { case: 'http2ProtocolOptions', value: http2ProtocolOptions } },
  },
});

export const alwaysHttp1 = pack(HttpProtocolOptionsSchema, {
  commonHttpProtocolOptions,
  upstreamProtocolOptions: {
    case: 'explicitHttpConfig',
    value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } },
  },
});

const whatTheClientSpeaks = pack(HttpProtocolOptionsSchema, {
  commonHttpProtocolOptions,
  upstreamProtocolOptions: {
    case: 'useDownstreamProtocolConfig',
    value: { httpProtocolOptions: {}, http2ProtocolOptions },
  },
});

/** For TLS with servers that are not of the mesh: HTTP/2 where the server offers it. */
export const whatTheServerOffers = pack(HttpProtocolOptionsSchema, {
  commonHttpProtocolOptions,
  upstreamProtocolOptions: {
    case: 'autoConfig',
    value: { httpProtocolOptions: {}, http2ProtocolOptions },
  },
});
