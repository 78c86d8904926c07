/**
 * What telemetry knows and answers, as plain data. All of it is made of TrafficSeries: how much went from one end to
 * another, seen from one side. CLI, dashboard, Prometheus and SMI show the same numbers because they ask the same
 * questions here.
 *
 *   proxies ──OTLP──> intake ──TrafficSample──> store ──query──> TrafficPart (this replica)
 *                                                                    │ merge over all replicas
 *                                                    TrafficRow, ServiceGraph, SMI metrics
 */

/** One end of traffic. */
export interface TrafficEnd {
  /**
   * `workload`: pods, with or without a proxy; `gateway`: a proxy that is a gateway; `external`: a host outside of the
   * mesh; `unknown`: a client that did not say who it is (plain text from outside).
   */
  readonly kind: 'workload' | 'gateway' | 'external' | 'unknown';
  /** Empty for `external` and `unknown`. */
  readonly namespace: string;
  /** `Deployment/web`; the host of an external end; empty for `unknown`. */
  readonly name: string;
  readonly version: string;
}

/** Who counted: the proxy of the source or that of the destination. */
export type TrafficSide = 'client' | 'server';

export interface TrafficSeries {
  readonly side: TrafficSide;
  readonly source: TrafficEnd;
  readonly destination: TrafficEnd;
  /** Key of the ServicePort the client called, `namespace/service:port`; empty on the server side where it is not known. */
  readonly service: string;
  /** `namespace/name` of the route, empty without. */
  readonly route: string;
  readonly protocol: 'http' | 'http2' | 'grpc' | 'tcp';
  readonly mtls: boolean;
}

/** Response classes; `0` is for requests without a response (a reset, a timeout of the client). */
export type ResponseClass = '0' | '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

export const responseClasses: readonly ResponseClass[] = ['0', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** Sums over a window. */
export interface TrafficCounts {
  /** In order of `responseClasses`. */
  readonly requests: readonly number[];
  /** Failed: 5xx, no response, or a gRPC status that is the server's fault (2, 4, 8, 12 to 15). */
  readonly failures: number;
  readonly retries: number;
  /** One more than `durationBoundsMs`; not cumulative. */
  readonly durations: readonly number[];
  readonly durationSumMs: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** What a question may be grouped by. `deployment` style names: `namespace/Deployment/web`. */
export type TrafficDimension =
  | 'side'
  | 'source'
  | 'sourceNamespace'
  | 'sourceVersion'
  | 'destination'
  | 'destinationNamespace'
  | 'destinationVersion'
  | 'service'
  | 'route'
  | 'protocol'
  | 'mtls';

export interface TrafficFilter {
  readonly side?: TrafficSide;
  /** A namespace, or `namespace/kind/name` of a workload, on either end as the field says. */
  readonly from?: string;
  readonly to?: string;
  /** Either end is in this namespace. */
  readonly namespace?: string;
  /** `namespace/service` or `namespace/service:port`. */
  readonly service?: string;
  readonly route?: string;
}

export interface TrafficQuery {
  readonly filter: TrafficFilter;
  readonly groupBy: readonly TrafficDimension[];
  /** A multiple of the resolution; the last whole slots. */
  readonly windowMs: number;
  /** With this, one row per step and group: a time line. A multiple of the resolution. */
  readonly stepMs?: number;
}

/** One replica's share of an answer; parts of several replicas add up. */
export interface TrafficPart {
  readonly replica: string;
  /** Since when this replica has counted without a break; later than the window's begin after its restart. */
  readonly sinceMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** What this replica knows to be missing or uncertain, in words for people. */
  readonly gaps: readonly string[];
  readonly rows: readonly TrafficPartRow[];
  /** What clients sent without mutual TLS to workloads, by destination: `unproven` rows of it are the same requests. */
  readonly plain?: readonly TrafficPlainRow[];
}

export interface TrafficPlainRow {
  readonly destination: string;
  readonly atMs?: number;
  readonly counts: TrafficCounts;
}

export interface TrafficPartRow {
  /** Values in order of `groupBy`. */
  readonly group: readonly string[];
  /** Begin of the step; only with `stepMs`. */
  readonly atMs?: number;
  /**
   * The destination, where its proxy counted requests of clients that proved nothing. Some of these clients may have a
   * proxy that counted them as well (TrafficPart.plain).
   */
  readonly unproven?: string;
  readonly counts: TrafficCounts;
}

/** An answer: what people and programs see. */
export interface TrafficAnswer {
  readonly fromMs: number;
  readonly toMs: number;
  /** What is missing and why, in words for people: replicas that did not answer, or know only a part of the window. */
  readonly gaps: readonly string[];
  readonly rows: readonly TrafficRow[];
}

export interface TrafficRow {
  /** By dimension. */
  readonly group: Readonly<Partial<Record<TrafficDimension, string>>>;
  readonly atMs?: number;
  readonly counts: TrafficCounts;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** 0 to 1; absent without a request. */
  readonly successRate?: number;
  /** Milliseconds, interpolated in the histogram; absent without a request. */
  readonly latency?: {
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
  };
  readonly bytesPerSecond: number;
  /** Opened. How many are open is not known: what was counted before the window, or by a replica that is gone, is not in it. */
  readonly connectionsPerSecond: number;
}

export interface ServiceGraph {
  readonly fromMs: number;
  readonly toMs: number;
  readonly gaps: readonly string[];
  /** In order of id. */
  readonly nodes: readonly GraphNode[];
  /** In order of source and target. */
  readonly edges: readonly GraphEdge[];
}

export interface GraphNode {
  /** `workload:shop/Deployment/web`, `service:shop/web`, `gateway:…`, `external:<host>`, `unknown`. */
  readonly id: string;
  readonly kind: TrafficEnd['kind'] | 'service';
  readonly namespace: string;
  readonly name: string;
  /** Of what it received. */
  readonly requestsPerSecond: number;
  readonly successRate?: number;
  readonly p99Ms?: number;
}

export interface GraphEdge {
  readonly source: string;
  readonly target: string;
  readonly protocols: readonly string[];
  /** `true` where all of it was mutual TLS, `false` where none was. */
  readonly mtls: boolean | 'mixed';
  readonly requestsPerSecond: number;
  /** Opened, of opaque TCP. */
  readonly connectionsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly successRate?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** One request seen live. */
export interface TapEvent {
  /** Of the proxy's clock, RFC 3339 with milliseconds. */
  readonly at: string;
  /** `namespace/pod` of the proxy that saw it. */
  readonly pod: string;
  readonly side: TrafficSide;
  readonly source: TrafficEnd;
  readonly destination: TrafficEnd;
  /** SPIFFE IDs, empty without mutual TLS. */
  readonly sourceIdentity: string;
  readonly destinationIdentity: string;
  readonly service: string;
  readonly route: string;
  readonly protocol: string;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly status: number;
  readonly grpcStatus?: number;
  /** Envoy's flags with their meaning in words. */
  readonly flags: readonly string[];
  readonly requestId: string;
  readonly traceId: string;
  readonly attempts: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Milliseconds: of all, until the upstream began to answer. */
  readonly durationMs: number;
  readonly upstreamMs?: number;
  /** Only where asked for by somebody who may. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly requestBody?: string;
  readonly responseBody?: string;
}

/** What a tap tells besides: what it does not show, and why. Told from a TapEvent by its `notice`. */
export interface TapNotice {
  readonly at: string;
  /** In words for people. */
  readonly notice: string;
  /** Requests that matched since the last notice and were left out, because there were too many. */
  readonly dropped?: number;
}

/** One line of a tap. */
export type TapLine = TapEvent | TapNotice;
