/** `proxies`: every pod of the mesh, whether its proxy is connected, and whether it has acknowledged what it should hold. */

import type { Collection } from '../../graph/types.ts';
import type { MeshPod, MeshSettings } from '../../mesh/model.ts';
import { formatIdentity } from '../../base/spiffe.ts';
import type { Scope } from '../access.ts';
import { workloadRef, isWanted } from './refs.ts';
import { type ConnectedProxy, isInSync } from './replica.ts';
import type { ProxyView } from './types.ts';

export interface ProxyInputs {
  readonly pods: Collection<MeshPod>;
  readonly settings: Collection<MeshSettings>;
}

export function listProxies(
  mesh: ProxyInputs,
  connected: ReadonlyMap<string, ConnectedProxy>,
  scope: Scope,
): readonly ProxyView[] {
  const trustDomain = mesh.settings.get('default')?.trustDomain ?? '';
  const views: ProxyView[] = [];
  for (const [key, pod] of mesh.pods.entries()) {
    const proxy = connected.get(key);
    if (!hasProxy(pod) && proxy === undefined) continue;
    if (isWanted(pod.namespace, scope)) views.push(proxyView(pod, proxy, trustDomain, scope));
  }
  return views.sort((a, b) => (`${a.namespace}/${a.pod}` < `${b.namespace}/${b.pod}` ? -1 : 1));
}

/** Pods in which the webhook put one, and those that are a gateway. */
export function hasProxy(pod: MeshPod): boolean {
  return pod.meshed || pod.workload.split('/')[1] === 'Gateway';
}

export function proxyView(
  pod: MeshPod,
  proxy: ConnectedProxy | undefined,
  trustDomain: string,
  scope: Scope,
): ProxyView {
  const { namespace, name, workload, serviceAccount } = pod;
  const common = { namespace, pod: name, workload: workloadRef(workload, scope) };
  if (proxy === undefined) {
    const identity = formatIdentity({ trustDomain, namespace, serviceAccount });
    return { ...common, identity, connected: false, inSync: false };
  }
  const { identity, replica, connectedForMs, lastAckAgoMs, held, pending, nacks, certificate } = proxy;
  return {
    ...common,
    identity,
    connected: true,
    inSync: isInSync(proxy),
    replica,
    connectedForMs,
    ...(lastAckAgoMs === undefined ? {} : { lastAckAgoMs }),
    held,
    pending,
    rejected: nacks,
    ...(certificate === undefined ? {} : { certificate }),
  };
}
