/** The kinds that Weft reads or writes, and their paths in the API. One line per kind; add new ones here. */

import type { KubeApi, KubeObject, ObjectKey, ResourceType } from './types.ts';

function define(
  groupVersion: string,
  plural: string,
  kind: string,
  scope: 'namespaced' | 'cluster',
): ResourceType {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return Object.freeze({
    group: group ?? '',
    version: version ?? '',
    plural,
    kind,
    namespaced: scope === 'namespaced',
  });
}

export const pods = define('v1', 'pods', 'Pod', 'namespaced');
export const services = define('v1', 'services', 'Service', 'namespaced');
/** The same as JSON, with all its fields: only for Services made for Gateways, of which there are few. */
export const gatewayServices = define('v1', 'services', 'Service', 'namespaced');
export const namespaces = define('v1', 'namespaces', 'Namespace', 'cluster');
export const serviceAccounts = define('v1', 'serviceaccounts', 'ServiceAccount', 'namespaced');
export const secrets = define('v1', 'secrets', 'Secret', 'namespaced');
export const configMaps = define('v1', 'configmaps', 'ConfigMap', 'namespaced');
export const nodes = define('v1', 'nodes', 'Node', 'cluster');
export const endpointSlices = define('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice', 'namespaced');
/** Served since Kubernetes 1.33. */
export const serviceCIDRs = define('networking.k8s.io/v1', 'servicecidrs', 'ServiceCIDR', 'cluster');
export const events = define('events.k8s.io/v1', 'events', 'Event', 'namespaced');
export const leases = define('coordination.k8s.io/v1', 'leases', 'Lease', 'namespaced');
/** Served since Kubernetes 1.37; where it is absent, identities come over SDS. */
export const podCertificateRequests = define(
  'certificates.k8s.io/v1',
  'podcertificaterequests',
  'PodCertificateRequest',
  'namespaced',
);
/** Served since Kubernetes 1.37. */
export const clusterTrustBundles = define(
  'certificates.k8s.io/v1',
  'clustertrustbundles',
  'ClusterTrustBundle',
  'cluster',
);
export const mutatingWebhookConfigurations = define(
  'admissionregistration.k8s.io/v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  'cluster',
);
export const validatingWebhookConfigurations = define(
  'admissionregistration.k8s.io/v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  'cluster',
);
/** Served where the aggregation layer is. */
export const apiServices = define('apiregistration.k8s.io/v1', 'apiservices', 'APIService', 'cluster');
export const clusterRoles = define('rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', 'cluster');
export const replicaSets = define('apps/v1', 'replicasets', 'ReplicaSet', 'namespaced');
export const deployments = define('apps/v1', 'deployments', 'Deployment', 'namespaced');
export const statefulSets = define('apps/v1', 'statefulsets', 'StatefulSet', 'namespaced');
export const daemonSets = define('apps/v1', 'daemonsets', 'DaemonSet', 'namespaced');
export const jobs = define('batch/v1', 'jobs', 'Job', 'namespaced');
export const cronJobs = define('batch/v1', 'cronjobs', 'CronJob', 'namespaced');
export const podDisruptionBudgets = define(
  'policy/v1',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
  'namespaced',
);
export const horizontalPodAutoscalers = define(
  'autoscaling/v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
  'namespaced',
);
export const customResourceDefinitions = define(
  'apiextensions.k8s.io/v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  'cluster',
);
/** Of Gateway API: which of them a cluster serves depends on its release and channel. */
export const gatewayClasses = define(
  'gateway.networking.k8s.io/v1',
  'gatewayclasses',
  'GatewayClass',
  'cluster',
);
export const gateways = define('gateway.networking.k8s.io/v1', 'gateways', 'Gateway', 'namespaced');
export const listenerSets = define(
  'gateway.networking.k8s.io/v1',
  'listenersets',
  'ListenerSet',
  'namespaced',
);
export const httpRoutes = define('gateway.networking.k8s.io/v1', 'httproutes', 'HTTPRoute', 'namespaced');
export const grpcRoutes = define('gateway.networking.k8s.io/v1', 'grpcroutes', 'GRPCRoute', 'namespaced');
export const tlsRoutes = define('gateway.networking.k8s.io/v1', 'tlsroutes', 'TLSRoute', 'namespaced');
export const tcpRoutes = define('gateway.networking.k8s.io/v1', 'tcproutes', 'TCPRoute', 'namespaced');
export const udpRoutes = define('gateway.networking.k8s.io/v1', 'udproutes', 'UDPRoute', 'namespaced');
export const referenceGrants = define(
  'gateway.networking.k8s.io/v1',
  'referencegrants',
  'ReferenceGrant',
  'namespaced',
);
export const backendTLSPolicies = define(
  'gateway.networking.k8s.io/v1',
  'backendtlspolicies',
  'BackendTLSPolicy',
  'namespaced',
);
/** Only in the experimental channel. */
export const meshes = define('gateway.networking.x-k8s.io/v1alpha1', 'xmeshes', 'XMesh', 'cluster');
export const backendTrafficPolicies = define(
  'gateway.networking.x-k8s.io/v1alpha1',
  'xbackendtrafficpolicies',
  'XBackendTrafficPolicy',
  'namespaced',
);
export const meshConfigs = define('weft.dev/v1alpha1', 'meshconfigs', 'MeshConfig', 'cluster');
export const certificateAuthorities = define(
  'weft.dev/v1alpha1',
  'certificateauthorities',
  'CertificateAuthority',
  'cluster',
);
export const mutualTLSPolicies = define(
  'weft.dev/v1alpha1',
  'mutualtlspolicies',
  'MutualTLSPolicy',
  'namespaced',
);
export const telemetryPolicies = define(
  'weft.dev/v1alpha1',
  'telemetrypolicies',
  'TelemetryPolicy',
  'namespaced',
);

/**
 * Whether kubelets make the identities of pods, both key and trust; else they come over SDS. By discovery: a version
 * says nothing of what is switched on.
 */
export async function servesPodCertificates(api: Pick<KubeApi, 'serves'>): Promise<boolean> {
  return (await api.serves(podCertificateRequests)) && (await api.serves(clusterTrustBundles));
}

/** `v1`, `apps/v1`. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** `pods`, `httproutes.gateway.networking.k8s.io`: the name in logs and metrics. */
export function resourceNameOf(type: ResourceType): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

/** `/api/v1`, `/apis/apps/v1`. */
export function groupPathOf(type: ResourceType): string {
  return type.group === '' ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
}

/** Path of a collection, an object or a subresource. A namespace is only used where the kind has one. */
export function pathOf(
  type: ResourceType,
  target: {
    readonly namespace?: string | undefined;
    readonly name?: string;
    readonly subresource?: string;
  } = {},
): string {
  let path = groupPathOf(type);
  if (type.namespaced && target.namespace !== undefined) {
    path += `/namespaces/${encodeURIComponent(target.namespace)}`;
  }
  path += `/${type.plural}`;
  if (target.name !== undefined) path += `/${encodeURIComponent(target.name)}`;
  if (target.subresource !== undefined) path += `/${target.subresource}`;
  return path;
}

export function keyOf(object: KubeObject): ObjectKey {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}
