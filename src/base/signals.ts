/**
 * What proxies report: the names on the wire between xds/translate, which configures the proxies, and telemetry, which
 * reads their reports. Proxies count by Envoy's stats access logger and report by OTLP (opentelemetry-proto 1.x) every
 * ten seconds, counters and histograms as deltas: what did not change is not sent.
 *
 * A report never says who reports: that is the certificate (or token) of the connection. It only says what its peer
 * was: the subject of the peer's certificate, which Weft signs and which names a workload, or for endpoints without a
 * proxy the metadata of the endpoint.
 */

/** How often proxies report. */
export const reportIntervalSeconds = 10;

/** Counters and histograms; Prometheus sees them with `envoy_` before and dots as underscores. */
export const signals = {
  /** Requests that ended. */
  requests: 'weft.http.requests',
  /** Attempts beyond the first, by the client's proxy. */
  retries: 'weft.http.retries',
  /** Microseconds from the first byte of the request to the last of the response. */
  duration: 'weft.http.duration',
  connectionsOpened: 'weft.tcp.connections_opened',
  connectionsClosed: 'weft.tcp.connections_closed',
  /** Towards the server. */
  bytesSent: 'weft.tcp.bytes_sent',
  bytesReceived: 'weft.tcp.bytes_received',
} as const;

/** Upper bounds of the buckets of `duration`, in microseconds; one more bucket is for what is longer. */
export const durationBoundsMicros = [
  500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 25_000, 50_000, 75_000, 100_000, 150_000, 250_000,
  500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
] as const;

/** Tags of the signals. A tag whose value is unknown is empty. */
export const tags = {
  /** `client`: this proxy sent the request; `server`: it received it. */
  side: 'side',
  /** Subject of the peer's certificate, see `workloadSubject`; empty without mutual TLS. */
  peer: 'peer',
  /** `workload|version` of an endpoint without a proxy (client side), as in `workloadSubject`. */
  plainPeer: 'plain_peer',
  /** Key of the ServicePort: `namespace/service:port`. Where there is none (a passed-through connection), the host. */
  service: 'service',
  /** `namespace/name` of the route, and which of its rules; empty without one. */
  route: 'route',
  /** `http`, `http2`, `grpc`, `tcp`. */
  protocol: 'protocol',
  /** HTTP status, `0` where none was sent. */
  code: 'code',
  /** Envoy's response flags, `-` without any: why a response did not come from the application. */
  flags: 'flags',
  /** gRPC status by number, empty for other protocols. */
  grpc: 'grpc',
} as const;

/**
 * The subject of a workload's certificate: `CN=<kind>/<name>,O=<namespace>,OU=<version>`. The identity is and stays the
 * SPIFFE ID alone; the subject is for telemetry.
 */
export interface WorkloadSubject {
  readonly namespace: string;
  /** `Deployment/web` */
  readonly workload: string;
  /** Empty where the pod has none. */
  readonly version: string;
}
