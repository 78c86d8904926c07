/**
 * How a proxy reaches who takes its logs and spans: a cluster for each provider, only in proxies that tell it something.
 * A Service of the mesh is called as by any client of gRPC or HTTP, by mutual TLS where its pods are meshed; a host outside
 * by itself.
 */

import { isIP } from 'node:net';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OtlpProvider, TelemetryProfile } from '../../mesh/model.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import type { TypedExtensionConfigSchema } from '../proto/envoy/config/core/v3/extension_pb.js';
import type { GrpcServiceSchema } from '../proto/envoy/config/core/v3/grpc_service_pb.js';
import type { HttpServiceSchema } from '../proto/envoy/config/core/v3/http_service_pb.js';
import { EnvironmentResourceDetectorConfigSchema } from '../proto/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector_pb.js';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { alwaysHttp1, alwaysHttp2, httpOptions, withoutProtocol } from './cluster.ts';
import { duration, encodeResource, pack, socketAddress } from './encode.ts';
import { upstreamName } from './names.ts';

/** Of one export. Envoy drops what it cannot deliver; nothing waits for it. */
const exportTimeoutMs = 5_000;

/** A client of gRPC needs HTTP/2 whatever the port says, one of HTTP takes what the port says. */
export function providerCluster({ name, protocol, target }: OtlpProvider): string {
  if (target.kind === 'host') return `telemetry/${name}`;
  return upstreamName(target.servicePort, protocol === 'GRPC' ? { http2: true } : { edge: true });
}

/** Those that the proxies of a profile send to, each once. */
export function providersOf({ accessLog, tracing }: TelemetryProfile): readonly OtlpProvider[] {
  const used = [accessLog?.provider, tracing?.provider].filter((provider) => provider !== undefined);
  return [...new Map(used.map((provider) => [provider.name, provider])).values()];
}

/** What a listener that tells by this profile refers to. */
export function telemetryNeeds(profile: TelemetryProfile): readonly ResourceRef[] {
  return providersOf(profile).map(
    (provider) => ({ kind: 'cluster', name: providerCluster(provider) }) as const,
  );
}

/** Of a host; that of a Service is made from its ServicePort. */
export function hostCluster(provider: OtlpProvider): EncodedResource | undefined {
  const { protocol, target } = provider;
  if (target.kind !== 'host') return undefined;
  const name = providerCluster(provider);
  const address = socketAddress(target.host, target.port);
  const { STATIC, STRICT_DNS } = Cluster_DiscoveryType;
  return encodeResource(name, ClusterSchema, {
    ...withoutProtocol(name),
    ...httpOptions(protocol === 'GRPC' ? alwaysHttp2 : alwaysHttp1),
    clusterDiscoveryType: { case: 'type', value: isIP(target.host) === 0 ? STRICT_DNS : STATIC },
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: { address } } }] }],
    },
  });
}

export function grpcService(provider: OtlpProvider): MessageInitShape<typeof GrpcServiceSchema> {
  return {
    targetSpecifier: {
      case: 'envoyGrpc',
      // By itself Envoy would send the name of the cluster, which servers refuse for its slash.
      value: { clusterName: providerCluster(provider), authority: authorityOf(provider) },
    },
    timeout: duration(exportTimeoutMs),
  };
}

/** OTLP over HTTP has a path for each signal (OTLP specification, "OTLP/HTTP Request"). */
export function httpService(
  provider: OtlpProvider,
  signal: 'traces' | 'logs',
): MessageInitShape<typeof HttpServiceSchema> {
  return {
    httpUri: {
      uri: `http://${authorityOf(provider)}/v1/${signal}`,
      httpUpstreamType: { case: 'cluster', value: providerCluster(provider) },
      timeout: duration(exportTimeoutMs),
    },
  };
}

/** As any client of it would write it. */
function authorityOf({ target }: OtlpProvider): string {
  if (target.kind === 'service') return target.servicePort.replace(/^([^/]*)\/([^:]*):(.*)$/, '$2.$1.svc:$3');
  const host = isIP(target.host) === 6 ? `[${target.host}]` : target.host;
  return `${host}:${target.port}`;
}

/**
 * Whose logs and spans they are: the webhook tells the proxy in its environment, so that listeners which many workloads
 * share need not say it.
 */
export const whose: readonly MessageInitShape<typeof TypedExtensionConfigSchema>[] = [
  {
    name: 'envoy.tracers.opentelemetry.resource_detectors.environment',
    typedConfig: pack(EnvironmentResourceDetectorConfigSchema, {}),
  },
];
