/**
 * The mesh model: what the cluster means, as plain data. Everything here is derived from Kubernetes objects
 * by the graph; xds/translate turns it into Envoy resources.
 *
 *   Service ──ports──> ServicePort ──> ServiceEndpoints ──> Endpoint ──identity──> Workload
 *                          │
 *   HTTPRoute ─────────> RouteTable ──backends──> ServicePort
 *   address:port ──────> Destination ──> ServicePort | pod
 */

import type { Collection, Index } from '../graph/types.ts';
import type { Condition, GatewayModel, StreamRule } from './gateway-model.ts';
import type { ParentRef } from './kubernetes.ts';

/** Kinds of routes of Gateway API. */
export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';

/** How a port's bytes are read. `detect`: decide per connection, HTTP or opaque. `udp` is for gateways alone. */
export type Protocol = 'http' | 'http2' | 'grpc' | 'tcp' | 'detect' | 'udp';

export type MutualTLSMode = 'Strict' | 'Permissive' | 'Disabled';

/** MeshConfig `default`, with every default filled in. */
export interface MeshSettings {
  readonly trustDomain: string;
  readonly mtls: MutualTLSMode;
  /** What happens to connections that leave the mesh: `Allow` passes them through, `Deny` refuses them. */
  readonly outbound: 'Allow' | 'Deny';
  /** Ranges in which a destination may be a Service or a pod; elsewhere connections pass straight through. */
  readonly meshCIDRs: readonly string[];
  readonly proxy: ProxySettings;
  readonly telemetry: TelemetrySettings;
}

/** What proxies and the control plane tell, and to whom. */
export interface TelemetrySettings {
  /** By name. */
  readonly providers: Readonly<Record<string, OtlpProvider>>;
  /** Of workloads for which no TelemetryPolicy says otherwise. */
  readonly profile: TelemetryProfile;
  /** Where the control plane sends the golden metrics of the mesh. */
  readonly metricsExport?: OtlpProvider;
}

/** Who takes what is told by OTLP. */
export interface OtlpProvider {
  readonly name: string;
  readonly protocol: 'GRPC' | 'HTTP';
  readonly target:
    | { readonly kind: 'service'; readonly servicePort: string }
    /** Without TLS. `host` is a name or an address, an IPv6 one without brackets. */
    | { readonly kind: 'host'; readonly host: string; readonly port: number };
}

/** What a workload's proxies tell of the requests they forward, at both sides. */
export interface TelemetryProfile {
  readonly accessLog?: AccessLog;
  readonly tracing?: Tracing;
  /** Whether requests and connections are counted. */
  readonly metrics: boolean;
  /** Whether single requests may be seen live. */
  readonly tap: boolean;
}

export interface AccessLog {
  /** Commands in them are Envoy's and known to be good. */
  readonly format:
    | { readonly kind: 'json'; readonly fields: readonly { readonly name: string; readonly value: string }[] }
    | { readonly kind: 'text'; readonly text: string };
  /** Ascending; absent for all. `none`: no answer was given. */
  readonly statusClasses?: readonly StatusClass[];
  readonly minDurationMs?: number;
  /** 0 to 100; absent for all. */
  readonly samplingPercent?: number;
  /** Absent: the standard output of the proxy. */
  readonly provider?: OtlpProvider;
}

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'none';

export interface Tracing {
  readonly provider: OtlpProvider;
  /** 0 to 100. Of traces that begin here; a route may say otherwise. */
  readonly samplingPercent: number;
  /** Ascending by name. */
  readonly customTags: readonly {
    readonly name: string;
    readonly kind: 'literal' | 'requestHeader';
    readonly value: string;
  }[];
  /** Lower case: requests with this header are traced in any case. */
  readonly forceHeader?: string;
  readonly readB3: boolean;
}

/** Defaults of the sidecar; pod annotations `proxy.weft.dev/*` override them one by one. */
export interface ProxySettings {
  readonly image: string;
  readonly redirectImage: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly cpuRequest: string;
  readonly memoryRequest: string;
  readonly cpuLimit?: string;
  readonly memoryLimit?: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';
  readonly concurrency: number;
  readonly drainSeconds: number;
  /** Whether pods get annotations by which Prometheus finds the proxy's metrics. */
  readonly scrape: boolean;
}

