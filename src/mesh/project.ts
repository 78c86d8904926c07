/**
 * From Kubernetes objects to the source shapes, one function per kind, called by the reflectors: the object, or
 * undefined where it has no part in the mesh. Pure, and they keep nothing of the object but what they return.
 */

import { proxyAnnotation } from '../base/names.ts';
import { ownerOf } from '../base/owner.ts';
import type { MeshConfig, MutualTLSPolicy, TelemetryPolicy } from '../base/api.ts';
import type { KubeObject } from '../kube/types.ts';
import type { KubeEndpointSlice, KubeNode, KubePod, KubeService, KubeServiceCIDR } from './kubernetes.ts';
import type {
  EndpointSliceSource,
  MeshConfigSource,
  MutualTLSPolicySource,
  NodeSource,
  PodSource,
  ServiceCIDRSource,
  ServiceSource,
  SliceEndpoint,
  TelemetryPolicySource,
} from './sources.ts';

const isTCP = (port: { readonly protocol?: string }): boolean => (port.protocol ?? 'TCP') === 'TCP';

/** Nothing where there are none, so that the many objects without them stay small. */
function udpPortsOf(
  ports: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[] = [],
): Pick<ServiceSource, 'udpPorts'> {
  const udpPorts = ports
    .filter(({ protocol }) => protocol === 'UDP')
    .flatMap(({ name = '', port }) => (port === undefined ? [] : [{ name, port }]));
  return udpPorts.length === 0 ? {} : { udpPorts };
}

const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? '';

export function projectService(service: KubeService): ServiceSource | undefined {
  const { spec = {} } = service;
  if (spec.type === 'ExternalName') return undefined;
  const headless = spec.clusterIP === 'None';
  const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  const hasSelector = spec.selector !== undefined && Object.keys(spec.selector).length > 0;
  return {
    namespace: namespaceOf(service),
    name: service.metadata.name,
    addresses: addresses.filter((address) => address !== 'None' && address !== ''),
    headless,
    primaryFamily: spec.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4',
    ...(hasSelector ? { selector: spec.selector } : {}),
    ports: (spec.ports ?? []).filter(isTCP).map(({ name = '', port, appProtocol }) => ({
      name,
      port,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    })),
    ...udpPortsOf(spec.ports),
  };
}

/** The label by which a slice names its Service. */
const serviceNameLabel = 'kubernetes.io/service-name';

export function projectEndpointSlice(slice: KubeEndpointSlice): EndpointSliceSource | undefined {
  const service = slice.metadata.labels?.[serviceNameLabel];
  if (service === undefined || (slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6'))
    return undefined;
  const ports = (slice.ports ?? [])
    .filter(isTCP)
    .flatMap(({ name = '', port }) => (port === undefined ? [] : [{ name, port }]));
  return {
    service: `${namespaceOf(slice)}/${service}`,
    family: slice.addressType,
    ports,
    ...udpPortsOf(slice.ports),
    endpoints: (slice.endpoints ?? []).flatMap((endpoint) => projectEndpoint(endpoint, namespaceOf(slice))),
  };
}

type KubeEndpoint = NonNullable<KubeEndpointSlice['endpoints']>[number];

/**
 * The conditions as EndpointSlice defines them: `ready` absent means ready, `serving` absent means like
 * `ready`. Further addresses of an endpoint are to be ignored.
 */
function projectEndpoint(endpoint: KubeEndpoint, namespace: string): readonly SliceEndpoint[] {
  const [address] = endpoint.addresses ?? [];
  if (address === undefined) return [];
  const { ready = true, serving = ready, terminating = false } = endpoint.conditions ?? {};
  const { targetRef } = endpoint;
  const isPod = targetRef?.kind === 'Pod' && targetRef.name !== undefined;
  return [
    {
      address,
      ready,
      draining: serving && terminating && !ready,
      zone: endpoint.zone ?? '',
      ...(isPod ? { pod: `${targetRef.namespace ?? namespace}/${targetRef.name}` } : {}),
    },
  ];
}

export function projectPod(pod: KubePod): PodSource | undefined {
  const { spec = {}, status = {}, metadata } = pod;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  const addresses = (status.podIPs ?? [{ ip: status.podIP }]).flatMap(({ ip }) =>
    ip === undefined ? [] : [ip],
  );
  const hostNetwork = spec.hostNetwork === true;
  const owner = ownerOf(metadata);
  return {
    namespace: namespaceOf(pod),
    name: metadata.name,
    uid: metadata.uid ?? '',
    addresses: hostNetwork ? [] : addresses,
    serviceAccount: spec.serviceAccountName ?? 'default',
    workload: `${namespaceOf(pod)}/${owner.kind}/${owner.name}`,
    node: spec.nodeName ?? '',
    labels: metadata.labels ?? {},
    meshed: !hostNetwork && metadata.annotations?.[proxyAnnotation] !== undefined,
    ready: (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    terminating: metadata.deletionTimestamp !== undefined,
    createdAt: metadata.creationTimestamp ?? '',
  };
}

const zoneLabel = 'topology.kubernetes.io/zone';

export function projectNode(node: KubeNode): NodeSource {
  const { podCIDR, podCIDRs = podCIDR === undefined ? [] : [podCIDR] } = node.spec ?? {};
  return { zone: node.metadata.labels?.[zoneLabel] ?? '', podCIDRs };
}

export function projectServiceCIDR(serviceCIDR: KubeServiceCIDR): ServiceCIDRSource {
  return { cidrs: serviceCIDR.spec?.cidrs ?? [] };
}

/** Labels. */
export function projectNamespace({ metadata }: KubeObject): Readonly<Record<string, string>> {
  return metadata.labels ?? {};
}

/** Only the object named `default` counts. */
export function projectMeshConfig(config: MeshConfig): MeshConfigSource | undefined {
  return config.metadata.name === 'default' ? config.spec : undefined;
}

export function projectMutualTLSPolicy(policy: MutualTLSPolicy): MutualTLSPolicySource {
  return { ...policyMeta(policy), spec: policy.spec };
}

export function projectTelemetryPolicy(policy: TelemetryPolicy): TelemetryPolicySource {
  return { ...policyMeta(policy), spec: policy.spec };
}

function policyMeta({ metadata }: KubeObject): Omit<MutualTLSPolicySource, 'spec'> {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    createdAt: metadata.creationTimestamp ?? '',
    generation: metadata.generation ?? 0,
  };
}
