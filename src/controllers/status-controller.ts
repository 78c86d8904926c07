/**
 * Writes the status of one kind, as the leader: an object and whatever else its status follows from in, a status out,
 * written where it differs. Where Weft is the only writer it is applied. Where it stands in a list that the API can only
 * replace as a whole, beside entries of other controllers, it is written on condition that nothing came in between.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Collection } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import { pathOf } from '../kube/resources.ts';
import { holds, writeStatus } from '../kube/status.ts';
import type { Condition, KubeApi, KubeObject, ResourceType } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { retryBackoff } from './retry.ts';

/** An object as far as its status needs it. */
export interface StatusObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** For reflectors: metadata and conditions. */
export function projectStatus(object: StatusObject): StatusObject {
  const { name, namespace, uid = '', generation = 0 } = object.metadata;
  const conditions = object.status?.conditions;
  return {
    metadata: { name, uid, generation, ...(namespace === undefined ? {} : { namespace }) },
    ...(conditions === undefined ? {} : { status: { conditions } }),
  };
}

const conflictRetryMs = 50;

export interface StatusControllerOptions<O extends StatusObject> {
  /** Also the field manager, behind `weft-`. */
  readonly name: string;
  readonly type: ResourceType;
  readonly api: Pick<KubeApi, 'applyStatus' | 'request'>;
  /** Other controllers write into the same list; the objects carry their resource version. */
  readonly shared?: boolean;
  readonly objects: Collection<O>;
  /** Pure; undefined: there is nothing to say yet. */
  readonly statusOf: (key: string, object: O, nowMs: number) => object | undefined;
  /** What the status follows from beside the object, under the same keys. */
  readonly causes: readonly Pick<Collection<unknown>, 'subscribe'>[];
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
}

export class StatusController<O extends StatusObject> {
  readonly #options: StatusControllerOptions<O>;
  readonly #queue: WorkQueue;
  /** What was written for which object: until the watch tells of it, the object still looks as before. */
  readonly #written = new Map<string, { readonly object: O; readonly status: object }>();

  constructor(options: StatusControllerOptions<O>) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: options.name,
      reconcile: (key) => this.#reconcile(key),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
    });
  }

  /** Runs while this replica leads, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { objects, causes, leadership } = this.#options;
    const stops = [objects, ...causes].map((collection) =>
      collection.subscribe((changes) => {
        for (const { key } of changes) this.#queue.add(key);
      }),
    );
    await whileLeading(leadership, signal, (term) => {
      this.#written.clear();
      for (const key of objects.keys()) this.#queue.add(key);
      return this.#queue.run(term);
    });
    for (const stop of stops) stop();
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const { objects, statusOf, clock } = this.#options;
    const object = objects.get(key);
    const status = object === undefined ? undefined : statusOf(key, object, clock.now());
    if (object === undefined || status === undefined) {
      this.#queue.forget(key);
      this.#written.delete(key);
      return undefined;
    }
    const before = this.#written.get(key);
    if (before?.object === object && holds(before.status, status)) return undefined;
    try {
      await this.#write(object, status);
      this.#written.set(key, { object, status });
    } catch (error) {
      // Somebody else was first; the watch is about to tell.
      if (isKubeError(error, 409)) return { requeueAfterMs: conflictRetryMs };
      // Deleted meanwhile; the watch says so.
      if (!isKubeError(error, 404)) throw error;
      this.#written.delete(key);
    }
    return undefined;
  }

  async #write(object: O, status: object): Promise<void> {
    const { api, type, name: controller, shared = false } = this.#options;
    const fieldManager = `weft-${controller}`;
    if (!shared) {
      await writeStatus(api, type, object, status, { fieldManager });
      return;
    }
    if (holds(object.status, status)) return;
    const { name, namespace, resourceVersion } = object.metadata;
    await api.request('PATCH', pathOf(type, { namespace, name, subresource: 'status' }), {
      contentType: 'application/merge-patch+json',
      query: { fieldManager },
      body: { metadata: { resourceVersion }, status },
    });
  }
}
