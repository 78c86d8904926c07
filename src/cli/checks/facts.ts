/** What several checks want to know, each asked at most once per round. */

import type { CertificateAuthority, MeshConfig } from '../../base/api.ts';
import { injectLabel, managedBy, trustBundleName } from '../../base/names.ts';
import type { ClusterTrustBundle } from '../../controllers/objects.ts';
import type { ReplicaStatus } from '../../dashboard/debug.ts';
import {
  certificateAuthorities,
  clusterTrustBundles,
  deployments,
  meshConfigs,
  namespaces,
  pods,
  servesPodCertificates,
} from '../../kube/resources.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { InjectContext } from '../../webhook/inject/context.ts';
import type { PodLike } from '../../webhook/inject/restore.ts';
import type { CommandContext } from '../context.ts';
import { askReplicas } from '../replicas.ts';

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template?: {
      readonly spec: { readonly containers: readonly { readonly args?: readonly string[] }[] };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
  };
}

export interface RunningPod extends KubeObject {
  readonly spec?: PodLike['spec'];
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A pod that is to be looked at, and the labels of its namespace. */
export interface MeshPod {
  readonly key: string;
  readonly pod: RunningPod;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

export interface Reviewed {
  readonly username: string;
  /** By the API server's clock, in whole seconds. */
  readonly serverTimeMs: number;
  /** By our own, in the middle of the request. */
  readonly localTimeMs: number;
}

export interface Answers {
  readonly statuses: readonly ReplicaStatus[];
  /** By our own clock. */
  readonly answeredMs: number;
}

export interface Facts {
  readonly context: CommandContext;
  /** Who we are and how late it is, in the eyes of the API server. */
  readonly review: () => Promise<Reviewed>;
  readonly deployment: () => Promise<Deployment | undefined>;
  /** Rejects with WEFT-CLI-01 where none answers. */
  readonly replicas: () => Promise<Answers>;
  readonly authority: () => Promise<CertificateAuthority | undefined>;
  readonly meshConfig: () => Promise<MeshConfig | undefined>;
  readonly trustBundle: () => Promise<ClusterTrustBundle | undefined>;
  /** Whether kubelets make the identities of pods; else the control plane does, and sends them over SDS. */
  readonly podCertificates: () => Promise<boolean>;
  /** What injection does now, as the control plane says; undefined where it does not know yet. */
  readonly injection: () => Promise<Omit<InjectContext, 'random'> | undefined>;
  /** Every pod that has not ended, in namespaces of the mesh or labelled to be in it, and those of gateways. */
  readonly meshPods: () => Promise<readonly MeshPod[]>;
}

export function gatherFacts(context: CommandContext): Facts {
  const { api, weftNamespace } = context;
  return {
    context,
    review: once(() => review(context)),
    deployment: once(() => api.get<Deployment>(deployments, 'weft', weftNamespace)),
    replicas: once(() => askAll(context)),
    authority: once(() => api.get<CertificateAuthority>(certificateAuthorities, 'default')),
    meshConfig: once(() => api.get<MeshConfig>(meshConfigs, 'default')),
    trustBundle: once(() => api.get<ClusterTrustBundle>(clusterTrustBundles, trustBundleName)),
    podCertificates: once(() => servesPodCertificates(api)),
    injection: once(
      async () => (await askReplicas<Omit<InjectContext, 'random'>>(context, '/v1/injection'))[0],
    ),
    meshPods: once(() => meshPods(context)),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

async function askAll(context: CommandContext): Promise<Answers> {
  const statuses = await askReplicas<ReplicaStatus>(context, '/v1/status');
  return { statuses, answeredMs: context.edges.clock.now() };
}

async function review({ api, edges }: CommandContext): Promise<Reviewed> {
  const startedMs = edges.clock.now();
  const { metadata, status } = await api.request<{
    readonly metadata: { readonly creationTimestamp: string };
    readonly status: { readonly userInfo: { readonly username: string } };
  }>('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  return {
    username: status.userInfo.username,
    serverTimeMs: Date.parse(metadata.creationTimestamp),
    localTimeMs: (startedMs + edges.clock.now()) / 2,
  };
}

async function meshPods({ api, weftNamespace }: CommandContext): Promise<readonly MeshPod[]> {
  const all = await api.list<KubeObject>(namespaces);
  const labels = new Map(all.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const meshed = [...labels.keys()].filter((name) => labels.get(name)?.[injectLabel] === 'enabled');
  const lists = await Promise.all([
    api.list<RunningPod>(pods, { labelSelector: `${injectLabel}=enabled` }),
    api.list<RunningPod>(pods, { labelSelector: `app.kubernetes.io/managed-by=${managedBy}` }),
    ...meshed.map((namespace) => api.list<RunningPod>(pods, { namespace })),
  ]);
  const found = new Map<string, MeshPod>();
  for (const pod of lists.flat()) {
    const { namespace = '', name, deletionTimestamp } = pod.metadata;
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (ended || deletionTimestamp !== undefined || namespace === weftNamespace) continue;
    const key = `${namespace}/${name}`;
    found.set(key, { key, pod, namespaceLabels: labels.get(namespace) ?? {} });
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
