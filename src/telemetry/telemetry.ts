/**
 * What main.ts joins: the intake of reports, the store of this replica, and the answers to questions about it.
 *
 *   methods ──> intake ──> store ──> part ──(of all replicas)──> mergeParts ──> serviceGraph, SMI
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Collection } from '../graph/types.ts';
import type { TokenVerdict } from '../kube/token-review.ts';
import type { MeshPod, ServicePort } from '../mesh/model.ts';
import { mergeParts } from './answer.ts';
import { Ends } from './ends.ts';
import { ExemplarStore, logsMethod } from './exemplars.ts';
import { expose, type ExpositionFormat } from './exposition.ts';
import { exportGolden } from './golden-exporter.ts';
import { GoldenMetrics } from './golden-metrics.ts';
import { Intake, metricsMethod } from './intake.ts';
import { knownServices } from './known-services.ts';
import * as metrics from './metrics.ts';
import type { TrafficAnswer, TrafficPart, TrafficQuery } from './model.ts';
import { answerPart } from './query.ts';
import { tellingRefusals } from './refused-reports.ts';
import { Reporters, type ReportingPeer } from './reporter.ts';
import type { Collector } from './otlp-client.ts';
import { type StoreLimits, TrafficStore } from './store.ts';

export interface TelemetryOptions {
  /** Name of this replica: its pod. */
  readonly replica: string;
  readonly pods: Collection<MeshPod>;
  readonly servicePorts: Collection<ServicePort>;
  /** Asks the API server whose a token is; rejects where it does not answer. */
  readonly review: (token: string) => Promise<TokenVerdict>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<StoreLimits>;
  /** Whom the golden metrics are sent to; undefined while nobody is to be told. */
  readonly collector?: () => Collector | undefined;
}

/** As the xDS server takes them. */
export type TelemetryMethod = (peer: ReportingPeer, message: Buffer) => Promise<Uint8Array>;

export interface Telemetry {
  /** gRPC methods for `XdsServerOptions.methods`. */
  readonly methods: ReadonlyMap<string, TelemetryMethod>;
  /** This replica's share of the answer; plain data that JSON can carry. Rejects with WEFT-TEL-03 or 04. */
  part(query: TrafficQuery): Promise<TrafficPart>;
  /** The answer of all replicas together. */
  merge(query: TrafficQuery, parts: readonly TrafficPart[]): TrafficAnswer;
  /** The golden metrics of the mesh, as far as this replica was told, beside the metrics of the replica itself. */
  readonly exposition: (format: ExpositionFormat) => string;
  /** Sends the golden metrics to the collector until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Of all finished slots. */
  storedBytes(): number;
  close(): void;
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { replica, clock, log, pods, review } = options;
  const golden = new GoldenMetrics(clock);
  const store = new TrafficStore({
    clock,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    onCounted: (series, values, offset) => golden.add(series, values, offset),
    onJump: ({ byMs }) => {
      metrics.clockJumps.inc();
      log.warn({ byMs }, 'the clock was set: times of what was counted before are as it showed them then');
    },
  });
  const reporters = new Reporters({ pods, review });
  const exemplars = new ExemplarStore({ reporters, clock, onKept: (workload) => golden.mention(workload) });
  const intake = new Intake({
    reporters,
    ends: new Ends(),
    knowsService: knownServices(options.servicePorts, clock),
    store,
    clock,
    log,
  });
  let cancel = (): void => undefined;
  const turn = (): void => {
    store.turn();
    golden.forget();
    metrics.seriesCount.set(store.series.size);
    metrics.storedBytes.set(store.bytes);
    cancel = clock.after(store.limits.resolutionMs / 2, turn);
  };
  turn();
  return {
    methods: tellingRefusals(
      new Map<string, TelemetryMethod>([
        [metricsMethod, (peer, message) => intake.export(peer, message)],
        [logsMethod, (peer, message) => exemplars.take(peer, message)],
      ]),
      { log, clock },
    ),
    part: (query) => answerPart(store, replica, query),
    merge: mergeParts,
    exposition: (format) => expose(golden, format, exemplars),
    run: (signal) =>
      exportGolden(
        { golden, collector: options.collector ?? (() => undefined), replica, clock, log },
        signal,
      ),
    storedBytes: () => store.bytes,
    close: () => cancel(),
  };
}
