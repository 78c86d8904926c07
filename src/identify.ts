/**
 * Who a connecting proxy is. Its certificate says the workload's identity, and nothing else is believed: the node
 * id only chooses among the pods that run under that identity.
 */

import { defineErrors, WeftError } from './base/errors.ts';
import { formatIdentity } from './base/spiffe.ts';
import type { Collection } from './graph/types.ts';
import type { MeshPod, MeshSettings } from './mesh/model.ts';

export const identifyErrors = defineErrors({
  'WEFT-XDS-20': {
    title: 'A proxy asked for the configuration of a pod that is not its own, or is not in the mesh.',
    remedy: 'Look at the pod that the message names: its service account must be the one in the certificate.',
  },
});

export interface Identified {
  /** `namespace/pod` */
  readonly key: string;
  readonly uid: string;
  readonly workload: string;
  readonly identity: string;
}

export interface IdentifyOptions {
  readonly pods: Collection<MeshPod>;
  readonly settings: Collection<MeshSettings>;
  /** How long a pod may be unknown: the watch may lag behind the kubelet. */
  readonly patienceMs: number;
}

/** Node ids are `namespace/pod/uid`. Rejects with WEFT-XDS-20. */
export async function identify(
  options: IdentifyOptions,
  peer: { readonly uri: string },
  nodeId: string,
): Promise<Identified> {
  const [namespace = '', name = '', uid = '', ...rest] = nodeId.split('/');
  if (namespace === '' || name === '' || uid === '' || rest.length > 0) {
    throw new WeftError(
      'WEFT-XDS-20',
      `node id ${JSON.stringify(nodeId.slice(0, 300))} is not namespace/pod/uid.`,
    );
  }
  const key = `${namespace}/${name}`;
  const pod = await known(options, key, uid);
  if (pod === undefined) throw new WeftError('WEFT-XDS-20', `pod ${key} with UID ${uid} is not in the mesh.`);
  const trustDomain = options.settings.get('default')?.trustDomain ?? '';
  const expected = formatIdentity({ trustDomain, namespace, serviceAccount: pod.serviceAccount });
  if (peer.uri !== expected) {
    throw new WeftError(
      'WEFT-XDS-20',
      `pod ${key} runs as ${expected}, the certificate is that of ${peer.uri}.`,
    );
  }
  return { key, uid, workload: pod.workload, identity: expected };
}

function known(options: IdentifyOptions, key: string, uid: string): Promise<MeshPod | undefined> {
  const look = (): MeshPod | undefined => {
    const pod = options.pods.get(key);
    return pod?.uid === uid && pod.meshed ? pod : undefined;
  };
  const now = look();
  if (now !== undefined) return Promise.resolve(now);
  return new Promise((resolve) => {
    const finish = (pod: MeshPod | undefined): void => {
      clearTimeout(timer);
      stop();
      resolve(pod);
    };
    const timer = setTimeout(() => finish(undefined), options.patienceMs);
    const stop = options.pods.subscribe(() => {
      const pod = look();
      if (pod !== undefined) finish(pod);
    });
  });
}
