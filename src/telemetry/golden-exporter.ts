/**
 * Sends the golden metrics to the collector that MeshConfig names, again and again. They are running sums, so an export
 * that fails is not kept: the next one says it all.
 */

import { Backoff, wait } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { OtlpProvider } from '../mesh/model.ts';
import { telemetryError } from './errors.ts';
import type { GoldenMetrics } from './golden-metrics.ts';
import * as metrics from './metrics.ts';
import { type Collector, type ExportResult, sendExport } from './otlp-client.ts';
import { encodeGolden } from './otlp-golden.ts';

export interface GoldenExporterOptions {
  readonly golden: GoldenMetrics;
  /** Undefined while nobody is to be told. */
  readonly collector: () => Collector | undefined;
  readonly replica: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Default 30,000. */
  readonly intervalMs?: number;
}

/** Where a provider of MeshConfig is reached from a pod of the control plane: a Service by its name in the cluster's DNS. */
export function collectorOf(provider: OtlpProvider | undefined): Collector | undefined {
  if (provider === undefined) return undefined;
  const { protocol, target } = provider;
  if (target.kind === 'host') return { protocol, host: target.host, port: target.port };
  const [namespace = '', rest = ''] = target.servicePort.split('/');
  const [name = '', port = ''] = rest.split(':');
  return { protocol, host: `${name}.${namespace}.svc`, port: Number(port) };
}

const defaultIntervalMs = 30_000;

/** Runs until the signal aborts; never rejects. */
export async function exportGolden(options: GoldenExporterOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, golden, replica, intervalMs = defaultIntervalMs } = options;
  const backoff = new Backoff({ initialMs: 2_000, maxMs: 2 * intervalMs });
  let failing = false;
  while (!signal.aborted) {
    const collector = options.collector();
    if (collector === undefined) {
      await wait(intervalMs, signal, clock);
      continue;
    }
    const result = await sendExport(collector, encodeGolden(golden, replica, clock.now()), signal);
    if (signal.aborted) return;
    metrics.exports.inc({ result: result.kind });
    const fails = result.kind !== 'taken';
    if (fails && !failing) {
      const error = telemetryError('WEFT-TEL-05', `${collector.host}:${collector.port}: ${wordsOf(result)}.`);
      log.warn(
        { code: error.code, detail: error.describe() },
        'a collector does not take the golden metrics',
      );
    } else if (!fails && failing)
      log.info({ host: collector.host }, 'the collector takes the golden metrics again');
    failing = fails;
    if (result.kind !== 'later') backoff.reset();
    const pauseMs = result.kind === 'later' ? Math.max(backoff.next(), result.afterMs ?? 0) : intervalMs;
    await wait(pauseMs, signal, clock);
  }
}

function wordsOf(result: ExportResult): string {
  if (result.kind === 'taken') return 'it is taken';
  return result.kind === 'partly refused' ? `${result.points} points are refused: ${result.why}` : result.why;
}
