/**
 * Reads an OTLP metrics report (ExportMetricsServiceRequest) point by point: one object is filled again and again and
 * handed to the caller, so that a report costs next to nothing beyond the strings of its tags. Nothing is judged here
 * but whether it is well-formed; what a report may claim is the business of intake.ts.
 * Source: opentelemetry-proto 1.x, collector/metrics/v1/metrics_service.proto and metrics/v1/metrics.proto.
 */

import { envoyBounds, tags, tcpPrefixAttribute } from '../base/signals.ts';
import { MalformedMessage, ProtobufReader } from './protobuf.ts';

/** The tags in the order in which `MetricPoint.tags` has their values. */
export const tagNames: readonly string[] = [...Object.values(tags), tcpPrefixAttribute];

export const temporalities = { unspecified: 0, delta: 1, cumulative: 2 } as const;

/** One data point; valid until the callback returns. */
export interface MetricPoint {
  metric: string;
  kind: 'sum' | 'histogram' | 'other';
  temporality: number;
  monotonic: boolean;
  /** Unix time; 0 where it is absent. */
  timeMs: number;
  /** Of a sum; NaN where it is absent. */
  value: number;
  /** Of a histogram. */
  count: number;
  sum: number;
  buckets: Float64Array;
  /** Counts that were there, of which `buckets` holds as many as it can. */
  bucketCount: number;
  /** Whether the bounds are exactly `envoyBounds`. */
  boundsMatch: boolean;
  /** In order of `tagNames`; empty where one is absent. */
  tags: string[];
  /** The name of a tag that is unknown, there twice, or no string. */
  faultyTag: string | undefined;
}

const expectedBounds = new Uint8Array(new Float64Array(envoyBounds).buffer);
const indexOfTag = new Map(tagNames.map((name, index) => [name, index]));

/** Tags as they are on the wire: field number times eight, plus wire type. */
const field = (number: number, wireType: number): number => number * 8 + wireType;
const bytesOf = (number: number): number => field(number, 2);

function emptyPoint(): MetricPoint {
  return {
    metric: '',
    kind: 'other',
    temporality: 0,
    monotonic: false,
    timeMs: 0,
    value: Number.NaN,
    count: 0,
    sum: 0,
    buckets: new Float64Array(envoyBounds.length + 1),
    bucketCount: 0,
    boundsMatch: false,
    tags: tagNames.map(() => ''),
    faultyTag: undefined,
  };
}

/**
 * Calls `onPoint` for each data point, in order. Throws MalformedMessage, possibly after some points: whoever wants all
 * or nothing has to keep them until the end.
 */
export function readMetrics(message: Buffer, onPoint: (point: MetricPoint) => void): void {
  const reader = new ProtobufReader(message);
  const point = emptyPoint();
  const seen = new Uint8Array(tagNames.length);

  const within = (read: () => void): void => {
    const outer = reader.end;
    reader.end = reader.contentEnd();
    read();
    reader.end = outer;
  };
  /** Descends into each occurrence of one length-delimited field and skips all others. */
  const each = (tag: number, read: () => void): void => {
    while (reader.more) {
      const found = reader.tag();
      if (found === tag) within(read);
      else reader.skip(found);
    }
  };

  const tagValue = (): string | undefined => {
    let value: string | undefined = '';
    while (reader.more) {
      const tag = reader.tag();
      if (tag === bytesOf(1)) value = reader.string();
      else {
        value = undefined;
        reader.skip(tag);
      }
    }
    return value;
  };
  const attribute = (): void => {
    let key = '';
    let value: string | undefined = '';
    while (reader.more) {
      const tag = reader.tag();
      if (tag === bytesOf(1)) key = reader.string();
      else if (tag === bytesOf(2)) {
        within(() => {
          value = tagValue();
        });
      } else reader.skip(tag);
    }
    const index = indexOfTag.get(key);
    if (index === undefined || value === undefined || seen[index] === 1) {
      point.faultyTag = key;
      return;
    }
    seen[index] = 1;
    point.tags[index] = value;
  };
  const bucketCounts = (): void => {
    while (reader.more) {
      const count = reader.fixed64();
      if (point.bucketCount < point.buckets.length) point.buckets[point.bucketCount] = count;
      point.bucketCount += 1;
    }
  };
  const bounds = (): void => {
    if (reader.end - reader.at === expectedBounds.length && reader.startsWith(expectedBounds)) {
      point.boundsMatch = true;
    }
    reader.at = reader.end;
  };

  /** NumberDataPoint and HistogramDataPoint number their fields differently, but for the time. */
  const dataPoint = (): void => {
    point.timeMs = 0;
    point.value = Number.NaN;
    point.count = 0;
    point.sum = 0;
    point.bucketCount = 0;
    point.boundsMatch = false;
    point.faultyTag = undefined;
    point.tags.fill('');
    seen.fill(0);
    const histogram = point.kind === 'histogram';
    const attributes = bytesOf(histogram ? 9 : 7);
    while (reader.more) {
      const tag = reader.tag();
      if (tag === attributes) within(attribute);
      else if (tag === field(3, 1)) point.timeMs = reader.fixed64() / 1e6;
      else if (histogram && tag === field(4, 1)) point.count = reader.fixed64();
      else if (histogram && tag === field(5, 1)) point.sum = reader.double();
      else if (histogram && tag === bytesOf(6)) within(bucketCounts);
      else if (histogram && tag === bytesOf(7)) within(bounds);
      else if (!histogram && tag === field(4, 1)) point.value = reader.double();
      else if (!histogram && tag === field(6, 1)) point.value = reader.signedFixed64();
      else reader.skip(tag);
    }
    onPoint(point);
  };

  /** The data of a metric: temporality stands behind the points, so it is looked for first. */
  const data = (begin: number, end: number): void => {
    const outer = reader.end;
    reader.end = end;
    reader.at = begin;
    point.temporality = 0;
    point.monotonic = false;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === field(2, 0)) point.temporality = reader.varint();
      else if (tag === field(3, 0)) point.monotonic = reader.varint() !== 0;
      else reader.skip(tag);
    }
    reader.at = begin;
    each(bytesOf(1), dataPoint);
    reader.end = outer;
  };
  const metric = (): void => {
    let begin = 0;
    let end = 0;
    point.metric = '';
    point.kind = 'other';
    while (reader.more) {
      const tag = reader.tag();
      if (tag === bytesOf(1)) point.metric = reader.string();
      else if (tag === bytesOf(5) || (tag >= bytesOf(7) && tag <= bytesOf(11) && tag % 8 === 2)) {
        if (end > 0) throw new MalformedMessage('a metric of two kinds');
        end = reader.contentEnd();
        begin = reader.at;
        reader.at = end;
        point.kind = tag === bytesOf(7) ? 'sum' : tag === bytesOf(9) ? 'histogram' : 'other';
      } else reader.skip(tag);
    }
    const outer = reader.at;
    if (end > 0) data(begin, end);
    reader.at = outer;
  };

  each(bytesOf(1), () => each(bytesOf(2), () => each(bytesOf(2), metric)));
}
