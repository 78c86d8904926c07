/**
 * What one data point of a report means, or why it cannot be true. The own end of the traffic is the reporter's,
 * whatever the point says; only of the other end it is believed.
 */

import type { Clock } from '../base/clock.ts';
import {
  connectionEvents,
  parseService,
  parseTcpPrefix,
  type Side,
  signals,
  tags,
  tcpPrefixAttribute,
} from '../base/signals.ts';
import { type ColumnPool, columns, durationBuckets } from './counts.ts';
import { type Ends, unknownEnd } from './ends.ts';
import { responseClasses, type TrafficSeries } from './model.ts';
import { type MetricPoint, tagNames, temporalities } from './otlp-metrics.ts';
import type { Reporter } from './reporter.ts';

/** Why a point is refused; a label of `weft_telemetry_refused_points_total`. */
export type Refusal = 'metric' | 'tag' | 'temporality' | 'bounds' | 'value' | 'time' | 'service' | 'end';

export interface JudgeOptions {
  readonly ends: Ends;
  /** Whether a ServicePort, `namespace/service:port`, is or lately was one of the mesh. */
  readonly knowsService: (key: string) => boolean;
  readonly clock: Clock;
  readonly pool: ColumnPool;
}

export interface Judged {
  readonly kind: 'counted';
  readonly series: TrafficSeries;
  /** By column; of the pool. */
  readonly values: Float64Array;
  /** The point does not say who its peer was: others may help. */
  readonly attribute: boolean;
}

export type Verdict =
  | Judged
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly detail: string }
  /** Nothing to count, such as a connection that was never established. */
  | { readonly kind: 'ignored' };

/** How far the clock of a proxy may be off; slots are by the own clock, so that nothing depends on it. */
const maxSkewMs = 86_400_000;
/** No proxy counts more in ten seconds; bytes are the largest. */
const maxValue = 2 ** 50;

/** Where the value of each tag is. */
const at = {
  peer: tagNames.indexOf(tags.peer),
  service: tagNames.indexOf(tags.service),
  route: tagNames.indexOf(tags.route),
  protocol: tagNames.indexOf(tags.protocol),
  code: tagNames.indexOf(tags.code),
  flags: tagNames.indexOf(tags.flags),
  grpc: tagNames.indexOf(tags.grpc),
  attempts: tagNames.indexOf(tags.attempts),
  event: tagNames.indexOf(tags.event),
  tcpPrefix: tagNames.indexOf(tcpPrefixAttribute),
} as const;

const protocols: Readonly<Record<string, TrafficSeries['protocol']>> = {
  '': 'http',
  'HTTP/1.0': 'http',
  'HTTP/1.1': 'http',
  'HTTP/2': 'http2',
  'HTTP/3': 'http2',
};

/** gRPC's statuses that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED and on. */
const grpcFailures = new Set(['2', '4', '8', '12', '13', '14', '15']);

/** Flags of connections that end without ever having reached anybody. */
const neverEstablished = new Set(['UF', 'UH', 'UO', 'NR', 'NC', 'URX']);

const ignored = { kind: 'ignored' } as const;

export function judgePoint(options: JudgeOptions, reporter: Reporter, point: MetricPoint): Verdict {
  const { metric } = point;
  if (point.faultyTag !== undefined) return refuse('tag', `${metric} with the tag ${point.faultyTag}`);
  if (point.temporality !== temporalities.delta) return refuse('temporality', `${metric} is no delta`);
  const nowMs = options.clock.now();
  // When it began is not looked at: Envoy 1.40 gives that of its first report in the wrong unit.
  const skewMs = Math.abs(point.timeMs - nowMs);
  if (!(skewMs <= maxSkewMs)) {
    return refuse('time', `${metric}, dated ${Math.round(skewMs / 3_600_000)} h off the clock here`);
  }
  switch (metric) {
    case signals.duration.client:
      return requestsOf(options, reporter, point, 'client');
    case signals.duration.server:
      return requestsOf(options, reporter, point, 'server');
    case signals.connections.client:
      return connectionsOf(options, reporter, point, 'client');
    case signals.connections.server:
      return connectionsOf(options, reporter, point, 'server');
    case signals.bytesSent:
      return bytesOf(options, reporter, point, columns.bytesSent);
    case signals.bytesReceived:
      return bytesOf(options, reporter, point, columns.bytesReceived);
    default:
      return refuse('metric', metric);
  }
}

