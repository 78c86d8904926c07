/** For tests: a mesh model made by hand, its translation, and the resources as JSON. */

import assert from 'node:assert/strict';
import { type DescMessage, fromBinary, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import type { GraphApi, Source } from '../../graph/types.ts';
import type {
  Destination,
  Mesh,
  MeshPod,
  MeshSettings,
  TelemetryProfile,
  PolicyVerdict,
  RouteRule,
  RouteTable,
  RouteVerdict,
  ServiceEndpoints,
  ServicePort,
  UsedSet,
  Workload,
} from '../../mesh/model.ts';
import { ClusterSchema } from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../proto/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../proto/envoy/config/route/v3/route_pb.js';
import { SecretSchema } from '../proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { registry } from '../proto/registry_pb.js';
import type { EncodedResource, ProxyLists, ProxyNames, ResourceKind, Translation } from '../resource.ts';
import { createTranslation } from './translation.ts';

export const schemas: Readonly<Record<ResourceKind, DescMessage>> = {
  secret: SecretSchema,
  cluster: ClusterSchema,
  endpoints: ClusterLoadAssignmentSchema,
  listener: ListenerSchema,
  route: RouteConfigurationSchema,
};

/** Requests are counted and may be seen live, and that is all. */
export const testProfile: TelemetryProfile = { metrics: true, tap: true };

export const testSettings: MeshSettings = {
  trustDomain: 'cluster.local',
  mtls: 'Permissive',
  outbound: 'Allow',
  meshCIDRs: ['10.96.0.0/12', '10.244.0.0/16'],
  proxy: {
    image: 'envoy',
    redirectImage: 'redirect',
    imagePullPolicy: 'IfNotPresent',
    cpuRequest: '10m',
    memoryRequest: '40Mi',
    logLevel: 'warning',
    concurrency: 1,
    drainSeconds: 5,
    scrape: true,
  },
  telemetry: { providers: {}, profile: testProfile },
};

export interface TestMesh {
  readonly graph: GraphApi;
  readonly mesh: Mesh;
  readonly translation: Translation;
  readonly settings: Source<MeshSettings>;
  readonly servicePorts: Source<ServicePort>;
  readonly endpoints: Source<ServiceEndpoints>;
  readonly workloads: Source<Workload>;
  readonly used: Source<UsedSet>;
  readonly destinations: Source<Destination>;
  readonly routeTables: Source<RouteTable>;
}

/** An empty mesh with default settings; tests write to the sources and await `graph.settled()`. */
export function testMesh(graph: GraphApi): TestMesh {
  const sources = {
    settings: graph.source<MeshSettings>('settings'),
    servicePorts: graph.source<ServicePort>('servicePorts'),
    endpoints: graph.source<ServiceEndpoints>('endpoints'),
    workloads: graph.source<Workload>('workloads'),
    used: graph.source<UsedSet>('used'),
    destinations: graph.source<Destination>('destinations'),
    routeTables: graph.source<RouteTable>('routeTables'),
  };
  const mesh: Mesh = {
    ...sources,
    pods: graph.source<MeshPod>('pods'),
    routeVerdicts: graph.source<RouteVerdict>('routeVerdicts'),
    telemetryProfiles: graph.source('telemetryProfiles'),
    routeSampling: graph.source('routeSampling'),
    telemetryVerdicts: graph.source('telemetryVerdicts'),
    policyVerdicts: graph.source<PolicyVerdict>('policyVerdicts'),
    backendTrafficVerdicts: graph.source('backendTrafficVerdicts'),
    usedBy: graph.index('usedBy', sources.used, (used) => used.destinations),
    gateway: {
      gateways: graph.source('gateways'),
      certificates: graph.source('certificates'),
      listenerHosts: graph.source('listenerHosts'),
      listenerStreams: graph.source('listenerStreams'),
      backendTLS: graph.source('backendTLS'),
      gatewayClassVerdicts: graph.source('gatewayClassVerdicts'),
      gatewayVerdicts: graph.source('gatewayVerdicts'),
      listenerSetVerdicts: graph.source('listenerSetVerdicts'),
      backendTLSVerdicts: graph.source('backendTLSVerdicts'),
    },
  };
  sources.settings.set('default', testSettings);
  return { graph, mesh, translation: createTranslation(graph, mesh), ...sources };
}

/** A rule that matches everything, with what the test cares about put over it. */
export function testRule(rule: Partial<RouteRule> = {}): RouteRule {
  return {
    match: { path: { type: 'PathPrefix', value: '/' }, headers: [], query: [] },
    filters: { mirrors: [] },
    backends: [{ servicePort: 'shop/web:80', weight: 1 }],
    route: 'shop/web',
    ...rule,
  };
}

export function identity(namespace: string, serviceAccount: string): string {
  return `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`;
}

/** Puts a Service port with its plain route table, its endpoints (addresses, or address and identity) and its VIP in. */
export function addService(
  at: TestMesh,
  key: string,
  vip: string,
  options: {
    readonly protocol?: ServicePort['protocol'];
    readonly endpoints?: readonly (readonly [address: string, identity?: string])[];
  } = {},
): void {
  const [namespace = '', rest = ''] = key.split('/');
  const [service = '', port = ''] = rest.split(':');
  const protocol = options.protocol ?? 'http';
  const endpoints = (options.endpoints ?? []).map(([address, id]) => ({
    address,
    port: 8080,
    zone: '',
    ...(id === undefined ? {} : { identity: id }),
  }));
  const identities = [...new Set(endpoints.flatMap((endpoint) => endpoint.identity ?? []))].sort();
  at.servicePorts.set(key, {
    namespace,
    service,
    port: Number(port),
    portName: '',
    protocol,
    addresses: [vip],
    headless: false,
  });
  at.endpoints.set(key, { endpoints, identities });
  at.routeTables.set(key, {
    servicePort: key,
    rules: [testRule({ backends: [{ servicePort: key, weight: 1 }], route: '' })],
  });
  at.destinations.set(`${vip}:${port}`, {
    kind: 'service',
    address: vip,
    port: Number(port),
    servicePort: key,
    protocol,
  });
}

export function addWorkload(
  at: TestMesh,
  key: string,
  uses: readonly string[],
  mtls?: Workload['mtls'],
): void {
  const [namespace = '', kind = '', name = ''] = key.split('/');
  at.workloads.set(key, {
    namespace,
    kind,
    name,
    serviceAccount: 'default',
    mtls: mtls ?? { mode: 'Permissive', tcpPorts: [], httpPorts: [] },
  });
  at.used.set(key, { destinations: uses });
}

/** All that lists name, also what is shared with others; ascending. */
export function wholeLists({ clusters, listeners, shared }: ProxyLists): ProxyNames {
  return {
    clusters: [...clusters, ...(shared?.clusters ?? [])].sort(),
    listeners: [...listeners, ...(shared?.listeners ?? [])].sort(),
  };
}

export function decode(kind: ResourceKind, resource: EncodedResource | undefined): JsonObject {
  assert.ok(resource, 'the resource does not exist');
  const json: JsonValue = toJson(schemas[kind], fromBinary(schemas[kind], resource.body), { registry });
  assert.ok(typeof json === 'object' && json !== null && !Array.isArray(json));
  return json;
}

/** What lies below the keys and indexes, or undefined where one of them does not exist. */
export function path(
  json: JsonValue | undefined,
  ...steps: readonly (string | number)[]
): JsonValue | undefined {
  return steps.reduce<JsonValue | undefined>(
    (at, step) =>
      typeof at === 'object' && at !== null
        ? (at as Readonly<Record<string | number, JsonValue>>)[step]
        : undefined,
    json,
  );
}
