/** What the mesh is computed from: small shapes, projected from Kubernetes objects, one collection per kind. */

import type { GraphApi, Source } from '../graph/types.ts';
import type { MeshConfig, MutualTLSPolicy, TelemetryPolicy } from '../base/api.ts';
import type {
  GRPCRule,
  HTTPRule,
  KubeBackendTrafficPolicy,
  KubeReferenceGrant,
  ParentRef,
  StreamRouteRule,
} from './kubernetes.ts';
import type { ProxySettings, UsedSet } from './model.ts';
import type {
  BackendTLSPolicySource,
  ConfigMapSource,
  GatewayAPISource,
  GatewayClassSource,
  GatewaySource,
  ListenerSetSource,
  TLSSecretSource,
} from './gateways/sources.ts';

export type AddressFamily = 'IPv4' | 'IPv6';

/** Keyed `namespace/name`. A Service of type ExternalName has no part in the mesh and does not exist here. */
export interface ServiceSource {
  readonly namespace: string;
  readonly name: string;
  /** ClusterIPs of both families; empty for a headless Service. */
  readonly addresses: readonly string[];
  readonly headless: boolean;
  readonly primaryFamily: AddressFamily;
  /** Labels of its pods; absent where its endpoints are made by hand. */
  readonly selector?: Readonly<Record<string, string>>;
  /** TCP ports only. `name` is empty where there is none. */
  readonly ports: readonly { readonly name: string; readonly port: number; readonly appProtocol?: string }[];
  /** Absent where there are none. */
  readonly udpPorts?: readonly { readonly name: string; readonly port: number }[];
}

/** Keyed `namespace/name` of the slice. */
export interface EndpointSliceSource {
  /** `namespace/name` of the Service. */
  readonly service: string;
  readonly family: AddressFamily;
  /** TCP ports only; the number is that of the pod. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  /** Absent where there are none. */
  readonly udpPorts?: readonly { readonly name: string; readonly port: number }[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface SliceEndpoint {
  readonly address: string;
  readonly ready: boolean;
  /** Still answers although it is terminating. */
  readonly draining: boolean;
  readonly zone: string;
  /** `namespace/name` of the pod, where it is one. */
  readonly pod?: string;
}

/** Keyed `namespace/name`. A pod that has succeeded or failed does not exist here. */
export interface PodSource {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Empty where the pod uses its node's addresses. */
  readonly addresses: readonly string[];
  readonly serviceAccount: string;
  /** Key of its Workload. */
  readonly workload: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly meshed: boolean;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly createdAt: string;
}

/** Keyed by name. */
export interface NodeSource {
  readonly zone: string;
  readonly podCIDRs: readonly string[];
}

/** Keyed by name. */
export interface ServiceCIDRSource {
  readonly cidrs: readonly string[];
}

/** A route of any kind, with any parents; keyed `namespace/name`. */
export interface RouteSource<Rule> {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly parentRefs: readonly ParentRef[];
  /** As written; empty where there are none, and for kinds without hostnames. */
  readonly hostnames: readonly string[];
  readonly rules: readonly Rule[];
}

export type HTTPRouteSource = RouteSource<HTTPRule>;
export type GRPCRouteSource = RouteSource<GRPCRule>;
/** TLSRoute, TCPRoute, UDPRoute. */
export type StreamRouteSource = RouteSource<StreamRouteRule>;

/** Keyed `namespace/name`. */
export interface ReferenceGrantSource {
  /** That of what may be referred to. */
  readonly namespace: string;
  readonly from: NonNullable<NonNullable<KubeReferenceGrant['spec']>['from']>;
  readonly to: NonNullable<NonNullable<KubeReferenceGrant['spec']>['to']>;
}

/** Keyed `namespace/name`. */
export interface BackendTrafficPolicySource {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly spec: NonNullable<KubeBackendTrafficPolicy['spec']>;
}

export type MeshConfigSource = MeshConfig['spec'];

/** Keyed `namespace/name`. */
export interface MutualTLSPolicySource {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly spec: MutualTLSPolicy['spec'];
}

/** Keyed `namespace/name`. */
export interface TelemetryPolicySource {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly spec: TelemetryPolicy['spec'];
}

/** What the control plane was started with; a MeshConfig overrides it. */
export type MeshDefaults = Pick<ProxySettings, 'image' | 'redirectImage' | 'imagePullPolicy'>;

export interface MeshSources {
  readonly services: Source<ServiceSource>;
  readonly endpointSlices: Source<EndpointSliceSource>;
  readonly pods: Source<PodSource>;
  readonly nodes: Source<NodeSource>;
  readonly serviceCIDRs: Source<ServiceCIDRSource>;
  readonly httpRoutes: Source<HTTPRouteSource>;
  readonly grpcRoutes: Source<GRPCRouteSource>;
  readonly tlsRoutes: Source<StreamRouteSource>;
  readonly tcpRoutes: Source<StreamRouteSource>;
  readonly udpRoutes: Source<StreamRouteSource>;
  readonly backendTrafficPolicies: Source<BackendTrafficPolicySource>;
  readonly referenceGrants: Source<ReferenceGrantSource>;
  readonly gatewayClasses: Source<GatewayClassSource>;
  readonly gateways: Source<GatewaySource>;
  readonly listenerSets: Source<ListenerSetSource>;
  readonly backendTLSPolicies: Source<BackendTLSPolicySource>;
  readonly tlsSecrets: Source<TLSSecretSource>;
  readonly configMaps: Source<ConfigMapSource>;
  readonly gatewayAPI: Source<GatewayAPISource>;
  /** Kinds of Gateway API that the cluster does not serve; keyed by the plural of the kind. */
  readonly missingKinds: Source<true>;
  /** Labels; keyed by name. */
  readonly namespaces: Source<Readonly<Record<string, string>>>;
  readonly meshConfigs: Source<MeshConfigSource>;
  readonly mutualTLSPolicies: Source<MutualTLSPolicySource>;
  readonly telemetryPolicies: Source<TelemetryPolicySource>;
  /** Keyed by workload. */
  readonly used: Source<UsedSet>;
  readonly defaults: MeshDefaults;
}

/** Creates the source collections, named by the plural of their kind, for whoever fills them. */
export function createMeshSources(graph: GraphApi, defaults: MeshDefaults): MeshSources {
  return {
    services: graph.source('services'),
    endpointSlices: graph.source('endpointslices'),
    pods: graph.source('pods'),
    nodes: graph.source('nodes'),
    serviceCIDRs: graph.source('servicecidrs'),
    httpRoutes: graph.source('httproutes'),
    grpcRoutes: graph.source('grpcroutes'),
    tlsRoutes: graph.source('tlsroutes'),
    tcpRoutes: graph.source('tcproutes'),
    udpRoutes: graph.source('udproutes'),
    backendTrafficPolicies: graph.source('xbackendtrafficpolicies'),
    referenceGrants: graph.source('referencegrants'),
    gatewayClasses: graph.source('gatewayclasses'),
    gateways: graph.source('gateways'),
    listenerSets: graph.source('listenersets'),
    backendTLSPolicies: graph.source('backendtlspolicies'),
    tlsSecrets: graph.source('secrets'),
    configMaps: graph.source('configmaps'),
    gatewayAPI: graph.source('customresourcedefinitions'),
    missingKinds: graph.source('missingKinds'),
    namespaces: graph.source('namespaces'),
    meshConfigs: graph.source('meshconfigs'),
    mutualTLSPolicies: graph.source('mutualtlspolicies'),
    telemetryPolicies: graph.source('telemetrypolicies'),
    used: graph.source('used'),
    defaults,
  };
}
