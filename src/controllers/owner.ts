/**
 * The ClusterRole of the chart that owns what the control plane makes for the whole cluster: when it goes, by whatever
 * kind of uninstall, the garbage collector takes all of that with it.
 */

import type { Logger } from '../base/log.ts';
import { clusterRoles, namespaces } from '../kube/resources.ts';
import type { KubeApi, KubeObject, OwnerReference } from '../kube/types.ts';

export interface OwnerOptions {
  readonly api: Pick<KubeApi, 'get' | 'update'>;
  /** Name of the ClusterRole. */
  readonly owner: string;
  readonly namespace: string;
  readonly log: Logger;
}

/** Undefined while it does not exist: what would outlive an uninstall is better not made. */
export async function ownerReference(options: OwnerOptions): Promise<OwnerReference | undefined> {
  const role = await options.api.get(clusterRoles, options.owner);
  if (role?.metadata.uid === undefined) return undefined;
  await tieToNamespace(role, options);
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    name: options.owner,
    uid: role.metadata.uid,
  };
}

/**
 * Makes our namespace the owner of the owner. Who removes Weft by deleting its namespace leaves the ClusterRole behind;
 * this way the garbage collector takes it, and what it owns after it. The chart cannot say it: when it is
 * rendered, the namespace may not exist yet.
 */
async function tieToNamespace(role: KubeObject, { api, namespace, log }: OwnerOptions): Promise<void> {
  const { uid } = (await api.get(namespaces, namespace))?.metadata ?? {};
  const { ownerReferences = [] } = role.metadata;
  if (uid === undefined || ownerReferences.some((reference) => reference.uid === uid)) return;
  const reference: OwnerReference = { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid };
  await api.update(clusterRoles, {
    ...role,
    metadata: { ...role.metadata, ownerReferences: [...ownerReferences, reference] },
  });
  log.info(
    { owner: role.metadata.name, namespace },
    'what is made for the cluster goes when this namespace goes',
  );
}
