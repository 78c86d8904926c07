/** The workloads of the mesh: pods with the same controller, their inbound policy, and the identities they show. */

import { formatPlainPeer, subjectOf } from '../base/signals.ts';
import { formatIdentity } from '../base/spiffe.ts';
import type { Collection, GraphApi, Index, IndexEntry, Read } from '../graph/types.ts';
import type { InboundPolicy, MeshPod, MeshSettings, Protocol, Workload } from './model.ts';
import { gatewayKind } from './pods.ts';
import type { PodPort } from './pod-ports.ts';
import { decideMode, type PoliciesByNamespace, type PolicySubject } from './policies.ts';
import type { MeshSources } from './sources.ts';

/** A workload as policies see it. */
export interface WorkloadSubject extends PolicySubject {
  readonly serviceAccount: string;
}

/** Meshed workloads, told from their newest pod: in a rollout, what is to come decides. */
export function deriveSubjects(graph: GraphApi, meshedPods: Index<MeshPod>): Collection<WorkloadSubject> {
  return graph.derive('subjects', meshedPods, (key, pods) => {
    const { namespace, serviceAccount, labels } = newest(pods).value;
    const [, kind = '', name = ''] = key.split('/');
    return { namespace, kind, name, labels, serviceAccount };
  });
}

function newest(pods: readonly IndexEntry<MeshPod>[]): IndexEntry<MeshPod> {
  return pods.reduce((best, pod) => (pod.value.createdAt > best.value.createdAt ? pod : best));
}

export interface WorkloadContext {
  readonly sources: MeshSources;
  readonly settings: Collection<MeshSettings>;
  readonly subjects: Collection<WorkloadSubject>;
  readonly meshedPods: Index<MeshPod>;
  readonly podPorts: Collection<readonly PodPort[]>;
  readonly policies: PoliciesByNamespace;
}

export function deriveWorkloads(graph: GraphApi, context: WorkloadContext): Collection<Workload> {
  const meshMode = graph.derive('meshMode', context.settings, (_, { mtls }) => mtls);
  return graph.derive('workloads', context.subjects, (key, subject, read) => {
    const { namespace, kind, name, serviceAccount } = subject;
    const policies = read(context.policies, namespace) ?? [];
    const decided = decideMode(subject, policies, read(meshMode, 'default') ?? 'Permissive', (service) =>
      read(context.sources.services, service),
    );
    const ports = (read(context.meshedPods, key) ?? []).flatMap(
      (pod) => read(context.podPorts, pod.key) ?? [],
    );
    return { namespace, kind, name, serviceAccount, mtls: { ...decided, ...knownPorts(ports) } };
  });
}

/** Ports that are TCP, or HTTP, wherever they are known. */
function knownPorts(ports: readonly PodPort[]): Pick<InboundPolicy, 'tcpPorts' | 'httpPorts'> {
  const only = (isMeant: (protocol: Protocol) => boolean): readonly number[] => {
    const found = new Set(ports.filter(({ protocol }) => isMeant(protocol)).map(({ port }) => port));
    for (const { port, protocol } of ports) if (!isMeant(protocol)) found.delete(port);
    return [...found].sort((a, b) => a - b);
  };
  return {
    tcpPorts: only((protocol) => protocol === 'tcp'),
    httpPorts: only((protocol) => protocol !== 'tcp' && protocol !== 'detect'),
  };
}

/**
 * By pod: the SPIFFE ID to expect of it; absent where it does not speak TLS of the mesh. The listeners of a gateway
 * speak what its Gateway says, to clients inside the mesh too.
 */
export function deriveIdentities(
  graph: GraphApi,
  context: {
    readonly settings: Collection<MeshSettings>;
    readonly pods: Collection<MeshPod>;
    readonly workloads: Collection<Workload>;
  },
): Collection<string> {
  const trustDomains = graph.derive('trustDomain', context.settings, (_, { trustDomain }) => trustDomain);
  const modes = graph.derive('workloadModes', context.workloads, (_, { mtls }) => mtls.mode);
  return graph.derive(
    'identities',
    context.pods,
    (_, { meshed, workload, namespace, serviceAccount }, read) => {
      if (workload.split('/')[1] === gatewayKind) return undefined;
      const mode = meshed ? read(modes, workload) : undefined;
      const trustDomain = read(trustDomains, 'default');
      if (mode === undefined || mode === 'Disabled' || trustDomain === undefined) return undefined;
      return formatIdentity({ trustDomain, namespace, serviceAccount });
    },
  );
}

/** By pod: what telemetry is told of one that has no identity to show. */
export function derivePlainPeers(
  graph: GraphApi,
  pods: Collection<MeshPod>,
  identities: Collection<string>,
): Collection<string> {
  return graph.derive('plainPeers', pods, (key, { workload, version }, read) =>
    read(identities, key) === undefined ? formatPlainPeer(subjectOf(workload, version)) : undefined,
  );
}

/** Who the pod of an endpoint is, by one of the two. */
export function proofOf(
  pod: string,
  { identities, plainPeers }: PodProofs,
  read: Read,
): { readonly identity?: string; readonly peer?: string } {
  const identity = read(identities, pod);
  if (identity !== undefined) return { identity };
  const peer = read(plainPeers, pod);
  return peer === undefined ? {} : { peer };
}

export interface PodProofs {
  readonly identities: Collection<string>;
  readonly plainPeers: Collection<string>;
}
