/**
 * Keeps the webhook configurations of webhook-objects.ts as they should be. Writes only what differs, so that nothing
 * ever flaps; a change by hand is undone at once, because a selector too many is an unmeshed pod.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Collection } from '../graph/types.ts';
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from '../kube/resources.ts';
import type { KubeApi, ResourceType } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { covers } from './covers.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { ownerReference } from './owner.ts';
import { retryBackoff } from './retry.ts';
import type { WebhookConfiguration } from './objects.ts';
import {
  mutatingConfiguration,
  validatingConfiguration,
  webhookObjectName,
  type WebhookOptions,
} from './webhook-objects.ts';

export interface WebhookConfigOptions {
  readonly api: Pick<KubeApi, 'get' | 'update' | 'apply'>;
  /** Keyed by name; only `weft` matters. */
  readonly mutating: Collection<WebhookConfiguration>;
  readonly validating: Collection<WebhookConfiguration>;
  readonly keeper: Pick<AuthorityKeeper, 'authority' | 'onChange'>;
  readonly leadership: Leadership;
  readonly namespace: string;
  readonly serviceName: string;
  /** Name of the ClusterRole that owns the configurations. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Kind {
  readonly type: ResourceType;
  readonly current: Collection<WebhookConfiguration>;
  readonly wanted: (options: WebhookOptions) => WebhookConfiguration;
}

/** Without its owner the configurations would outlive an uninstall and block pods: better none than those. */
const ownerRetryMs = 5_000;

export class WebhookConfigController {
  readonly #options: WebhookConfigOptions;
  readonly #kinds: Readonly<Record<string, Kind>>;
  readonly #queue: WorkQueue;

  constructor(options: WebhookConfigOptions) {
    this.#options = options;
    this.#kinds = {
      mutating: {
        type: mutatingWebhookConfigurations,
        current: options.mutating,
        wanted: mutatingConfiguration,
      },
      validating: {
        type: validatingWebhookConfigurations,
        current: options.validating,
        wanted: validatingConfiguration,
      },
    };
    this.#queue = new WorkQueue({
      name: 'webhook-config',
      reconcile: (key) => this.#reconcile(key),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
    });
  }

  /** Runs while this replica leads, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { keeper, leadership } = this.#options;
    const all = (): void => {
      for (const name of Object.keys(this.#kinds)) this.#queue.add(name);
    };
    const stops = [
      keeper.onChange(all),
      ...Object.entries(this.#kinds).map(([name, kind]) =>
        kind.current.subscribe(() => this.#queue.add(name)),
      ),
    ];
    await whileLeading(leadership, signal, (term) => {
      all();
      return this.#queue.run(term);
    });
    for (const stop of stops) stop();
  }

  async #reconcile(name: string): Promise<ReconcileResult | undefined> {
    const { api, keeper, log } = this.#options;
    const kind = this.#kinds[name];
    if (kind === undefined || keeper.authority === undefined) return undefined;
    const owner = await ownerReference(this.#options);
    if (owner === undefined) {
      log.warn({ owner: this.#options.owner }, 'webhooks wait for the ClusterRole that is to own them');
      return { requeueAfterMs: ownerRetryMs };
    }
    const { namespace, serviceName } = this.#options;
    const wanted = kind.wanted({ namespace, serviceName, owner, trustBundle: keeper.authority.trustBundle });
    if (covers(kind.current.get(webhookObjectName), withoutType(wanted))) return undefined;
    await api.apply(kind.type, wanted, { fieldManager: 'weft-webhook-config', force: true });
    log.info({ kind: kind.type.kind }, 'webhook configuration applied');
    return undefined;
  }
}

/** Objects of a list or watch need not carry their kind. */
function withoutType(object: WebhookConfiguration): Partial<WebhookConfiguration> {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return rest;
}
