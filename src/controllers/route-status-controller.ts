/**
 * Writes what route-status.ts says into the routes of one kind, as the leader, and no more often than people can read: a change of
 * substance at once and then at most once a second per route, counts alone every five seconds. A route that is on its
 * way to proxies is given a moment to arrive, so that as a rule the first thing its status says is the whole truth.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Collection, Index } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import { pathOf } from '../kube/resources.ts';
import { holds } from '../kube/status.ts';
import type { KubeApi } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import type { RouteKind, RouteVerdict } from '../mesh/model.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { retryBackoff } from './retry.ts';
import { routeTypes } from './route-kinds.ts';
import type { RouteProgress } from './route-progress.ts';
import {
  isPending,
  type RouteObject,
  type RouteParentStatus,
  routeParents,
  substanceOf,
} from './route-status.ts';

export interface RouteStatusOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly kind: RouteKind;
  /** As `projectRouteStatus` leaves them; keyed `namespace/name`. */
  readonly routes: Collection<RouteObject>;
  /** By `<kind>/<namespace>/<name>`. */
  readonly verdicts: Index<RouteVerdict>;
  /** Of all replicas; keyed like the verdicts, `<kind>/<namespace>/<name>|<parent index>`. */
  readonly progress: Collection<RouteProgress>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a route may be on its way to proxies before its status says so. */
const arrivalMs = 250;
const substanceIntervalMs = 1_000;
const countsIntervalMs = 5_000;
const conflictRetryMs = 50;

export class RouteStatusController {
  readonly #options: RouteStatusOptions;
  readonly #queue: WorkQueue;
  readonly #writtenAtMs = new Map<string, number>();
  readonly #pendingSinceMs = new Map<string, number>();

  constructor(options: RouteStatusOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: `${options.kind.toLowerCase()}-status`,
      reconcile: (key) => this.#reconcile(key),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
      concurrency: 4,
    });
  }

  /** Runs while this replica leads, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { kind, routes, verdicts, progress, leadership } = this.#options;
    const add = (key: string): void => this.#queue.add(key);
    const prefix = `${kind}/`;
    const addRoute = (key: string): void => {
      if (key.startsWith(prefix)) add(key.slice(prefix.length));
    };
    const stops = [
      routes.subscribe((changes) => {
        for (const { key } of changes) add(key);
      }),
      verdicts.subscribe((changes) => {
        for (const { key } of changes) addRoute(key);
      }),
      progress.subscribe((changes) => {
        for (const { key } of changes) addRoute(key.slice(0, key.lastIndexOf('|')));
      }),
    ];
    await whileLeading(leadership, signal, (term) => {
      for (const key of routes.keys()) add(key);
      return this.#queue.run(term);
    });
    for (const stop of stops) stop();
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const { routes, clock } = this.#options;
    const route = routes.get(key);
    if (route === undefined) {
      this.#forget(key);
      return undefined;
    }
    const current = route.status?.parents ?? [];
    const wanted = this.#wanted(key, current);
    const pending = isPending(wanted);
    if (!pending) this.#pendingSinceMs.delete(key);
    if (holds(current, wanted)) return undefined;
    const dueMs = Math.max(pending ? this.#arrivalDue(key) : 0, this.#intervalDue(key, current, wanted));
    const waitMs = dueMs - clock.monotonic();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    return this.#write(key, route, wanted);
  }

  #forget(key: string): void {
    this.#queue.forget(key);
    this.#writtenAtMs.delete(key);
    this.#pendingSinceMs.delete(key);
  }

  #wanted(key: string, current: readonly RouteParentStatus[]): readonly RouteParentStatus[] {
    const { kind, verdicts, progress, clock } = this.#options;
    const own = [...(verdicts.get(`${kind}/${key}`) ?? [])]
      .sort((a, b) => a.value.parentIndex - b.value.parentIndex)
      .map((entry) => ({ verdict: entry.value, progress: progress.get(entry.key) }));
    return routeParents(current, own, clock.now());
  }

  #arrivalDue(key: string): number {
    const sinceMs = this.#pendingSinceMs.get(key) ?? this.#options.clock.monotonic();
    this.#pendingSinceMs.set(key, sinceMs);
    return sinceMs + arrivalMs;
  }

  #intervalDue(
    key: string,
    current: readonly RouteParentStatus[],
    wanted: readonly RouteParentStatus[],
  ): number {
    const countsOnly = substanceOf(current) === substanceOf(wanted);
    const writtenAtMs = this.#writtenAtMs.get(key) ?? Number.NEGATIVE_INFINITY;
    return writtenAtMs + (countsOnly ? countsIntervalMs : substanceIntervalMs);
  }

  async #write(
    key: string,
    route: RouteObject,
    parents: readonly RouteParentStatus[],
  ): Promise<ReconcileResult | undefined> {
    const { api, kind, clock } = this.#options;
    const { namespace, name, resourceVersion } = route.metadata;
    try {
      // With the version that was read: another controller's entry that came meanwhile must not be lost.
      await api.request('PATCH', pathOf(routeTypes[kind], { namespace, name, subresource: 'status' }), {
        contentType: 'application/merge-patch+json',
        query: { fieldManager: 'weft-route-status' },
        body: { metadata: { resourceVersion }, status: { parents } },
      });
    } catch (error) {
      if (isKubeError(error, 409)) return { requeueAfterMs: conflictRetryMs };
      if (isKubeError(error, 404)) return undefined;
      throw error;
    }
    this.#writtenAtMs.set(key, clock.monotonic());
    return undefined;
  }
}
