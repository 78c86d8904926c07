/**
 * The golden metrics as an OTLP export (ExportMetricsServiceRequest): the same families and labels as for Prometheus, as
 * cumulative sums, so that an export that is lost costs nothing.
 * Source: opentelemetry-proto 1.x, metrics/v1/metrics.proto.
 */

import { durationBoundsMs } from '../base/signals.ts';
import { columns } from './counts.ts';
import type { GoldenDestination, GoldenEdge, GoldenMetrics } from './golden-metrics.ts';
import { responseClasses, type TrafficEnd } from './model.ts';
import { temporalities } from './otlp-metrics.ts';
import { type Field, message, packedDoubles, packedFixed64 } from './protobuf-writer.ts';

type Attributes = readonly (readonly [string, string])[];

interface Family {
  readonly name: string;
  readonly unit: string;
  readonly column: number;
}

const families: readonly Family[] = [
  { name: 'weft.mesh.request.failures', unit: '{request}', column: columns.failures },
  { name: 'weft.mesh.retries', unit: '{retry}', column: columns.retries },
  { name: 'weft.mesh.connections.opened', unit: '{connection}', column: columns.connectionsOpened },
  { name: 'weft.mesh.connections.closed', unit: '{connection}', column: columns.connectionsClosed },
  { name: 'weft.mesh.sent', unit: 'By', column: columns.bytesSent },
  { name: 'weft.mesh.received', unit: 'By', column: columns.bytesReceived },
];

/** @param replica which counted them: sums of several replicas are series of their own */
export function encodeGolden(metrics: GoldenMetrics, replica: string, nowMs: number): Buffer {
  const edges = [...metrics.edges];
  const requests = edges.flatMap((edge) =>
    responseClasses.map((name, index) =>
      numberPoint(edge, edge.values[columns.requests + index] ?? 0, nowMs, [['response_class', name]]),
    ),
  );
  const sums = [
    sum('weft.mesh.requests', '{request}', requests),
    ...families.map(({ name, unit, column }) =>
      sum(
        name,
        unit,
        edges.map((edge) => numberPoint(edge, edge.values[column] ?? 0, nowMs)),
      ),
    ),
  ];
  const durations = [...metrics.destinations].map((destination) => histogramPoint(destination, nowMs));
  const histogram = message(...durations.map((bytes) => ({ number: 1, bytes })), {
    number: 2,
    varint: temporalities.cumulative,
  });
  const duration = message(
    { number: 1, text: 'weft.mesh.request.duration' },
    { number: 3, text: 's' },
    { number: 9, bytes: histogram },
  );
  const resource = message(
    ...attributes(1, [
      ['service.name', 'weft'],
      ['service.instance.id', replica],
    ]),
  );
  const scope = message(
    { number: 1, bytes: message({ number: 1, text: 'weft' }) },
    ...[...sums, duration].map((bytes) => ({ number: 2, bytes })),
  );
  return message({ number: 1, bytes: message({ number: 1, bytes: resource }, { number: 2, bytes: scope }) });
}

function sum(name: string, unit: string, points: readonly (Buffer | undefined)[]): Buffer {
  const data = message(
    ...points.flatMap((bytes) => (bytes === undefined ? [] : [{ number: 1, bytes }])),
    { number: 2, varint: temporalities.cumulative },
    { number: 3, varint: 1 },
  );
  return message({ number: 1, text: name }, { number: 3, text: unit }, { number: 7, bytes: data });
}

/** Undefined where there is nothing to tell. */
function numberPoint(
  edge: GoldenEdge,
  value: number,
  nowMs: number,
  more: Attributes = [],
): Buffer | undefined {
  if (value === 0) return undefined;
  return message(
    ...times(edge.sinceMs, nowMs),
    { number: 6, fixed64: BigInt(value) },
    ...attributes(7, [...attributesOf(edge), ...more]),
  );
}

function histogramPoint({ destination, buckets, sumMs, sinceMs }: GoldenDestination, nowMs: number): Buffer {
  const count = buckets.reduce((all, value) => all + value, 0);
  return message(
    ...times(sinceMs, nowMs),
    { number: 4, fixed64: BigInt(count) },
    { number: 5, double: sumMs / 1_000 },
    packedFixed64(6, [...buckets]),
    packedDoubles(
      7,
      durationBoundsMs.map((bound) => bound / 1_000),
    ),
    ...attributes(9, endAttributes('destination', destination)),
  );
}

function times(sinceMs: number, nowMs: number): readonly Field[] {
  return [
    { number: 2, fixed64: BigInt(Math.round(sinceMs)) * 1_000_000n },
    { number: 3, fixed64: BigInt(Math.round(nowMs)) * 1_000_000n },
  ];
}

function attributesOf({ source, destination, service, protocol, mtls }: GoldenEdge): Attributes {
  return [
    ...endAttributes('source', source),
    ...endAttributes('destination', destination),
    ['service', service],
    ['protocol', protocol],
    ['mtls', String(mtls)],
  ];
}

function endAttributes(side: 'source' | 'destination', { namespace, name }: TrafficEnd): Attributes {
  return [
    [`${side}_namespace`, namespace],
    [`${side}_workload`, name],
  ];
}

function attributes(number: number, of: Attributes): readonly Field[] {
  return of.map(([key, value]) => ({
    number,
    bytes: message({ number: 1, text: key }, { number: 2, bytes: message({ number: 1, text: value }) }),
  }));
}
