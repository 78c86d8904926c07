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

/** `client`: this proxy sent the request; `server`: it received it. */
export type Side = 'client' | 'server';

/** The statistics of the loggers are below this; Prometheus sees them as `envoy_weft_…`, dots as underscores. */
export const scopePrefix = 'weft';

/** What is reported, by name. Nothing else is. Which side counts is part of the name: a tag would cost every request. */
export const signals = {
  /**
   * Histogram: requests that ended, one by one; microseconds until the last byte of the response, or until the request
   * was given up. Tags: peer, service, route, protocol, code, grpc, attempts.
   */
  duration: { client: 'weft.http.client.duration', server: 'weft.http.server.duration' },
  /** Counter: connections, once when established and once when ended. Tags: peer, service, event, flags. */
  connections: { client: 'weft.tcp.client.connections', server: 'weft.tcp.server.connections' },
  /** Counters of Envoy itself, which grow while a connection is open. Attribute: `tcpPrefix`. */
  bytesSent: 'tcp.downstream_cx_rx_bytes_total',
  bytesReceived: 'tcp.downstream_cx_tx_bytes_total',
} as const;

/**
 * Counter that only Prometheus asks a proxy for: requests whose response did not come from the application, or did not
 * reach its client whole. Tags: peer, service, route, code, flags. They are few, so that their reasons cost the others
 * next to nothing.
 */
export const flaggedRequests = {
  client: 'weft.http.client.flagged',
  server: 'weft.http.server.flagged',
} as const;

/** Full names of the statistics that are reported, for the sink; tags that are in a name are taken out of it afterwards. */
export const reportedStatistics = [
  `${scopePrefix}\\.http\\.(client|server)\\.duration\\..*`,
  `${scopePrefix}\\.tcp\\.(client|server)\\.connections\\..*`,
  'tcp\\..*\\.downstream_cx_[rt]x_bytes_total',
].join('|');

/**
 * Microseconds that a request took. Envoy has them for what was answered to the end; of what was given up or broken off
 * it knows whole milliseconds, which CEL makes the same unit, and without which it would not count such a request at
 * all. The expression is only evaluated for these. In this JSON a closing parenthesis has to be escaped: Envoy takes the
 * first one for the end of the command.
 */
export const durationFormat = `%COALESCE(${JSON.stringify({
  operators: [
    { command: 'COMMON_DURATION', param: 'DS_RX_BEG:DS_TX_END:us' },
    {
      command: 'CEL',
      param: 'request.duration.getSeconds()*1000000+request.duration.getMilliseconds()*1000',
    },
  ],
}).replaceAll(')', String.raw`\u0029`)})%`;

/** Upper bounds of the buckets of `duration`, in milliseconds, not included; one more bucket is for what is longer. */
export const durationBoundsMs = [
  0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
] as const;

/**
 * The same in microseconds, as Envoy is told and as it reports them. It counts a value that equals a bound below it, and
 * with it all that have the same two leading digits.
 */
export const envoyBounds: readonly number[] = durationBoundsMs.map((bound) => bound * 1_000 - 1);

/** Tags of the signals. A tag whose value is not known is empty or absent. */
export const tags = {
  /** Who the other end is, for `parsePeer`. */
  peer: 'peer',
  /** For `parseService`. */
  service: 'service',
  /** `namespace/name` of the route, and `/<name>` of its rule where it has one; empty without a route. */
  route: 'route',
  /** `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`; what has a `grpc` tag that is not empty is gRPC. */
  protocol: 'protocol',
  /** HTTP status, `0` where none was sent. */
  code: 'code',
  /** Envoy's response flags separated by commas: why a response did not come from the application; `-` without any. */
  flags: 'flags',
  /** gRPC status by number, empty for other protocols. */
  grpc: 'grpc',
  /** On the client side: how often the request was sent to an endpoint; 0 where there was none. */
  attempts: 'attempts',
  /** Of connections: `established` or `ended` (connectionEvents). */
  event: 'event',
} as const;

/** Values of `event`. A connection that was never established only ends, with a flag that says why. */
export const connectionEvents = { established: 'TcpUpstreamConnected', ended: 'TcpConnectionEnd' } as const;

/** An attribute that Envoy takes out of the names of its own statistics. */
export const tcpPrefixAttribute = 'envoy.tcp_prefix';

/** Where the endpoints of pods without a proxy say who they are. */
export const peerMetadata = { namespace: 'weft', key: 'peer' } as const;

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

/** @param workload `namespace/kind/name` */
export function subjectOf(workload: string, version: string): WorkloadSubject {
  const slash = workload.indexOf('/');
  return { namespace: workload.slice(0, slash), workload: workload.slice(slash + 1), version };
}

/** Who bytes were for, as far as the counters tell: of a Service, or of the whole proxy. The peer is not known. */
export interface TcpPrefix {
  readonly side: Side;
  /** Key of the ServicePort. */
  readonly service?: string;
  /** Only of the server's side. */
  readonly mtls?: boolean;
  /** To outside of the mesh. */
  readonly outside?: boolean;
}

