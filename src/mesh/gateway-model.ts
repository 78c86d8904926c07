/**
 * The model of gateways: what Gateways and ListenerSets mean once they are merged, judged and resolved, as plain
 * data. mesh/gateways makes it; xds/translate turns it into Envoy resources, controllers into status and Deployments.
 *
 *   Gateway + ListenerSets ──> Gateway ──ports──> GatewayListener <──attach── routes of all kinds
 *                                 │                     └──> ListenerHosts (HTTP) | ListenerStreams (TLS, TCP, UDP)
 *                                 └──> GatewayVerdict, ListenerSetVerdict
 */

import type { Collection } from '../graph/types.ts';
import type { ParentRef } from './kubernetes.ts';
import type { RouteBackend, RouteKind, RouteRule } from './model.ts';

/** One condition of a status, without the times and generations that a controller adds. */
export interface Condition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export type ListenerProtocol = 'HTTP' | 'HTTPS' | 'TLS' | 'TCP' | 'UDP';

/**
 * A Gateway of a class of Weft's, as its proxies carry it out; keyed `namespace/name`. A Gateway that is not accepted
 * exists with no ports, so that it keeps its Deployment and its address while it is mended.
 */
export interface Gateway {
  readonly namespace: string;
  readonly name: string;
  /** Ascending by number, then transport. */
  readonly ports: readonly GatewayPort[];
  /** Key of the Certificate that is shown to backends which are called by TLS (spec.tls.backend). */
  readonly clientCertificate?: string;
}

/** All that is bound to one port: listeners which cannot be told apart or served are not among them. */
export interface GatewayPort {
  readonly port: number;
  readonly transport: 'tcp' | 'udp';
  /** Most specific hostname first. HTTP stands alone on a port; HTTPS and TLS may share one, told apart by SNI. */
  readonly listeners: readonly GatewayListener[];
}

export interface GatewayListener {
  /** `<namespace>/<gateway>/<listener>`, or `<namespace>/<gateway>/<set namespace>/<set>/<listener>`. */
  readonly key: string;
  readonly protocol: ListenerProtocol;
  /** Lower case, `a.example.com` or `*.example.com`; absent where any is meant. */
  readonly hostname?: string;
  /** Present for HTTPS and TLS. */
  readonly tls?: ListenerTLS;
}

export type ListenerTLS =
  | { readonly mode: 'Passthrough' }
  | {
      readonly mode: 'Terminate';
      /** Keys of Certificates, at least one. */
      readonly certificates: readonly string[];
      readonly clientValidation?: {
        /** PEM of the authorities, joined. */
        readonly authorities: string;
        readonly mode: 'AllowValidOnly' | 'AllowInsecureFallback';
      };
    };

/** A Secret of type kubernetes.io/tls that some listener or Gateway may use; keyed `namespace/name`. Never logged or explained. */
export interface Certificate {
  /** PEM, leaf first. */
  readonly chain: string;
  /** PEM. */
  readonly privateKey: string;
}

/** What an HTTP or HTTPS listener serves; keyed like the listener. */
export interface ListenerHosts {
  /**
   * Ascending by domain, each once: `*`, `*.example.com`, `a.example.com`. Only domains of which the listener is the
   * most specific one of its port: a request belongs to one listener alone. The rules are in order of precedence, those
   * of wider domains of the same listener included, so the most specific domain alone decides; where these would be too
   * many, rules of narrower domains stand at the listener's own instead and say their host. The listener's own
   * hostname (`*` without one) is always among them, with no rules where nothing is served there: 404.
   */
  readonly hosts: readonly { readonly domain: string; readonly rules: readonly RouteRule[] }[];
}

/** What a TLS, TCP or UDP listener serves, and what opaque ports of Services do; keyed like the listener. */
export interface ListenerStreams {
  /**
   * For TCP and UDP at most one; for TLS one per server name, ascending, most specific wins. A TLS listener's own
   * hostname is always among them, with no backends and an empty route where no route serves it.
   */
  readonly streams: readonly StreamRule[];
}

export interface StreamRule {
  /** Lower case, exact or `*.`; absent where every connection is meant. */
  readonly serverName?: string;
  readonly kind: RouteKind;
  /** `namespace/name`. */
  readonly route: string;
  readonly ruleName?: string;
  /** Empty: the connection is refused. A backend without servicePort takes its share and refuses it. */
  readonly backends: readonly RouteBackend[];
}

/** How a backend is called by TLS although it is not of the mesh: a BackendTLSPolicy; keyed `namespace/name`. */
export interface BackendTLS {
  /** Sent as SNI, and what the certificate must name where there are no subjectAltNames. */
  readonly hostname: string;
  readonly subjectAltNames: readonly { readonly type: 'Hostname' | 'URI'; readonly value: string }[];
  /** PEM of the authorities, joined; absent for the well-known ones of the system. */
  readonly authorities?: string;
  /** The policy is not valid: nothing may be sent to its targets. */
  readonly broken: boolean;
}

/** keyed by the name of the class. */
export interface GatewayClassVerdict {
  readonly generation: number;
  readonly conditions: readonly Condition[];
  readonly supportedFeatures: readonly string[];
}

export interface ListenerVerdict {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly attachedRoutes: number;
  /** Without Programmed where only the data plane can say it. */
  readonly conditions: readonly Condition[];
}

/** keyed `namespace/name`. */
export interface GatewayVerdict {
  readonly generation: number;
  /** Accepted, ResolvedRefs, and what else objects alone decide; Programmed is the controller's. */
  readonly conditions: readonly Condition[];
  readonly listeners: readonly ListenerVerdict[];
  readonly attachedListenerSets: number;
}

/** keyed `namespace/name`. */
export interface ListenerSetVerdict {
  readonly generation: number;
  /** Key of its Gateway. */
  readonly gateway: string;
  readonly conditions: readonly Condition[];
  readonly listeners: readonly (ListenerVerdict & { readonly port: number })[];
}

/** keyed `namespace/name` of the BackendTLSPolicy. */
export interface BackendTLSVerdict {
  readonly generation: number;
  readonly ancestors: readonly { readonly ref: ParentRef; readonly conditions: readonly Condition[] }[];
}

/** The part of the mesh that is about gateways. */
export interface GatewayModel {
  readonly gateways: Collection<Gateway>;
  readonly certificates: Collection<Certificate>;
  readonly listenerHosts: Collection<ListenerHosts>;
  readonly listenerStreams: Collection<ListenerStreams>;
  readonly backendTLS: Collection<BackendTLS>;
  readonly gatewayClassVerdicts: Collection<GatewayClassVerdict>;
  readonly gatewayVerdicts: Collection<GatewayVerdict>;
  readonly listenerSetVerdicts: Collection<ListenerSetVerdict>;
  readonly backendTLSVerdicts: Collection<BackendTLSVerdict>;
}
