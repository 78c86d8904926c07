/**
 * How a replica tells the leader on how many of its proxies each route is in force: one ConfigMap per replica, owned
 * by its pod, so that it goes when the replica goes. Only replicas that do not lead write one, at most once a second
 * and only when something changed. The API server carries it: nothing new has to listen, be found or be trusted.
 *
 *   data.routes:  <verdict key> <digest> <proxies> <current>[ <what Envoy said, as JSON>]     one per line
 */

import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { managedBy } from '../base/names.ts';
import type { Collection } from '../graph/types.ts';
import { configMaps } from '../kube/resources.ts';
import type { KubeApi, KubeObject } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { Leadership } from './leading.ts';
import type { ProgressReport, RouteProgress } from './route-progress.ts';

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Label and value by which reports are watched. */
export const reportLabel = 'weft.dev/report';
export const reportKind = 'route-progress';
const dataKey = 'routes';
/** The API server refuses more than 1 MiB; this leaves room for everything that is not the list. */
const mostBytes = 900_000;

/** One line per route that some proxy is to hold, ascending; `cut` is how many did not fit. */
export function formatReport(progress: Iterable<readonly [string, RouteProgress]>): {
  readonly text: string;
  readonly cut: number;
} {
  const lines: string[] = [];
  let bytes = 0;
  let cut = 0;
  for (const [key, { digest, proxies, current, rejected }] of [...progress].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    if (proxies === 0 && rejected === undefined) continue;
    const reason = rejected === undefined ? '' : ` ${JSON.stringify(rejected.slice(0, 1024))}`;
    const line = `${key} ${digest} ${proxies} ${current}${reason}\n`;
    bytes += Buffer.byteLength(line);
    if (bytes > mostBytes) cut += 1;
    else lines.push(line);
  }
  return { text: lines.join(''), cut };
}

const linePattern = /^(\S+) (\S+) (\d+) (\d+)(?: (".*"))?$/;

/** For the reflector; undefined where the object is no report. */
export function projectReport(object: ConfigMap): ProgressReport | undefined {
  const [owner] = object.metadata.ownerReferences ?? [];
  if (owner?.kind !== 'Pod') return undefined;
  const routes: Record<string, RouteProgress> = {};
  for (const line of (object.data?.[dataKey] ?? '').split('\n')) {
    const [, key, digest, proxies, current, rejected] = linePattern.exec(line) ?? [];
    if (key === undefined || digest === undefined) continue;
    const progress = { digest, proxies: Number(proxies), current: Number(current) };
    routes[key] = rejected === undefined ? progress : { ...progress, rejected: String(JSON.parse(rejected)) };
  }
  return { replica: owner.name, uid: owner.uid, routes };
}

export interface ProgressReporterOptions {
  readonly api: Pick<KubeApi, 'apply'>;
  readonly local: Collection<RouteProgress>;
  readonly pods: Collection<MeshPod>;
  readonly leadership: Leadership;
  readonly namespace: string;
  readonly podName: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const intervalMs = 1_000;

export class ProgressReporter {
  readonly #options: ProgressReporterOptions;
  readonly #queue: WorkQueue;
  #written: string | undefined;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressReporterOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'progress-report',
      reconcile: () => this.#reconcile(),
      log: options.log,
      clock: options.clock,
      backoff: { initialMs: 200, maxMs: 10_000 },
    });
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { local, pods, leadership, podName, namespace } = this.#options;
    const look = (): void => this.#queue.add(podName);
    const stops = [
      local.subscribe(look),
      leadership.subscribe(look),
      // The report needs the pod's uid.
      pods.subscribe((changes) => {
        if (changes.some(({ key }) => key === `${namespace}/${podName}`)) look();
      }),
    ];
    look();
    await this.#queue.run(signal);
    for (const stop of stops) stop();
  }

  async #reconcile(): Promise<ReconcileResult | undefined> {
    const { api, local, pods, leadership, namespace, podName, clock, log } = this.#options;
    const uid = pods.get(`${namespace}/${podName}`)?.uid;
    if (leadership.leading || uid === undefined) return undefined;
    const waitMs = this.#writtenAtMs + intervalMs - clock.monotonic();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    const { text, cut } = formatReport(local.entries());
    if (text === this.#written) return undefined;
    if (cut > 0)
      log.error({ cut }, 'more routes than a report can hold; their status counts too few proxies');
    this.#writtenAtMs = clock.monotonic();
    try {
      await api.apply(configMaps, reportObject(namespace, podName, uid, text), {
        fieldManager: 'weft-progress-report',
        force: true,
      });
      this.#written = text;
    } catch (error) {
      this.#written = undefined;
      throw new Error(`the report was not written: ${describeError(error)}`, { cause: error });
    }
    return undefined;
  }
}

function reportObject(namespace: string, podName: string, uid: string, text: string): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `weft-progress-${podName}`,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': managedBy, [reportLabel]: reportKind },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: podName, uid }],
    },
    data: { [dataKey]: text },
  };
}
