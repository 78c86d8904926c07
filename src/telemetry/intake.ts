/**
 * Reports of proxies: who sends one is known from the connection, what it says is judged point by point, and what is
 * left is counted. A report that cannot be read is refused as a whole before anything of it is counted.
 *
 *   reporter ──> read and judge all points ──> count ──> partial success, where points were refused
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { ColumnPool } from './counts.ts';
import { telemetryError } from './errors.ts';
import { judgePoint, type Judged, type JudgeOptions, type Refusal } from './judge.ts';
import * as metrics from './metrics.ts';
import type { TrafficSeries } from './model.ts';
import { readMetrics } from './otlp-metrics.ts';
import { KnownPeers } from './known-peers.ts';
import { MalformedMessage } from './protobuf.ts';
import { message } from './protobuf-writer.ts';
import { RateLimitedLog } from '../base/rate-limited-log.ts';
import type { Reporter, Reporters, ReportingPeer } from './reporter.ts';

/** Where counts go. */
export interface TrafficSink {
  /** @param values by column. Returns whether the series has a place of its own. */
  add(series: TrafficSeries, reporter: string, values: Float64Array): boolean;
}

export interface IntakeOptions extends Omit<JudgeOptions, 'pool'> {
  readonly reporters: Reporters;
  readonly store: TrafficSink;
  readonly clock: Clock;
  readonly log: Logger;
  /** Data points of one report; default 5,000, far beyond what a proxy is let keep. */
  readonly maxPoints?: number;
}

export const metricsMethod = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

const nothing = new Uint8Array(0);

export class Intake {
  readonly #options: IntakeOptions;
  readonly #maxPoints: number;
  readonly #judging: JudgeOptions;
  readonly #pool = new ColumnPool();
  readonly #known: KnownPeers;
  readonly #log: RateLimitedLog;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#judging = { ...options, pool: this.#pool };
    this.#maxPoints = options.maxPoints ?? 5_000;
    this.#known = new KnownPeers(options.clock);
    this.#log = new RateLimitedLog(options.log, options.clock);
  }

  /**
   * Takes one ExportMetricsServiceRequest, resolves with the ExportMetricsServiceResponse. Rejects with WEFT-TEL-01
   * where it cannot be read, with WEFT-TEL-02 where nobody of the mesh sends it.
   */
  async export(peer: ReportingPeer, bytes: Buffer): Promise<Uint8Array> {
    return this.#take(await this.#options.reporters.of(peer), bytes);
  }

  #take(reporter: Reporter, bytes: Buffer): Uint8Array {
    const judged: Judged[] = [];
    const refused = new Map<Refusal, number>();
    let example = '';
    let refusals = 0;
    let count = 0;
    this.#pool.reset();
    try {
      readMetrics(bytes, (point) => {
        count += 1;
        if (count > this.#maxPoints) {
          throw telemetryError('WEFT-TEL-01', `The report has more than ${this.#maxPoints} data points.`);
        }
        const verdict = judgePoint(this.#judging, reporter, point);
        if (verdict.kind === 'counted') judged.push(verdict);
        else if (verdict.kind === 'refused') {
          refusals += 1;
          refused.set(verdict.reason, (refused.get(verdict.reason) ?? 0) + 1);
          if (example === '') example = `${verdict.reason}: ${verdict.detail}`;
        }
      });
    } catch (error) {
      if (error instanceof MalformedMessage) throw telemetryError('WEFT-TEL-01', `${error.message}.`);
      throw error;
    }
    this.#count(reporter, judged);
    if (refusals === 0) {
      metrics.reports.inc({ result: 'taken' });
      return nothing;
    }
    metrics.reports.inc({ result: 'partly refused' });
    for (const [reason, points] of refused) metrics.refusedPoints.inc({ reason }, points);
    const what = `${refusals} data points were refused, the first for ${example}.`;
    const error = telemetryError('WEFT-TEL-06', what).describe();
    const fields = { reporter: reporter.key, reasons: Object.fromEntries(refused), error };
    this.#log.warn(`${reporter.key} points`, fields, 'data points of a report were refused');
    return partialSuccess(refusals, error);
  }

  /** What says who its peer is comes first: it helps to attribute the rest. */
  #count(reporter: Reporter, judged: readonly Judged[]): void {
    let overflowed = 0;
    const add = (series: TrafficSeries, values: Float64Array): void => {
      if (!this.#options.store.add(series, reporter.key, values)) overflowed += 1;
    };
    for (const { series, values, attribute } of judged) {
      if (attribute) continue;
      this.#known.seen(reporter, series);
      add(series, values);
    }
    for (const { series, values, attribute } of judged) {
      if (attribute) add(this.#known.attribute(reporter, series), values);
    }
    metrics.points.inc(judged.length);
    if (overflowed === 0) return;
    metrics.overflowedPoints.inc(overflowed);
    const fields = { reporter: reporter.key, points: overflowed };
    this.#log.warn(
      `${reporter.key} series`,
      fields,
      'there are more series than are kept: some are counted as one',
    );
  }
}

/** ExportMetricsServiceResponse with `partial_success`: rejected_data_points (1) and error_message (2). */
function partialSuccess(rejected: number, text: string): Uint8Array {
  const partial = message(
    { number: 1, varint: rejected },
    { number: 2, text: text.slice(0, 500).toWellFormed() },
  );
  return message({ number: 1, bytes: partial });
}
