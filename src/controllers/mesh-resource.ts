/** The XMesh that stands for this mesh (GEP-3949): made where there is none, with the features of the mesh in its status. */

import { controllerName } from '../base/names.ts';
import { kubeConditions } from './gateway-status.ts';
import type { StatusObject } from './status-controller.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Collection } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import { meshes } from '../kube/resources.ts';
import type { KubeApi, KubeObject } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { retryBackoff } from './retry.ts';

/** Of Gateway API's list of features those that are about a mesh, ascending. */
export const meshFeatures: readonly string[] = [
  'Mesh',
  'MeshClusterIPMatching',
  'MeshConsumerRoute',
  'MeshHTTPRouteBackendRequestHeaderModification',
  'MeshHTTPRouteNamedRouteRule',
  'MeshHTTPRouteQueryParamMatching',
  'MeshHTTPRouteRedirectPath',
  'MeshHTTPRouteRedirectPort',
  'MeshHTTPRouteRewritePath',
  'MeshHTTPRouteSchemeRedirect',
];

export const meshName = 'weft';

/** Several objects may name this controller; there is one mesh, and all are it. */
export function meshStatus(object: MeshObject, namespace: string, nowMs: number): object {
  const parameters = object.spec?.parametersRef;
  const accepted =
    parameters === undefined
      ? { status: true, reason: 'Accepted', message: `The mesh of Weft in namespace ${namespace}.` }
      : {
          status: false,
          reason: 'InvalidParameters',
          message:
            'Weft takes no parameters here: the MeshConfig named default has the settings of the mesh.',
        };
  return {
    conditions: kubeConditions(
      [{ type: 'Accepted', ...accepted }],
      object.metadata.generation ?? 0,
      object.status?.conditions,
      nowMs,
    ),
    supportedFeatures: meshFeatures.map((name) => ({ name })),
  };
}

/** An XMesh whose controller is Weft. */
export interface MeshObject extends StatusObject {
  readonly spec?: { readonly controllerName?: string; readonly parametersRef?: object };
}

export interface MeshCreatorOptions {
  readonly api: Pick<KubeApi, 'create' | 'serves'>;
  readonly objects: Collection<MeshObject>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between looks for the kind, which may be installed later. */
const absentMs = 60_000;

/** Makes one XMesh as the leader, where the cluster has the kind and none names Weft. Never writes to an existing one. */
export class MeshCreator {
  readonly #options: MeshCreatorOptions;
  readonly #queue: WorkQueue;

  constructor(options: MeshCreatorOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'mesh-resource',
      reconcile: () => this.#reconcile(),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
    });
  }

  /** Runs while this replica leads, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { objects, leadership } = this.#options;
    const stop = objects.subscribe(() => this.#queue.add(meshName));
    await whileLeading(leadership, signal, (term) => {
      this.#queue.add(meshName);
      return this.#queue.run(term);
    });
    stop();
  }

  async #reconcile(): Promise<ReconcileResult | undefined> {
    const { api, objects, log } = this.#options;
    if (objects.size > 0) return undefined;
    if (!(await api.serves(meshes))) return { requeueAfterMs: absentMs };
    const mesh: MeshObject = {
      apiVersion: 'gateway.networking.x-k8s.io/v1alpha1',
      kind: 'XMesh',
      metadata: { name: meshName },
      spec: { controllerName },
    } satisfies KubeObject & MeshObject;
    try {
      await api.create(meshes, mesh);
      log.info({ name: meshName }, 'mesh resource created');
    } catch (error) {
      // It is there, but another controller's, or the watch is behind.
      if (!isKubeError(error, 409)) throw error;
    }
    return undefined;
  }
}
