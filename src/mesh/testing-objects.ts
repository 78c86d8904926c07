/** For tests: Kubernetes objects with what a test cares about put over plausible rest. */

import { proxyAnnotation } from '../base/names.ts';
import type { MeshConfig, MutualTLSPolicy, TelemetryPolicy } from '../base/api.ts';
import type {
  HTTPRule,
  KubeEndpointSlice,
  KubeHTTPRoute,
  KubePod,
  KubeService,
  ParentRef,
} from './kubernetes.ts';
import { configDefaults } from './settings.ts';

/** `namespace/name`. */
type Name = string;

function metadata(name: Name) {
  const [namespace = '', own = ''] = name.split('/');
  return { namespace, name: own };
}

type ServicePorts = NonNullable<NonNullable<KubeService['spec']>['ports']>;

/** `address` is the ClusterIP, or `None`. */
export function service(
  name: Name,
  address: string,
  ports: ServicePorts = [{ name: 'http', port: 80 }],
  spec: KubeService['spec'] = {},
): KubeService {
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  return {
    kind: 'Service',
    metadata: metadata(name),
    spec: { clusterIP: address, clusterIPs: [address], ipFamilies: [family], ports, ...spec },
  };
}

export interface PodOptions {
  /** `Kind/name` of the controller; default Deployment of the first part of the name. */
  readonly owner?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  readonly meshed?: boolean;
  readonly createdAt?: string;
  readonly node?: string;
  readonly phase?: string;
  readonly deletedAt?: string;
  readonly hostNetwork?: boolean;
}

/** A meshed, ready pod of the Deployment that its name begins with: `shop/web-1` belongs to `web`. */
export function pod(name: Name, address: string, options: PodOptions = {}): KubePod {
  const { namespace, name: own } = metadata(name);
  const [ownerKind = '', ownerName = ''] = (options.owner ?? `Deployment/${own.split('-')[0]}`).split('/');
  const isDeployment = ownerKind === 'Deployment';
  return {
    kind: 'Pod',
    metadata: {
      namespace,
      name: own,
      uid: `uid-${own}`,
      creationTimestamp: options.createdAt ?? '2026-01-01T00:00:00Z',
      ...(options.deletedAt === undefined ? {} : { deletionTimestamp: options.deletedAt }),
      labels: { ...(isDeployment ? { 'pod-template-hash': '6c5' } : {}), ...options.labels },
      annotations: options.meshed === false ? {} : { [proxyAnnotation]: '{}' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: isDeployment ? 'ReplicaSet' : ownerKind,
          name: isDeployment ? `${ownerName}-6c5` : ownerName,
          uid: 'uid-owner',
          controller: true,
        },
      ],
    },
    spec: {
      nodeName: options.node ?? 'node-1',
      serviceAccountName: options.serviceAccount ?? 'default',
      ...(options.hostNetwork === undefined ? {} : { hostNetwork: options.hostNetwork }),
    },
    status: {
      phase: options.phase ?? 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

type SlicePorts = NonNullable<KubeEndpointSlice['ports']>;
type SliceEndpoints = NonNullable<KubeEndpointSlice['endpoints']>;

export function slice(
  name: Name,
  serviceName: string,
  endpoints: SliceEndpoints,
  ports: SlicePorts = [{ name: 'http', port: 8080 }],
): KubeEndpointSlice {
  const { namespace, name: own } = metadata(name);
  const isIPv6 = endpoints[0]?.addresses?.[0]?.includes(':') === true;
  return {
    kind: 'EndpointSlice',
    metadata: { namespace, name: own, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: isIPv6 ? 'IPv6' : 'IPv4',
    ports,
    endpoints,
  };
}

/** An endpoint that is a pod. */
export function podEndpoint(
  podName: Name,
  address: string,
  conditions: SliceEndpoints[number]['conditions'] = { ready: true },
): SliceEndpoints[number] {
  return { addresses: [address], conditions, targetRef: { kind: 'Pod', ...metadata(podName) }, zone: 'z1' };
}

/** A parent that is a Service: `name` in the route's namespace, or `namespace/name`. */
export function parent(name: string, rest: Partial<ParentRef> = {}): ParentRef {
  const [first = '', second] = name.split('/');
  const named = second === undefined ? { name: first } : { namespace: first, name: second };
  return { group: '', kind: 'Service', ...named, ...rest };
}

export function route(
  name: Name,
  parentRefs: readonly ParentRef[],
  rules: readonly HTTPRule[],
  createdAt = '2026-01-01T00:00:00Z',
): KubeHTTPRoute {
  return {
    kind: 'HTTPRoute',
    metadata: { ...metadata(name), generation: 1, creationTimestamp: createdAt },
    spec: { parentRefs, rules },
  };
}

export function policy(
  name: Name,
  spec: MutualTLSPolicy['spec'],
  createdAt = '2026-01-01T00:00:00Z',
): MutualTLSPolicy {
  return {
    apiVersion: 'weft.dev/v1alpha1',
    kind: 'MutualTLSPolicy',
    metadata: { ...metadata(name), generation: 1, creationTimestamp: createdAt },
    spec,
  };
}

export function telemetryPolicy(
  name: Name,
  spec: TelemetryPolicy['spec'],
  createdAt = '2026-01-01T00:00:00Z',
): TelemetryPolicy {
  return {
    apiVersion: 'weft.dev/v1alpha1',
    kind: 'TelemetryPolicy',
    metadata: { ...metadata(name), generation: 1, creationTimestamp: createdAt },
    spec,
  };
}

export function meshConfig(spec: Partial<MeshConfig['spec']>, name = 'default'): MeshConfig {
  return {
    apiVersion: 'weft.dev/v1alpha1',
    kind: 'MeshConfig',
    metadata: { name },
    spec: { ...configDefaults, ...spec },
  };
}