/** Keyed `namespace/service:port`, UDP ports `namespace/service:port/udp`. A Service with three ports is three of these. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  readonly portName: string;
  readonly protocol: Protocol;
  /** ClusterIPs, both families; empty for a headless Service. */
  readonly addresses: readonly string[];
  readonly headless: boolean;
  /** Of all requests under way how many may be retries (GEP-3388). */
  readonly retryBudget?: RetryBudget;
}

/** Beyond `percent` of the requests of the last `intervalMs`, and `minimumPerSecond`, nothing is tried again. */
export interface RetryBudget {
  readonly percent: number;
  readonly intervalMs: number;
  readonly minimumPerSecond: number;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly zone: string;
  /** `namespace/pod` where the endpoint is a pod. */
  readonly pod?: string;
  /** SPIFFE ID to expect; present exactly when the endpoint speaks TLS of the mesh. */
  readonly identity?: string;
  /** Which workload it is, as telemetry is told of a pod that shows no certificate (`formatPlainPeer`). */
  readonly peer?: string;
}

/** Keyed like its ServicePort. */
export interface ServiceEndpoints {
  /** In ascending order of address and port. Ready ones, or the serving but terminating ones where none is ready. */
  readonly endpoints: readonly Endpoint[];
  /** The distinct identities among them, ascending. */
  readonly identities: readonly string[];
}

/** One pod as the mesh sees it; keyed `namespace/pod`. */
export interface MeshPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Empty where the pod uses its node's addresses. */
  readonly addresses: readonly string[];
  readonly serviceAccount: string;
  /** Key of its Workload. */
  readonly workload: string;
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the webhook put a proxy in. */
  readonly meshed: boolean;
  /** Version label for telemetry: `app.kubernetes.io/version` or `version`. */
  readonly version: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** What owns pods of one kind; keyed `namespace/kind/name`, e.g. `shop/Deployment/web`. Only meshed ones exist. */
export interface Workload {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly mtls: InboundPolicy;
}

/** Mutual TLS of a workload's inbound side, and what decided it. */
export interface InboundPolicy {
  readonly mode: MutualTLSMode;
  /** Ports known to be opaque TCP, ascending: nobody looks for HTTP there. */
  readonly tcpPorts: readonly number[];
  /** Ports known to be HTTP of any version, ascending: the client speaks first, so that it may take its time. */
  readonly httpPorts: readonly number[];
  /** `namespace/name` of the MutualTLSPolicy, absent where the mesh default applies. */
  readonly policy?: string;
}

/** What one address and port leads to; keyed `<ip>:<port>` (IPv6 in brackets). */
export type Destination =
  | {
      readonly kind: 'service';
      readonly address: string;
      readonly port: number;
      readonly servicePort: string;
      readonly protocol: Protocol;
    }
  | {
      readonly kind: 'pod';
      readonly address: string;
      readonly port: number;
      readonly pod: string;
      readonly protocol: Protocol;
      /** Of an Endpoint. */
      readonly identity?: string;
      readonly peer?: string;
    };

export type StringMatch =
  | { readonly type: 'Exact'; readonly value: string }
  | { readonly type: 'RegularExpression'; readonly value: string };

export type PathMatch =
  | { readonly type: 'Exact'; readonly value: string }
  /** By path element: `/v2` matches `/v2` and `/v2/x`, not `/v2x`. Trailing slash stripped; `/` matches all. */
  | { readonly type: 'PathPrefix'; readonly value: string }
  | { readonly type: 'RegularExpression'; readonly value: string };

export interface RouteMatch {
  readonly path: PathMatch;
  readonly method?: string;
  /** Names in lower case; each once. */
  readonly headers: readonly (StringMatch & { readonly name: string })[];
  readonly query: readonly (StringMatch & { readonly name: string })[];
}

