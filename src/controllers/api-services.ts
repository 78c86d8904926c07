/**
 * Keeps the APIServices of api-service-objects.ts as they should be, like webhook-config.ts its objects. Where the cluster
 * has no aggregation layer, or another program serves the group already, it says so once and leaves it: the API is then
 * reached at the control plane's own Service.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Collection } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import { apiServices } from '../kube/resources.ts';
import type { KubeApi } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import { type ApiService, apiServiceGroups, isOurs, wantedApiService } from './api-service-objects.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { covers } from './covers.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { ownerReference } from './owner.ts';
import { retryBackoff } from './retry.ts';

export interface ApiServicesOptions {
  readonly api: Pick<KubeApi, 'get' | 'update' | 'apply' | 'delete'>;
  /** Keyed by name. */
  readonly current: Collection<ApiService>;
  readonly keeper: Pick<AuthorityKeeper, 'authority' | 'onChange'>;
  readonly leadership: Leadership;
  readonly namespace: string;
  readonly serviceName: string;
  /** Name of the ClusterRole that owns them. */
  readonly owner: string;
  /** Whether there are to be any; else those that are ours are taken away. */
  readonly wanted: boolean;
  /** Whether the cluster serves APIServices, and permits to ask about them. */
  readonly served: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Until the owner is there, or the cluster serves the kind. */
const retryMs = 5_000;
const absentRetryMs = 60_000;

export class ApiServicesController {
  readonly #options: ApiServicesOptions;
  readonly #queue: WorkQueue;
  /** What was said already. */
  readonly #told = new Set<string>();

  constructor(options: ApiServicesOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'api-services',
      reconcile: (name) => this.#reconcile(name),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
    });
  }

  /** Runs while this replica leads, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { keeper, leadership, current } = this.#options;
    const all = (): void => {
      for (const name of Object.keys(apiServiceGroups)) this.#queue.add(name);
    };
    const stops = [keeper.onChange(all), current.subscribe(all)];
    await whileLeading(leadership, signal, (term) => {
      all();
      return this.#queue.run(term);
    });
    for (const stop of stops) stop();
  }

  async #reconcile(name: string): Promise<ReconcileResult | undefined> {
    const { api, keeper, log, current, wanted, served } = this.#options;
    const found = current.get(name);
    if (!wanted) {
      if (found !== undefined && isOurs(found)) await api.delete(apiServices, name);
      return undefined;
    }
    if (keeper.authority === undefined) return undefined;
    if (!served()) {
      this.#tellOnce(
        name,
        'the cluster has no aggregation layer; the API is reached at the Service of the control plane',
      );
      return { requeueAfterMs: absentRetryMs };
    }
    if (found !== undefined && !isOurs(found)) {
      this.#tellOnce(name, 'another program serves this group of the API; it is left to it');
      return undefined;
    }
    const owner = await ownerReference(this.#options);
    if (owner === undefined) {
      log.warn(
        { owner: this.#options.owner },
        'the APIServices wait for the ClusterRole that is to own them',
      );
      return { requeueAfterMs: retryMs };
    }
    const { namespace, serviceName } = this.#options;
    const object = wantedApiService(name, {
      namespace,
      serviceName,
      owner,
      trustBundle: keeper.authority.trustBundle,
    });
    if (object === undefined) return undefined;
    const { apiVersion: _apiVersion, kind: _kind, ...content } = object;
    if (covers(found, content)) return undefined;
    try {
      await api.apply(apiServices, object, { fieldManager: 'weft-api-services', force: true });
    } catch (error) {
      if (!isKubeError(error, 403) && !isKubeError(error, 404)) throw error;
      this.#tellOnce(
        name,
        'the APIService may not be made; the API is reached at the Service of the control plane',
      );
      return { requeueAfterMs: absentRetryMs };
    }
    log.info({ name }, 'APIService applied');
    return undefined;
  }

  #tellOnce(name: string, words: string): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#options.log.warn({ name }, words);
  }
}
