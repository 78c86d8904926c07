/** Reports as a proxy sends them, for tests: a small protobuf writer, and a proxy's points in the words of the model. */

import { connectionEvents, durationBoundsMs, envoyBounds, formatSubject, signals } from '../base/signals.ts';
import { temporalities } from './otlp-metrics.ts';
import { type Field, message, packedDoubles, packedFixed64 } from './protobuf-writer.ts';

export interface TestPoint {
  readonly metric: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Of a counter. */
  readonly value?: number;
  /** Of a histogram: durations in milliseconds. */
  readonly durations?: readonly number[];
  readonly temporality?: number;
  readonly monotonic?: boolean;
  readonly bounds?: readonly number[];
  /** In the place of those that the durations give. */
  readonly buckets?: readonly number[];
  readonly count?: number;
  readonly timeMs?: number;
  readonly startMs?: number;
}

const text = (value: string): Buffer => Buffer.from(value);

function attributes(number: number, tags: Readonly<Record<string, string>>): readonly Field[] {
  return Object.entries(tags).map(([key, value]) => ({
    number,
    bytes: message(
      { number: 1, bytes: text(key) },
      { number: 2, bytes: message({ number: 1, bytes: text(value) }) },
    ),
  }));
}

function times(point: TestPoint, nowMs: number): readonly Field[] {
  const { timeMs = nowMs, startMs = timeMs - 10_000 } = point;
  return [
    { number: 2, fixed64: BigInt(Math.round(startMs)) * 1_000_000n },
    { number: 3, fixed64: BigInt(Math.round(timeMs)) * 1_000_000n },
  ];
}

function histogram(point: TestPoint, durations: readonly number[], nowMs: number): Buffer {
  const bounds = point.bounds ?? envoyBounds;
  const counts = point.buckets ?? bucketsOf(durations);
  return message(
    ...times(point, nowMs),
    { number: 4, fixed64: BigInt(point.count ?? durations.length) },
    { number: 5, double: durations.reduce((sum, value) => sum + value * 1_000, 0) },
    packedFixed64(6, counts),
    packedDoubles(7, bounds),
    ...attributes(9, point.tags),
  );
}

function bucketsOf(durations: readonly number[]): readonly number[] {
  const counts = Array<number>(durationBoundsMs.length + 1).fill(0);
  for (const duration of durations) {
    const index = durationBoundsMs.findIndex((bound) => duration < bound);
    const at = index < 0 ? durationBoundsMs.length : index;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

function metricOf(name: string, points: readonly TestPoint[], nowMs: number): Buffer {
  const [first] = points;
  const kind = first?.durations === undefined ? 7 : 9;
  const data = points.map((point) => ({
    number: 1,
    bytes:
      point.durations === undefined
        ? message(
            ...times(point, nowMs),
            { number: 6, fixed64: BigInt(point.value ?? 1) },
            ...attributes(7, point.tags),
          )
        : histogram(point, point.durations, nowMs),
  }));
  const sum = kind === 7 ? [{ number: 3, varint: Number(first?.monotonic ?? true) }] : [];
  return message(
    { number: 1, bytes: text(name) },
    {
      number: kind,
      bytes: message(...data, { number: 2, varint: first?.temporality ?? temporalities.delta }, ...sum),
    },
  );
}

/** An ExportMetricsServiceRequest with a metric for all points of one name, as Envoy's sink makes it. */
export function report(points: readonly TestPoint[], nowMs: number): Buffer {
  const byName = new Map<string, TestPoint[]>();
  for (const point of points) byName.set(point.metric, [...(byName.get(point.metric) ?? []), point]);
  const metrics = [...byName].map(([name, of]) => ({ number: 2, bytes: metricOf(name, of, nowMs) }));
  const resource = message(
    ...attributes(1, { 'telemetry.sdk.name': 'envoy', 'telemetry.sdk.language': 'cpp' }),
  );
  return message({
    number: 1,
    bytes: message({ number: 1, bytes: resource }, { number: 2, bytes: message(...metrics) }),
  });
}

/** @param workload `shop/Deployment/web` or, with a version, `shop/Deployment/web@v1` */
export function peerTag(workload: string): string {
  const [path = '', version = ''] = workload.split('@');
  const [namespace = '', ...rest] = path.split('/');
  return formatSubject({ namespace, workload: rest.join('/'), version });
}

interface HttpPoint {
  readonly side: 'client' | 'server';
  /** As `peerTag` takes it; absent where it is not known. */
  readonly peer?: string;
  readonly service?: string;
  readonly route?: string;
  readonly code?: string;
  readonly grpc?: string;
  readonly protocol?: string;
  readonly durations: readonly number[];
}

export function http({ side, peer, service, durations, ...rest }: HttpPoint): TestPoint {
  const { route = '', code = '200', grpc = '', protocol = 'HTTP/1.1' } = rest;
  return {
    metric: signals.duration[side],
    tags: {
      peer: peer === undefined ? '' : peerTag(peer),
      ...(service === undefined ? {} : { service }),
      route,
      protocol,
      code,
      grpc,
    },
    durations,
  };
}

export function connections(
  side: 'client' | 'server',
  peer: string,
  service: string,
  event: keyof typeof connectionEvents,
  value = 1,
  flags = '-',
): TestPoint {
  return {
    metric: signals.connections[side],
    tags: { peer: peerTag(peer), service, event: connectionEvents[event], flags },
    value,
  };
}
