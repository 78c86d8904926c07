/** Kubernetes objects that the controllers of gateways look at, and what they keep of them. */

import type { GraphApi, Source } from '../graph/types.ts';
import { controllerName } from '../base/names.ts';
import type { KubeObject } from '../kube/types.ts';
import type { ManagedKind, ManagedObject } from './gateway-objects.ts';
import type { MeshObject } from './mesh-resource.ts';
import type { StatusObject } from './status-controller.ts';

/** A Service as far as the address of its Gateway follows from it. */
export interface ManagedService extends ManagedObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIPs?: readonly string[];
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

export interface GatewayControllerSources {
  readonly gateways: Source<StatusObject>;
  readonly classes: Source<StatusObject>;
  readonly listenerSets: Source<StatusObject>;
  readonly backendTLSPolicies: Source<StatusObject>;
  readonly meshes: Source<MeshObject>;
  /** What was made for Gateways. */
  readonly managed: Readonly<Record<ManagedKind, Source<ManagedObject>>>;
  /** ConfigMaps with settings of gateways. */
  readonly parameters: Source<Readonly<Record<string, string>>>;
}

export function createGatewayControllerSources(graph: GraphApi): GatewayControllerSources {
  return {
    gateways: graph.source('gateways/status'),
    classes: graph.source('gatewayclasses/status'),
    listenerSets: graph.source('listenersets/status'),
    backendTLSPolicies: graph.source('backendtlspolicies/status'),
    meshes: graph.source('xmeshes/status'),
    managed: {
      serviceAccounts: graph.source('serviceaccounts/gateways'),
      deployments: graph.source('deployments/gateways'),
      services: graph.source('services/gateways'),
      podDisruptionBudgets: graph.source('poddisruptionbudgets/gateways'),
      horizontalPodAutoscalers: graph.source('horizontalpodautoscalers/gateways'),
    },
    parameters: graph.source('configmaps/parameters'),
  };
}

/** Metadata and the whole status: what is applied is compared with all of it. */
export function projectWholeStatus(object: StatusObject): StatusObject {
  const { name, namespace, uid = '', generation = 0, resourceVersion = '' } = object.metadata;
  return {
    metadata: { name, uid, generation, resourceVersion, ...(namespace === undefined ? {} : { namespace }) },
    ...(object.status === undefined ? {} : { status: object.status }),
  };
}

/** The same with the spec, of objects that name Weft as their controller; those of others are none of ours. */
export function projectOwned(object: MeshObject): MeshObject | undefined {
  const { spec } = object;
  return spec?.controllerName === controllerName ? { ...projectWholeStatus(object), spec } : undefined;
}

/** Everything but what changes without any meaning for us: a Deployment's status does so all the time. */
export function projectManaged(object: ManagedObject & { readonly status?: object }): ManagedObject {
  const { metadata, spec, automountServiceAccountToken } = object;
  const { name, namespace = '', uid = '', labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  const { 'deployment.kubernetes.io/revision': _, ...own } = annotations;
  return {
    metadata: { name, namespace, uid, labels, annotations: own, ownerReferences },
    ...(spec === undefined ? {} : { spec }),
    ...(automountServiceAccountToken === undefined ? {} : { automountServiceAccountToken }),
  };
}

/** With the addresses that the Service was given. */
export function projectManagedService(service: ManagedService): ManagedService {
  const { status } = service;
  return { ...projectManaged(service), ...(status === undefined ? {} : { status }) };
}

/** Key of the Gateway that owns the object. */
export function owningGateway(object: KubeObject): string | undefined {
  const owner = object.metadata.ownerReferences?.find(
    ({ kind, controller }) => kind === 'Gateway' && controller,
  );
  return owner === undefined ? undefined : `${object.metadata.namespace ?? ''}/${owner.name}`;
}