function requestsOf(options: JudgeOptions, reporter: Reporter, point: MetricPoint, side: Side): Verdict {
  if (point.kind !== 'histogram' || !point.boundsMatch || point.bucketCount !== durationBuckets) {
    return refuse('bounds', `${point.metric} with other bounds than the mesh has`);
  }
  let count = 0;
  for (const bucket of point.buckets) {
    if (!isCount(bucket)) return refuse('value', `${point.metric} with a bucket of ${bucket}`);
    count += bucket;
  }
  if (count !== point.count || !(point.sum >= 0 && point.sum <= maxValue)) {
    return refuse('value', `${point.metric} with a count of ${point.count} and a sum of ${point.sum}`);
  }
  if (count === 0) return ignored;
  const code = tagOf(point, at.code);
  const grpc = tagOf(point, at.grpc);
  const responseClass = classOf(code);
  const protocol = grpc === '' ? protocols[tagOf(point, at.protocol)] : 'grpc';
  if (responseClass === undefined || protocol === undefined || !/^\d{0,2}$/.test(grpc)) {
    return refuse(
      'tag',
      `${point.metric} with code ${code}, gRPC status ${grpc}, ${tagOf(point, at.protocol)}`,
    );
  }
  const attempts = tagOf(point, at.attempts);
  if (!/^\d{0,4}$/.test(attempts)) return refuse('tag', `${point.metric} with ${attempts} attempts`);
  const series = seriesOf(options, reporter, point, side, protocol);
  if ('reason' in series) return series;
  const values = options.pool.take();
  values[columns.retries] = count * Math.max(0, Number(attempts) - 1);
  values[columns.requests + responseClass] = count;
  if (responseClass === 0 || responseClass === 5 || grpcFailures.has(grpc)) values[columns.failures] = count;
  values.set(point.buckets, columns.durations);
  values[columns.durationSum] = Math.round(point.sum);
  return { kind: 'counted', series, values, attribute: false };
}

function connectionsOf(options: JudgeOptions, reporter: Reporter, point: MetricPoint, side: Side): Verdict {
  const event = tagOf(point, at.event);
  if (event !== connectionEvents.established && event !== connectionEvents.ended) {
    return refuse('tag', `${point.metric} with the event ${event}`);
  }
  const flags = tagOf(point, at.flags).split(',');
  const failed = event === connectionEvents.ended && flags.some((flag) => neverEstablished.has(flag));
  const series = seriesOf(options, reporter, point, side, 'tcp');
  if ('reason' in series) return series;
  const column =
    event === connectionEvents.established ? columns.connectionsOpened : columns.connectionsClosed;
  const verdict = sumOf(options, point, column, series, false);
  return failed && verdict.kind === 'counted' ? ignored : verdict;
}

function bytesOf(options: JudgeOptions, reporter: Reporter, point: MetricPoint, column: number): Verdict {
  const text = tagOf(point, at.tcpPrefix);
  const prefix = parseTcpPrefix(text);
  if (prefix === undefined) return refuse('tag', `${point.metric} of ${text}`);
  const { service = '', mtls = false } = prefix;
  if (service !== '' && !options.knowsService(service)) return refuse('service', service);
  const [source, destination] =
    prefix.side === 'client' ? [reporter.end, unknownEnd] : [unknownEnd, reporter.end];
  const series = {
    side: prefix.side,
    source,
    destination,
    service,
    route: '',
    protocol: 'tcp',
    mtls,
  } as const;
  return sumOf(options, point, column, series, service !== '');
}

function sumOf(
  { pool }: JudgeOptions,
  point: MetricPoint,
  column: number,
  series: TrafficSeries,
  attribute: boolean,
): Verdict {
  if (point.kind !== 'sum' || !point.monotonic || !isCount(point.value)) {
    return refuse('value', `${point.metric} of ${point.value}`);
  }
  if (point.value === 0) return ignored;
  const values = pool.take();
  values[column] = point.value;
  return { kind: 'counted', series, values, attribute };
}

type Refused = Extract<Verdict, { kind: 'refused' }>;

function seriesOf(
  options: JudgeOptions,
  reporter: Reporter,
  point: MetricPoint,
  side: Side,
  protocol: TrafficSeries['protocol'],
): TrafficSeries | Refused {
  const peer = options.ends.peer(tagOf(point, at.peer));
  if (peer === undefined) return refuse('end', tagOf(point, at.peer));
  const { service, host } = parseService(tagOf(point, at.service));
  if (service !== '' && !options.knowsService(service)) return refuse('service', service);
  const rest = { service, route: routeOf(tagOf(point, at.route)), protocol, mtls: peer.mtls };
  if (side === 'server') return { side, source: peer.end, destination: reporter.end, ...rest };
  const outside = host === '' || peer.end !== unknownEnd ? undefined : options.ends.host(host);
  if (host !== '' && peer.end === unknownEnd && outside === undefined) return refuse('end', host);
  return { side, source: reporter.end, destination: outside ?? peer.end, ...rest };
}

/** `namespace/name`, without its rule; what does not look like it is no route. */
function routeOf(tag: string): string {
  return /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}(?=\/|$)/.exec(tag)?.[0] ?? '';
}

/** Index in `responseClasses`. */
function classOf(code: string): number | undefined {
  if (code === '' || code === '0') return 0;
  return /^[1-5]\d\d$/.test(code)
    ? responseClasses.indexOf(`${code[0] as '1' | '2' | '3' | '4' | '5'}xx`)
    : undefined;
}

/** Envoy writes a hyphen for some of what it does not know. */
function tagOf(point: MetricPoint, index: number): string {
  const value = point.tags[index] ?? '';
  return value === '-' ? '' : value;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= maxValue;
}

function refuse(reason: Refusal, detail: string): Refused {
  // It goes into the log and back to the proxy.
  return { kind: 'refused', reason, detail: detail.slice(0, 200) };
}
