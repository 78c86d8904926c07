/**
 * Who a connecting proxy is. Its certificate says the workload's identity, or its token, of which the API server says
 * which pod it is bound to. Nothing else is believed: the node id only chooses among the pods that run under that
 * identity, and with a token not even that.
 */

import { defineErrors, describeError, WeftError } from './base/errors.ts';
import { formatIdentity } from './base/spiffe.ts';
import type { Collection } from './graph/types.ts';
import type { TokenVerdict } from './kube/token-review.ts';
import type { MeshPod, MeshSettings } from './mesh/model.ts';
import type { ReportingPeer } from './telemetry/reporter.ts';

export const identifyErrors = defineErrors({
  'WEFT-XDS-20': {
    title: 'A proxy asked for the configuration of a pod that is not its own, or is not in the mesh.',
    remedy: 'Look at the pod that the message names: its service account must be the one in the certificate.',
  },
  'WEFT-XDS-21': {
    title: 'A proxy showed a token that is not accepted.',
    remedy:
      'Look at the pod that the message names; the kubelet renews a token by itself, long before it expires.',
  },
  'WEFT-XDS-22': {
    title: 'The token of a proxy cannot be verified at present.',
    remedy:
      'Nothing, if it passes: the proxy tries again by itself. Else look whether the API server answers Weft.',
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
  /** Asks the API server whose a token is; rejects where it does not answer. */
  readonly review: (token: string) => Promise<TokenVerdict>;
  /** How long a pod may be unknown: the watch may lag behind the kubelet. */
  readonly patienceMs: number;
}

/** Node ids are `namespace/pod/uid`. Rejects with WEFT-XDS-20, 21 or 22. */
export async function identify(
  options: IdentifyOptions,
  peer: ReportingPeer,
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
  const shown = peer.kind === 'token' ? await identityOfToken(options, peer, key, uid) : peer.uri;
  const pod = await known(options, key, uid);
  if (pod === undefined) throw new WeftError('WEFT-XDS-20', `pod ${key} with UID ${uid} is not in the mesh.`);
  const expected = identityIn(options, namespace, pod.serviceAccount);
  if (shown !== expected) {
    throw new WeftError(
      'WEFT-XDS-20',
      `pod ${key} runs as ${expected}, the ${peer.kind} is that of ${shown}.`,
    );
  }
  return { key, uid, workload: pod.workload, identity: expected };
}

function identityIn({ settings }: IdentifyOptions, namespace: string, serviceAccount: string): string {
  const trustDomain = settings.get('default')?.trustDomain ?? '';
  return formatIdentity({ trustDomain, namespace, serviceAccount });
}

/** The identity of the one pod that the token is bound to, which must be the one of the node id. */
async function identityOfToken(
  options: IdentifyOptions,
  peer: Extract<ReportingPeer, { kind: 'token' }>,
  key: string,
  uid: string,
): Promise<string> {
  const verdict = await options.review(peer.token()).catch((error: unknown) => {
    throw new WeftError('WEFT-XDS-22', `The token for pod ${key}: ${describeError(error)}`, { cause: error });
  });
  if (verdict.kind === 'refused') {
    throw new WeftError('WEFT-XDS-21', `The token for pod ${key} is refused: ${verdict.why}.`);
  }
  const { namespace, podName, podUid, serviceAccount } = verdict.holder;
  if (`${namespace}/${podName}` !== key || podUid !== uid) {
    throw new WeftError(
      'WEFT-XDS-20',
      `The token is that of pod ${namespace}/${podName} with UID ${podUid}, not of ${key} with UID ${uid}.`,
    );
  }
  return identityIn(options, namespace, serviceAccount);
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