/** Prefixes of TCP proxies that are not those of a Service (`svc/<key>`). */
export const tcpPrefixes = {
  'inbound-mesh': { side: 'server', mtls: true },
  'inbound-plain': { side: 'server', mtls: false },
  outbound: { side: 'client' },
  gateway: { side: 'client' },
  passthrough: { side: 'client', outside: true },
} as const satisfies Record<string, TcpPrefix>;

/** Undefined for a prefix that is none of Weft's. Envoy writes an underscore for the colon of a key. */
export function parseTcpPrefix(prefix: string): TcpPrefix | undefined {
  if (!prefix.startsWith('svc/')) {
    return Object.hasOwn(tcpPrefixes, prefix) ? tcpPrefixes[prefix as keyof typeof tcpPrefixes] : undefined;
  }
  return { side: 'client', service: serviceOfCluster(prefix) };
}

/** The ServicePort of a cluster's name, as tags and attributes have it: `svc/shop/web_80+edge` -> `shop/web:80`. */
export function serviceOfCluster(cluster: string): string {
  const plus = cluster.indexOf('+');
  const key = cluster.slice('svc/'.length, plus < 0 ? undefined : plus);
  // Names of namespaces and Services have no underscore.
  return key.replace(/_(\d+)$/, ':$1');
}

/** What the tag `service` says: the key of a ServicePort, or the address of a host outside of the mesh. */
export function parseService(tag: string): { readonly service: string; readonly host: string } {
  if (tag.startsWith('svc/')) return { service: serviceOfCluster(tag), host: '' };
  if (tag.includes('/')) return { service: tag, host: '' };
  // The cluster of invalid backends is neither.
  return { service: '', host: /[.:]/.test(tag) ? tag : '' };
}

/** `mtls`: it proved by its certificate who it is. */
export interface Peer extends WorkloadSubject {
  readonly mtls: boolean;
}

/** What the tag `peer` says; undefined where nothing is known. */
export function parsePeer(tag: string): Peer | undefined {
  if (tag === '') return undefined;
  if (tag.startsWith(plainMark)) {
    const [namespace = '', workload = '', version = ''] = tag.slice(plainMark.length).split('|');
    return { namespace, workload, version, mtls: false };
  }
  const subject = parseSubject(tag);
  return { ...subject, mtls: true };
}

const plainMark = 'plain|';

/** The value of `peerMetadata`. */
export function formatPlainPeer({ namespace, workload, version }: WorkloadSubject): string {
  return `${plainMark}${namespace}|${workload}|${version}`;
}

/**
 * Reads a distinguished name as Envoy prints it: RFC 2253, the most specific part first. A subject without these parts,
 * as of a client of a gateway, gives empty strings.
 */
export function parseSubject(text: string): WorkloadSubject {
  const parts = new Map<string, string>();
  for (const [, name = '', raw = ''] of text.matchAll(/(?:^|[,+])\s*([A-Za-z]+)=((?:\\[\s\S]|[^,+\\])*)/g)) {
    if (!parts.has(name)) parts.set(name, unescapeValue(raw));
  }
  return {
    namespace: parts.get('O') ?? '',
    workload: parts.get('CN') ?? '',
    version: parts.get('OU') ?? '',
  };
}

/** The opposite of `parseSubject`. */
export function formatSubject({ namespace, workload, version }: WorkloadSubject): string {
  const unit = version === '' ? '' : `,OU=${escapeValue(version)}`;
  return `CN=${escapeValue(workload)},O=${escapeValue(namespace)}${unit}`;
}

/** Bytes beyond ASCII and control characters are written as pairs of hexadecimal digits. */
function unescapeValue(raw: string): string {
  if (!raw.includes('\\')) return raw;
  const bytes: Buffer[] = [];
  for (const [, hex, quoted, plain] of raw.matchAll(/\\([0-9A-Fa-f]{2})|\\([\s\S])|([^\\]+)/g)) {
    bytes.push(hex === undefined ? Buffer.from(quoted ?? plain ?? '') : Buffer.from(hex, 'hex'));
  }
  return Buffer.concat(bytes).toString();
}

function escapeValue(value: string): string {
  return value
    .replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&')
    .replace(/[^\x20-\x7e]/gu, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join(''),
    );
}

/** What the proxy of a destination tells of a traced request, as body of an OTLP log: microseconds, and its traceparent. */
export const exemplarFormat = `${durationFormat} %REQ(TRACEPARENT)%`;

/** The same as it arrives: duration, trace, flags. */
export const exemplarPattern = /^(\d{1,12}) 00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;

/** Of the requests of a proxy, how many it tells of at most; those with the smallest numbers, which are the ones that are traced. */
export const exemplarsInTenThousand = 100;
