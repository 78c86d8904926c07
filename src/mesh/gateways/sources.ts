/** What gateways are computed from; see ../sources.ts, which has them all. */

import type {
  KubeBackendTLSPolicy,
  KubeGateway,
  KubeGatewayClass,
  ObjectRef,
  KubeListener,
} from '../kubernetes-gateways.ts';

interface Sourced {
  readonly namespace: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly generation: number;
}

/** Keyed by name. */
export interface GatewayClassSource {
  /** Whether Weft is its controller. */
  readonly ours: boolean;
  readonly generation: number;
  readonly parametersRef?: NonNullable<KubeGatewayClass['spec']>['parametersRef'];
}

/** Keyed `namespace/name`; of any class. */
export interface GatewaySource extends Sourced {
  readonly uid: string;
  readonly className: string;
  readonly spec: NonNullable<KubeGateway['spec']>;
}

/** Keyed `namespace/name`; of any Gateway. */
export interface ListenerSetSource extends Sourced {
  readonly parentRef: ObjectRef;
  readonly listeners: readonly KubeListener[];
}

/** Keyed `namespace/name`. */
export interface BackendTLSPolicySource extends Sourced {
  readonly targetRefs: NonNullable<NonNullable<KubeBackendTLSPolicy['spec']>['targetRefs']>;
  readonly validation: NonNullable<NonNullable<KubeBackendTLSPolicy['spec']>['validation']>;
}

/** A Secret of type kubernetes.io/tls; keyed `namespace/name`. Never to be logged or shown. */
export interface TLSSecretSource {
  /** Text of `tls.crt`, empty where there is none. */
  readonly chain: string;
  /** Text of `tls.key`. */
  readonly privateKey: string;
}

/** A ConfigMap with certificates of authorities; keyed `namespace/name`. */
export interface ConfigMapSource {
  /** Text of `ca.crt`. */
  readonly authorities: string;
}

/** A CustomResourceDefinition of Gateway API; keyed by its name. */
export interface GatewayAPISource {
  /** `v1.6.3`; empty where the CRD does not say. */
  readonly bundleVersion: string;
  /** `standard` or `experimental`. */
  readonly channel: string;
}