/** Names in lower case. */
export interface HeaderChanges {
  readonly set: readonly { readonly name: string; readonly value: string }[];
  readonly add: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

export type PathRewrite =
  | { readonly type: 'ReplaceFullPath'; readonly value: string }
  | { readonly type: 'ReplacePrefixMatch'; readonly value: string };

export interface RouteFilters {
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
  readonly redirect?: {
    readonly scheme?: string;
    readonly hostname?: string;
    readonly port?: number;
    readonly path?: PathRewrite;
    readonly statusCode: number;
  };
  readonly rewrite?: { readonly hostname?: string; readonly path?: PathRewrite };
  readonly mirrors: readonly {
    readonly servicePort: string;
    readonly numerator: number;
    readonly denominator: number;
    readonly upstream?: Upstream;
  }[];
  readonly cors?: CORS;
  readonly externalAuth?: ExternalAuth;
}

/** Cross-origin resource sharing (GEP-1767). `*` stands for any; credentials are never allowed to any origin by `*`. */
export interface CORS {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeSeconds: number;
}

/** Asks a service about every request (GEP-1494). */
export interface ExternalAuth {
  readonly protocol: 'GRPC' | 'HTTP';
  /** Absent where the reference is invalid: every request is answered 500. */
  readonly servicePort?: string;
  readonly upstream?: Upstream;
  /** Of HTTP. */
  readonly path?: string;
  readonly allowedRequestHeaders: readonly string[];
  readonly allowedResponseHeaders: readonly string[];
  /** Bytes of the body that are sent along, 0 for none. */
  readonly forwardBodyBytes: number;
}

/** Retries by GEP-1731; a connection that failed before anything was sent is tried again in any case. */
export interface RetryRule {
  /** Beyond the first try. */
  readonly attempts: number;
  readonly codes: readonly number[];
  readonly backoffMs?: number;
}

/** Requests of one client stay with one endpoint (GEP-1619). */
export interface SessionPersistence {
  readonly type: 'Cookie' | 'Header';
  /** Of the cookie or header. */
  readonly name: string;
  /** Letters and digits that tell it from all others, also from those of the same name: no two rules share a session. */
  readonly id: string;
  readonly cookieLifetime: 'Session' | 'Permanent';
  readonly absoluteTimeoutMs?: number;
}

/** Where a backend is called otherwise than its ServicePort says by itself. */
export interface Upstream {
  /** HTTP/2 whatever the port says: it is called by a GRPCRoute. */
  readonly http2?: boolean;
  /**
   * By the protocol of its port alone, HTTP/1.1 where that does not say HTTP/2: it is called by a gateway, whose clients
   * choose their protocol for the gateway and not for what is behind it.
   */
  readonly edge?: boolean;
  /** Key of the BackendTLS by which a gateway calls it. */
  readonly tls?: string;
  /** Key of the Certificate that the gateway shows to it. */
  readonly clientCertificate?: string;
}

export interface RouteBackend {
  /** Key of the ServicePort; absent where the reference is invalid: its share is answered 500. */
  readonly servicePort?: string;
  /** Above zero: a backend of weight 0 gets nothing and is left out, except where it may have sessions to keep. */
  readonly weight: number;
  readonly upstream?: Upstream;
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
  /** A request that falls to this backend is redirected, or rewritten, by itself. */
  readonly redirect?: RouteFilters['redirect'];
  readonly rewrite?: RouteFilters['rewrite'];
}

/** One match of one rule of one route; a table lists them in order of precedence. */
export interface RouteRule {
  readonly match: RouteMatch;
  readonly filters: RouteFilters;
  /** Empty without a redirect: every request is answered 500. */
  readonly backends: readonly RouteBackend[];
  /** Zero means no limit, set by somebody; absent, that nobody set one. */
  readonly requestTimeoutMs?: number;
  readonly backendTimeoutMs?: number;
  readonly retry?: RetryRule;
  readonly session?: SessionPersistence;
  /** The rule is for requests to this host, or all below it (`*.`), alone: it stands at a wider domain of a listener. */
  readonly host?: string;
  /**
   * Rules of a GRPCRoute are for gRPC requests alone and stand before those of HTTPRoutes. Absent for the rule of a
   * port without routes.
   */
  readonly kind?: 'HTTPRoute' | 'GRPCRoute';
  /** `namespace/name` of the route it came from; empty for the rule of a port without routes. */
  readonly route: string;
  readonly ruleName?: string;
}

/**
 * The routes of one service port, keyed `namespace/service:port` for everyone, and
 * `namespace/service:port@<client namespace>` where consumer routes exist for clients there.
 * Without any route the only rule sends everything to the port itself.
 */
export interface RouteTable {
  readonly servicePort: string;
  readonly clientNamespace?: string;
  /** Empty where the port is opaque: by its protocol, or because a TLSRoute or TCPRoute takes whole connections. */
  readonly rules: readonly RouteRule[];
  /**
   * Of TLSRoutes (one per server name, ascending) or of the TCPRoute in force at the port, which then hold for every
   * connection to it. Absent without any, and in tables for the clients of one namespace. Tables of ports of protocol
   * `tcp` exist only with these.
   */
  readonly streams?: readonly StreamRule[];
}

/** The verdict on one route and one of its parents; keyed `<kind>/<namespace>/<name>|<parent index>`. */
export interface RouteVerdict {
  readonly kind: RouteKind;
  /** `namespace/name`. */
  readonly route: string;
  /** metadata.generation of the route that was judged. */
  readonly generation: number;
  readonly parentIndex: number;
  /** The parent as the route writes it: status repeats it. */
  readonly parentRef: ParentRef;
  readonly accepted: { readonly status: boolean; readonly reason: string; readonly message: string };
  readonly resolvedRefs: { readonly status: boolean; readonly reason: string; readonly message: string };
  /** Some rules hold and some are left out (reason UnsupportedValue). */
  readonly partiallyInvalid?: { readonly reason: string; readonly message: string };
  /** RouteTables this parent contributes to, ascending; they exist only where a proxy uses the port. */
  readonly tables: readonly string[];
  /** Keys of the gateway listeners it is attached to, ascending. */
  readonly listeners: readonly string[];
}

/** What became of a MutualTLSPolicy; keyed like it, `namespace/name`. */
export interface PolicyVerdict {
  readonly policy: string;
  /** metadata.generation of the policy that was judged. */
  readonly generation: number;
  /** Reasons: Accepted, Conflicted (older policies hold for all that it means), TargetNotFound (none exists). */
  readonly accepted: { readonly status: boolean; readonly reason: string; readonly message: string };
  /** How many workloads it decides for. */
  readonly workloads: number;
  /** `Kind/name` of the targets that do not exist. */
  readonly missingTargets: readonly string[];
}

/** What became of a TelemetryPolicy; keyed like it, `namespace/name`. */
export interface TelemetryVerdict {
  readonly generation: number;
  /**
   * Reasons: Accepted; Conflicted (older policies hold for all that it means); TargetNotFound (none exists); Invalid (a
   * provider that does not exist, a format that Envoy cannot use).
   */
  readonly accepted: { readonly status: boolean; readonly reason: string; readonly message: string };
  /** Workloads for which it decides at least something, ascending. */
  readonly workloads: readonly string[];
  /** Routes for which it decides, `<kind>/<namespace>/<name>`, ascending. */
  readonly routes: readonly string[];
}

/** What became of an XBackendTrafficPolicy; keyed like it, `namespace/name`. */
export interface BackendTrafficVerdict {
  readonly generation: number;
  /** Its targets. Reasons of Accepted: Accepted, Conflicted (an older policy holds), TargetNotFound, Invalid. */
  readonly ancestors: readonly { readonly ref: ParentRef; readonly conditions: readonly Condition[] }[];
}

/** What a workload's proxies use: destination keys (`<ip>:<port>`); keyed by workload. Fed back by xds/server. */
export interface UsedSet {
  readonly destinations: readonly string[];
}

/** Everything the other rooms may read of the mesh. `createMesh` in mesh.ts builds it on the graph. */
export interface Mesh {
  /** One entry, `default`, always present: the defaults where there is no MeshConfig. */
  readonly settings: Collection<MeshSettings>;
  readonly servicePorts: Collection<ServicePort>;
  readonly endpoints: Collection<ServiceEndpoints>;
  readonly pods: Collection<MeshPod>;
  readonly workloads: Collection<Workload>;
  /** What each workload uses, keyed by workload. */
  readonly used: Collection<UsedSet>;
  /**
   * By destination key: who uses it, all workloads of a namespace that use the same as one entry, whose key begins
   * with the namespace. Only used destinations exist in what follows.
   */
  readonly usedBy: Index<UsedSet>;
  /** Keyed by destination; absent for addresses that are neither a Service nor a pod. */
  readonly destinations: Collection<Destination>;
  readonly routeTables: Collection<RouteTable>;
  readonly routeVerdicts: Collection<RouteVerdict>;
  readonly policyVerdicts: Collection<PolicyVerdict>;
  /** Keyed by workload; only of those that have another one than the mesh's default. */
  readonly telemetryProfiles: Collection<TelemetryProfile>;
  /** Percent of the requests of a route that begin a trace; keyed `<kind>/<namespace>/<name>`. */
  readonly routeSampling: Collection<number>;
  readonly telemetryVerdicts: Collection<TelemetryVerdict>;
  /** Of XBackendTrafficPolicies. */
  readonly backendTrafficVerdicts: Collection<BackendTrafficVerdict>;
  readonly gateway: GatewayModel;
}
