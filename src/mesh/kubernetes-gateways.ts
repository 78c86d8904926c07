/** Objects of gateways as the API server writes them, reduced to the fields that the projections read; see kubernetes.ts. */

import type { KubeObject } from '../kube/types.ts';
import type { LabelSelector, PolicyTargetRef } from './kubernetes.ts';

export interface KubeGatewayClass extends KubeObject {
  readonly spec?: {
    readonly controllerName?: string;
    readonly parametersRef?: ParametersRef & { readonly namespace?: string };
  };
}

export interface ParametersRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface KubeGateway extends KubeObject {
  readonly spec?: {
    readonly gatewayClassName?: string;
    readonly listeners?: readonly KubeListener[];
    readonly addresses?: readonly { readonly type?: string; readonly value?: string }[];
    readonly infrastructure?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly parametersRef?: ParametersRef;
    };
    readonly allowedListeners?: { readonly namespaces?: KubeNamespaces };
    readonly tls?: {
      readonly backend?: { readonly clientCertificateRef?: ObjectRef };
      readonly frontend?: {
        readonly default?: KubeTLSConfig;
        readonly perPort?: readonly { readonly port: number; readonly tls?: KubeTLSConfig }[];
      };
    };
  };
}

/** One listener of a Gateway or of a ListenerSet. */
export interface KubeListener {
  readonly name: string;
  readonly hostname?: string;
  readonly port: number;
  readonly protocol: string;
  readonly tls?: {
    readonly mode?: string;
    readonly certificateRefs?: readonly ObjectRef[];
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly allowedRoutes?: {
    readonly namespaces?: KubeNamespaces;
    readonly kinds?: readonly { readonly group?: string; readonly kind: string }[];
  };
}

export interface KubeNamespaces {
  readonly from?: string;
  readonly selector?: LabelSelector;
}

/** Group and kind are filled in by the CRD's defaults where there are any. */
export interface ObjectRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface KubeTLSConfig {
  readonly validation?: { readonly caCertificateRefs?: readonly ObjectRef[]; readonly mode?: string };
}

export interface KubeListenerSet extends KubeObject {
  readonly spec?: { readonly parentRef?: ObjectRef; readonly listeners?: readonly KubeListener[] };
}

export interface KubeBackendTLSPolicy extends KubeObject {
  readonly spec?: {
    readonly targetRefs?: readonly PolicyTargetRef[];
    readonly validation?: {
      readonly caCertificateRefs?: readonly ObjectRef[];
      readonly wellKnownCACertificates?: string;
      readonly hostname?: string;
      readonly subjectAltNames?: readonly {
        readonly type: string;
        readonly hostname?: string;
        readonly uri?: string;
      }[];
    };
    readonly options?: Readonly<Record<string, string>>;
  };
}

/** Values in base64. */
export interface KubeSecret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface KubeConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Values in base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}
