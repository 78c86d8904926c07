/**
 * Ties metrics to traces: of the requests that are traced, the proxies of their destinations tell the duration and the trace,
 * one request in a hundred at most, as OTLP logs. The newest of each bucket of durations is kept, so that what a destination
 * costs is fixed, and shown beside the histogram of durations.
 *
 *   access log of the server's proxy ──OTLP──> take ──> newest by workload and bucket ──> exposition
 */

import type { Clock } from '../base/clock.ts';
import { durationBoundsMs, exemplarPattern } from '../base/signals.ts';
import { telemetryError } from './errors.ts';
import type { Exemplar, Exemplars } from './exposition.ts';
import { MalformedMessage, ProtobufReader } from './protobuf.ts';
import type { TrafficEnd } from './model.ts';
import type { Reporters, ReportingPeer } from './reporter.ts';

export const logsMethod = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

/** Workloads beyond which the one that has been told of longest ago is forgotten. */
const mostWorkloads = 2_000;

/** Of one request; the rest of it counts for nothing. */
const mostRecords = 1_000;

const nothing = new Uint8Array(0);

export interface ExemplarOptions {
  readonly reporters: Reporters;
  readonly clock: Pick<Clock, 'now'>;
  /** There is something to show of this workload. */
  readonly onKept?: (workload: TrafficEnd) => void;
}

export class ExemplarStore implements Exemplars {
  readonly #reporters: Reporters;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onKept: ((workload: TrafficEnd) => void) | undefined;
  readonly #byWorkload = new Map<string, (Exemplar | undefined)[]>();

  constructor({ reporters, clock, onKept }: ExemplarOptions) {
    this.#reporters = reporters;
    this.#clock = clock;
    this.#onKept = onKept;
  }

  newest(destination: string, bucket: number): Exemplar | undefined {
    return this.#byWorkload.get(destination)?.[bucket];
  }

  /**
   * Takes one ExportLogsServiceRequest, resolves with the ExportLogsServiceResponse. Rejects with WEFT-TEL-01 where it
   * cannot be read, with WEFT-TEL-02 where nobody of the mesh sends it. What is no exemplar is passed over.
   */
  async take(peer: ReportingPeer, message: Buffer): Promise<Uint8Array> {
    const { key, end } = await this.#reporters.of(peer);
    for (const body of bodiesOf(message)) {
      const exemplar = readExemplar(body, this.#clock.now());
      if (exemplar === undefined) continue;
      this.#keep(key, exemplar);
      this.#onKept?.(end);
    }
    return nothing;
  }

  #keep(workload: string, exemplar: Exemplar): void {
    const kept = this.#byWorkload.get(workload) ?? [];
    const found = durationBoundsMs.findIndex((bound) => exemplar.durationMs < bound);
    kept[found < 0 ? durationBoundsMs.length : found] = exemplar;
    // Behind all others, so that the first is the one that has been silent longest.
    this.#byWorkload.delete(workload);
    this.#byWorkload.set(workload, kept);
    if (this.#byWorkload.size <= mostWorkloads) return;
    for (const silent of this.#byWorkload.keys()) {
      this.#byWorkload.delete(silent);
      return;
    }
  }
}

/** Only of requests whose trace is recorded: nobody would find another one. */
function readExemplar(body: string, atMs: number): Exemplar | undefined {
  const [, duration, traceId, flags] = exemplarPattern.exec(body) ?? [];
  if (duration === undefined || traceId === undefined || flags === undefined) return undefined;
  if ((Number.parseInt(flags, 16) & 1) === 0) return undefined;
  return { traceId, durationMs: Number(duration) / 1_000, atMs };
}

const bytes = (field: number): number => field * 8 + 2;

/** resource_logs, scope_logs, log_records, body, string_value: opentelemetry-proto 1.x, logs/v1/logs.proto. */
const path = [bytes(1), bytes(2), bytes(2), bytes(5), bytes(1)];

function bodiesOf(message: Buffer): readonly string[] {
  const reader = new ProtobufReader(message);
  const bodies: string[] = [];
  const read = (depth: number): void => {
    while (reader.more && bodies.length < mostRecords) {
      const tag = reader.tag();
      if (tag !== path[depth]) {
        reader.skip(tag);
      } else if (depth === path.length - 1) {
        bodies.push(reader.string());
      } else {
        const outer = reader.end;
        reader.end = reader.contentEnd();
        read(depth + 1);
        reader.at = reader.end;
        reader.end = outer;
      }
    }
  };
  try {
    read(0);
  } catch (error) {
    if (error instanceof MalformedMessage) throw telemetryError('WEFT-TEL-01', `${error.message}.`);
    throw error;
  }
  return bodies;
}
