/**
 * Which fields are read of the kinds that a cluster has many of, with their numbers in Kubernetes' protobuf
 * encoding (the `generated.proto` of k8s.io/api and k8s.io/apimachinery; numbers never change). A projection of
 * one of these kinds sees these fields and no others; to use one more, add it here.
 */

import {
  boolean,
  integer,
  intOrString,
  list,
  map,
  type Message,
  message,
  nested,
  string,
  strings,
  time,
} from './protobuf.ts';
import { endpointSlices, namespaces, nodes, pods, services } from './resources.ts';
import type { KubeObject, ObjectMeta, OwnerReference, ResourceType } from './types.ts';

type Plain<T> = Omit<T, 'apiVersion' | 'kind'>;

const ownerReference = message<OwnerReference>({
  kind: string(1),
  name: string(3),
  uid: string(4),
  apiVersion: string(5),
  controller: boolean(6),
  blockOwnerDeletion: boolean(7),
});

export const objectMeta = message<ObjectMeta>({
  name: string(1),
  namespace: string(3),
  uid: string(5),
  resourceVersion: string(6),
  generation: integer(7),
  creationTimestamp: time(8),
  deletionTimestamp: time(9),
  labels: map(11),
  annotations: map(12),
  ownerReferences: list(13, ownerReference),
  finalizers: strings(14),
});

export interface Container {
  readonly name?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort?: number;
    readonly protocol?: string;
  }[];
  /** Whether there is one: of what it says nothing is read. */
  readonly readinessProbe?: Readonly<Record<never, never>>;
}

const container = message<Container>({
  name: string(1),
  command: strings(3),
  args: strings(4),
  ports: list(
    6,
    message<NonNullable<Container['ports']>[number]>({
      name: string(1),
      containerPort: integer(3),
      protocol: string(4),
    }),
  ),
  readinessProbe: nested(11, message<Readonly<Record<never, never>>>({})),
});

export interface Pod extends KubeObject {
  readonly spec?: {
    readonly serviceAccountName?: string;
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly terminationGracePeriodSeconds?: number;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly os?: { readonly name?: string };
    readonly containers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip?: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const pod = message<Plain<Pod>>({
  metadata: nested(1, objectMeta),
  spec: nested(
    2,
    message<NonNullable<Pod['spec']>>({
      containers: list(2, container),
      terminationGracePeriodSeconds: integer(4),
      nodeSelector: map(7),
      serviceAccountName: string(8),
      nodeName: string(10),
      hostNetwork: boolean(11),
      os: nested(36, message<{ name?: string }>({ name: string(1) })),
    }),
  ),
  status: nested(
    3,
    message<NonNullable<Pod['status']>>({
      phase: string(1),
      conditions: list(2, message<{ type: string; status: string }>({ type: string(1), status: string(2) })),
      podIP: string(6),
      podIPs: list(12, message<{ ip?: string }>({ ip: string(1) })),
    }),
  ),
});

export interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly appProtocol?: string;
  readonly port: number;
  /** A number, or the name of a container's port. */
  readonly targetPort?: number | string;
}

export interface Service extends KubeObject {
  readonly spec?: {
    readonly ports?: readonly ServicePort[];
    readonly selector?: Readonly<Record<string, string>>;
    /** `None` for a headless Service. */
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ipFamilies?: readonly string[];
    readonly type?: string;
    readonly publishNotReadyAddresses?: boolean;
    readonly sessionAffinity?: string;
    readonly externalName?: string;
    readonly internalTrafficPolicy?: string;
  };
}

const service = message<Plain<Service>>({
  metadata: nested(1, objectMeta),
  spec: nested(
    2,
    message<NonNullable<Service['spec']>>({
      ports: list(
        1,
        message<ServicePort>({
          name: string(1),
          protocol: string(2),
          port: integer(3),
          targetPort: intOrString(4),
          appProtocol: string(6),
        }),
      ),
      selector: map(2),
      clusterIP: string(3),
      type: string(4),
      sessionAffinity: string(7),
      externalName: string(10),
      publishNotReadyAddresses: boolean(13),
      clusterIPs: strings(18),
      ipFamilies: strings(19),
      internalTrafficPolicy: string(22),
    }),
  ),
});

export interface EndpointConditions {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

export interface ObjectReference {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
}

export interface Endpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: EndpointConditions;
  readonly hostname?: string;
  readonly targetRef?: ObjectReference;
  readonly nodeName?: string;
  readonly zone?: string;
}

export interface EndpointPort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port?: number;
  readonly appProtocol?: string;
}

export interface EndpointSlice extends KubeObject {
  readonly addressType: string;
  readonly endpoints?: readonly Endpoint[];
  readonly ports?: readonly EndpointPort[];
}

const endpointSlice = message<Plain<EndpointSlice>>({
  metadata: nested(1, objectMeta),
  endpoints: list(
    2,
    message<Endpoint>({
      addresses: strings(1),
      conditions: nested(
        2,
        message<EndpointConditions>({ ready: boolean(1), serving: boolean(2), terminating: boolean(3) }),
      ),
      hostname: string(3),
      targetRef: nested(
        4,
        message<ObjectReference>({ kind: string(1), namespace: string(2), name: string(3), uid: string(4) }),
      ),
      nodeName: string(6),
      zone: string(7),
    }),
  ),
  ports: list(
    3,
    message<EndpointPort>({ name: string(1), protocol: string(2), port: integer(3), appProtocol: string(4) }),
  ),
  addressType: string(4),
});

export interface Node extends KubeObject {
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] };
}

const node = message<Plain<Node>>({
  metadata: nested(1, objectMeta),
  spec: nested(2, message<NonNullable<Node['spec']>>({ podCIDR: string(1), podCIDRs: strings(7) })),
});

const namespace = message<Plain<KubeObject>>({ metadata: nested(1, objectMeta) });

const tables = new Map<ResourceType, Message<unknown>>([
  [pods, pod],
  [services, service],
  [endpointSlices, endpointSlice],
  [nodes, node],
  [namespaces, namespace],
]);

/** The fields to read of a kind, or undefined where it is read as JSON. */
export function tableOf(type: ResourceType): Message<unknown> | undefined {
  return tables.get(type);
}
