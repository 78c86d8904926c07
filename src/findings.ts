/** The part of the composition root that is about analysis: what is found, told as Events and as warnings. */

import { isDeepStrictEqual } from 'node:util';
import { createAdvice } from './analysis/advice.ts';
import { createAnalysis } from './analysis/analysis.ts';
import type { AnalysisSources, ProxyRevision } from './analysis/facts.ts';
import type { Finding } from './analysis/types.ts';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/log.ts';
import { FindingEvents } from './controllers/finding-events.ts';
import type { Leadership } from './controllers/leading.ts';
import type { Collection, GraphApi } from './graph/types.ts';
import { EventRecorder } from './kube/events.ts';
import type { KubeApi, KubeObject } from './kube/types.ts';
import type { MeshSources } from './mesh/sources.ts';
import type { WorkedMesh } from './mesh/workings.ts';

export interface FindingsOptions {
  readonly graph: GraphApi;
  readonly mesh: WorkedMesh;
  readonly sources: MeshSources;
  readonly facts: AnalysisSources;
  /** Of the control plane. */
  readonly namespace: string;
  readonly clock: Clock;
  /** What new pods would be given now; absent while it is not known. */
  readonly proxy: () => ProxyRevision | undefined;
  /** Kinds that are not watched, by plural. */
  readonly unwatched: readonly string[];
  readonly api: KubeApi;
  readonly leadership: Leadership;
  readonly podName: string;
  readonly log: Logger;
}

/** An object as it is to be, and as it was. */
export interface WrittenChange {
  readonly object: Readonly<Record<string, unknown>> | undefined;
  readonly oldObject: Readonly<Record<string, unknown>> | undefined;
}

export interface Findings {
  /** By `<kind>/<namespace>/<name>`; empty until `run`, so that nothing waits for the first look at everything. */
  readonly all: { entries(): Iterable<readonly [string, readonly Finding[]]> };
  /** What would be found of an object that is about to be written, as warnings. */
  readonly advise: (change: WrittenChange) => Promise<readonly string[]>;
  /** Looks again at the hour and at what new pods are given. */
  refresh(): void;
  /** Keeps the hour, and tells of findings as Events, until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<unknown>;
}

const hourMs = 3_600_000;
/** The API server cuts off more than 4 KB in all. */
const mostWarnings = 8;

/** The remedy is on the page of the code: the API server cuts long warnings off. */
function warningOf({ code, path, message }: Finding): string {
  return `${code}: ${path === '' ? '' : `${path}: `}${message}`.slice(0, 256);
}

export function createFindings(options: FindingsOptions): Findings {
  const { graph, mesh, sources, facts, namespace, clock, proxy, unwatched } = options;
  const { api, leadership, podName, log } = options;
  let found: Collection<readonly Finding[]> | undefined;
  const refresh = (): void => {
    const current = proxy();
    facts.situation.set('default', {
      nowMs: Math.floor(clock.now() / hourMs) * hourMs,
      controlPlaneNamespace: namespace,
      unknownKinds: unwatched,
      ...(current === undefined ? {} : { proxy: current }),
    });
  };
  refresh();
  const advise = createAdvice({ sources, facts });
  return {
    all: { entries: () => found?.entries() ?? [] },
    advise: async ({ object, oldObject }) => {
      // A change of labels, or of what a controller notes, is nothing to be told about again.
      if (object === undefined || isDeepStrictEqual(object['spec'], oldObject?.['spec'])) return [];
      const found = await advise(object as unknown as KubeObject);
      return found.slice(0, mostWarnings).map(warningOf);
    },
    refresh,
    run: async (signal) => {
      const { findings } = createAnalysis(graph, mesh, sources, facts);
      found = findings;
      const events = new EventRecorder({ api, instance: podName, log, clock });
      const telling = new FindingEvents({ api, findings, events, leadership, namespace, clock, log });
      await Promise.all([telling.run(signal), everyHour(refresh, clock, signal)]);
      await events.flush();
    },
  };
}

function everyHour(action: () => void, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const next = (): (() => void) =>
      clock.after(hourMs, () => {
        action();
        cancel = next();
      });
    let cancel = next();
    const end = (): void => {
      cancel();
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
