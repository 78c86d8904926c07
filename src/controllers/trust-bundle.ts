/**
 * The ClusterTrustBundle `weft.dev:workload:mesh`: the roots that every workload trusts, as the kubelet puts them into
 * pods. A pod that names it waits for it, with growing pauses, so it is made as soon as there is an authority; any
 * replica does that, only the leader corrects one that differs.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { managedBy, signerName, trustBundleName } from '../base/names.ts';
import type { Collection } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import { clusterTrustBundles } from '../kube/resources.ts';
import type { KubeApi } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { covers } from './covers.ts';
import type { Leadership } from './leading.ts';
import { trustBundleServed } from './metrics.ts';
import type { ClusterTrustBundle } from './objects.ts';

export interface TrustBundleOptions {
  readonly api: Pick<KubeApi, 'create' | 'apply' | 'serves'>;
  /** Of this signer; keyed by name. */
  readonly bundles: Collection<ClusterTrustBundle>;
  readonly keeper: Pick<AuthorityKeeper, 'authority' | 'onChange'>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
}

export type BundleStep = 'nothing' | 'create' | 'apply';

/** Pure: what to do about the bundle. */
export function trustBundleStep(
  current: ClusterTrustBundle | undefined,
  wanted: ClusterTrustBundle,
  leading: boolean,
): BundleStep {
  if (current === undefined) return 'create';
  return leading && !covers(current.spec, wanted.spec) ? 'apply' : 'nothing';
}

/** The name follows from the signer's, `/` written as `:`; the API server insists on it. */
export function trustBundleOf(roots: string): ClusterTrustBundle {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'ClusterTrustBundle',
    metadata: { name: trustBundleName, labels: { 'app.kubernetes.io/managed-by': managedBy } },
    spec: { signerName, trustBundle: roots },
  };
}

/** Between looks for the API, on clusters that do not have it and may be upgraded. */
const absentMs = 60_000;

export class TrustBundleController {
  readonly #options: TrustBundleOptions;
  readonly #queue: WorkQueue;
  #served: boolean | undefined;

  constructor(options: TrustBundleOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'trust-bundle',
      reconcile: () => this.#reconcile(),
      log: options.log,
      clock: options.clock,
      backoff: { initialMs: 20, maxMs: 10_000 },
    });
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { bundles, keeper, leadership } = this.#options;
    const look = (): void => this.#queue.add(trustBundleName);
    const stops = [bundles.subscribe(look), keeper.onChange(look), leadership.subscribe(look)];
    look();
    await this.#queue.run(signal);
    for (const stop of stops) stop();
  }

  async #reconcile(): Promise<ReconcileResult | undefined> {
    const { api, bundles, keeper, leadership, log } = this.#options;
    // `keeper.onChange` brings us back.
    if (keeper.authority === undefined) return undefined;
    if (!(await this.#isServed())) return { requeueAfterMs: absentMs };
    const wanted = trustBundleOf(keeper.authority.trustBundle);
    const step = trustBundleStep(bundles.get(trustBundleName), wanted, leadership.leading);
    if (step === 'create') {
      await this.#create(wanted);
    } else if (step === 'apply') {
      await api.apply(clusterTrustBundles, wanted, { fieldManager: 'weft-trust-bundle', force: true });
      log.info({ name: trustBundleName }, 'trust bundle corrected');
    }
    return undefined;
  }

  async #create(wanted: ClusterTrustBundle): Promise<void> {
    try {
      await this.#options.api.create(clusterTrustBundles, wanted);
      this.#options.log.info({ name: trustBundleName }, 'trust bundle created');
    } catch (error) {
      // Another replica, or our own watch is behind; what is there is compared when the watch tells of it.
      if (!isKubeError(error, 409)) throw error;
    }
  }

  async #isServed(): Promise<boolean> {
    const served = await this.#options.api.serves(clusterTrustBundles);
    trustBundleServed.set(served ? 1 : 0);
    if (served !== this.#served) {
      this.#options.log.info({ served }, 'cluster trust bundles');
      this.#served = served;
    }
    return served;
  }
}
