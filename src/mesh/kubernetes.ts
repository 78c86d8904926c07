/**
 * The Kubernetes objects that the mesh is made of, as the API server writes them in JSON, reduced to the
 * fields that the projections read. What a server may leave out is optional here.
 */

import type { KubeObject } from '../kube/types.ts';

export interface KubeService extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    /** `None` for a headless Service. */
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ipFamilies?: readonly string[];
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly protocol?: string;
      readonly appProtocol?: string;
    }[];
  };
}

export interface KubeEndpointSlice extends KubeObject {
  readonly addressType: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly protocol?: string;
  }[];
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly conditions?: {
      readonly ready?: boolean;
      readonly serving?: boolean;
      readonly terminating?: boolean;
    };
    readonly targetRef?: { readonly kind?: string; readonly namespace?: string; readonly name?: string };
    readonly zone?: string;
  }[];
}

export interface KubePod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    readonly hostNetwork?: boolean;
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip?: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface KubeNode extends KubeObject {
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] };
}

export interface KubeServiceCIDR extends KubeObject {
  readonly spec?: { readonly cidrs?: readonly string[] };
}

/** What all kinds of routes of Gateway API have in common. */
export interface KubeRoute<Rule> extends KubeObject {
  readonly spec?: {
    readonly parentRefs?: readonly ParentRef[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly Rule[];
  };
}

export type KubeHTTPRoute = KubeRoute<HTTPRule>;
export type KubeGRPCRoute = KubeRoute<GRPCRule>;
/** TLSRoute, TCPRoute and UDPRoute; only the first has hostnames. */
export type KubeStreamRoute = KubeRoute<StreamRouteRule>;

/** `metav1.LabelSelector`. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** `group` and `kind` are filled in by the CRD's defaults. */
export interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

/** One rule of an HTTPRoute, as written. */
export interface HTTPRule {
  readonly name?: string;
  readonly matches?: readonly HTTPMatch[];
  readonly filters?: readonly HTTPFilter[];
  readonly backendRefs?: readonly HTTPBackendRef[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
  readonly retry?: HTTPRetry;
  readonly sessionPersistence?: RouteSessionPersistence;
}

/** GEP-1731. */
export interface HTTPRetry {
  readonly codes?: readonly number[];
  readonly attempts?: number;
  readonly backoff?: string;
}

/** GEP-1619. */
export interface RouteSessionPersistence {
  readonly sessionName?: string;
  readonly absoluteTimeout?: string;
  readonly type?: string;
  readonly cookieConfig?: { readonly lifetimeType?: string };
}

/** One rule of a GRPCRoute, as written. */
export interface GRPCRule {
  readonly name?: string;
  readonly matches?: readonly GRPCMatch[];
  readonly filters?: readonly HTTPFilter[];
  readonly backendRefs?: readonly HTTPBackendRef[];
  readonly sessionPersistence?: RouteSessionPersistence;
}

export interface GRPCMatch {
  readonly method?: { readonly type?: string; readonly service?: string; readonly method?: string };
  readonly headers?: readonly NamedMatch[];
}

/** One rule of a TLSRoute, TCPRoute or UDPRoute, as written. */
export interface StreamRouteRule {
  readonly name?: string;
  readonly backendRefs?: readonly WeightedBackendRef[];
}

export interface HTTPMatch {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly method?: string;
  readonly headers?: readonly NamedMatch[];
  readonly queryParams?: readonly NamedMatch[];
}

export interface NamedMatch {
  readonly type?: string;
  readonly name: string;
  readonly value: string;
}

export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
}

export interface WeightedBackendRef extends BackendRef {
  readonly weight?: number;
}

export interface HTTPBackendRef extends WeightedBackendRef {
  readonly filters?: readonly HTTPFilter[];
}

export interface HTTPFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HTTPHeaderModifier;
  readonly responseHeaderModifier?: HTTPHeaderModifier;
  readonly requestRedirect?: {
    readonly scheme?: string;
    readonly hostname?: string;
    readonly port?: number;
    readonly path?: HTTPPathModifier;
    readonly statusCode?: number;
  };
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: HTTPPathModifier };
  readonly requestMirror?: {
    readonly backendRef: BackendRef;
    readonly percent?: number;
    readonly fraction?: { readonly numerator: number; readonly denominator?: number };
  };
  readonly cors?: {
    readonly allowOrigins?: readonly string[];
    readonly allowCredentials?: boolean;
    readonly allowMethods?: readonly string[];
    readonly allowHeaders?: readonly string[];
    readonly exposeHeaders?: readonly string[];
    readonly maxAge?: number;
  };
  readonly externalAuth?: {
    readonly protocol: string;
    readonly backendRef: BackendRef;
    readonly grpc?: { readonly allowedHeaders?: readonly string[] };
    readonly http?: {
      readonly path?: string;
      readonly allowedHeaders?: readonly string[];
      readonly allowedResponseHeaders?: readonly string[];
    };
    readonly forwardBody?: { readonly maxSize?: number };
  };
}

/** XBackendTrafficPolicy (GEP-3388). */
export interface KubeBackendTrafficPolicy extends KubeObject {
  readonly spec?: {
    readonly targetRefs?: readonly PolicyTargetRef[];
    readonly retryConstraint?: {
      readonly budget?: { readonly percent?: number; readonly interval?: string };
      readonly minRetryRate?: { readonly count?: number; readonly interval?: string };
    };
    readonly sessionPersistence?: RouteSessionPersistence;
  };
}

/** What a policy is attached to, in its own namespace. */
export interface PolicyTargetRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

export interface KubeReferenceGrant extends KubeObject {
  readonly spec?: {
    readonly from?: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    readonly to?: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}

export interface HTTPHeaderModifier {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly add?: readonly { readonly name: string; readonly value: string }[];
  readonly remove?: readonly string[];
}

export interface HTTPPathModifier {
  readonly type: string;
  readonly replaceFullPath?: string;
  readonly replacePrefixMatch?: string;
}
