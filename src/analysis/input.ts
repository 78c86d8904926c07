/**
 * What a check may look at while it runs: the model of the mesh with its verdicts, the objects behind it, and what is
 * derived here for several checks. Every read makes the findings depend on what was read, and on nothing else.
 */

import type { Collection, Index, Read } from '../graph/types.ts';
import type { MeshSettings, RouteVerdict } from '../mesh/model.ts';
import type { MeshSources, ServiceCIDRSource } from '../mesh/sources.ts';
import type { ReadRoute } from '../mesh/routes/read.ts';
import type { WorkedMesh } from '../mesh/workings.ts';
import type { Placed } from './placed.ts';
import type { AnalysisSources, ProxyRevision, Situation, TemplateFacts } from './facts.ts';

/** The pods behind a Service, by what they belong to; keyed `namespace/name` of the Service. */
export interface Members {
  /** Keys of workloads, ascending. */
  readonly workloads: readonly string[];
  /** Whether there is any endpoint, ready or not, pod or not. */
  readonly hasEndpoints: boolean;
  /** By the name of the Service's port: the numbers it has at its endpoints; a name is absent where none has it. */
  readonly ports: Readonly<Record<string, readonly number[]>>;
}

/** A workload with what its pods have in common, told from the newest; keyed `namespace/kind/name`. */
export interface WorkloadSubject {
  readonly key: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly template: TemplateFacts;
  readonly serviceAccount: string;
  /** Whether the newest pod has a proxy. */
  readonly meshed: boolean;
  /** Pods that have none although some have, or the namespace asks for one; ascending. */
  readonly plainPods: readonly string[];
  /** What its pods carry, each once, with one of the pods. */
  readonly revisions: readonly (ProxyRevision & { readonly pod: string })[];
  readonly addresses: readonly string[];
}

/** Of the first certificate of a chain. */
export interface CertificateFacts {
  readonly notAfterMs: number;
  /** In lower case; wildcards as they are written. */
  readonly dnsNames: readonly string[];
}

/** What is derived for several checks. */
export interface Derived {
  readonly members: Collection<Members>;
  readonly workloads: Collection<WorkloadSubject>;
  /** Keys of Services, by workload. */
  readonly servicesByWorkload: Index<Members>;
  readonly workloadsByNamespace: Index<WorkloadSubject>;
  readonly routesByNamespace: Index<ReadRoute>;
  readonly verdictsByRoute: Index<RouteVerdict>;
  readonly placed: Placed;
  /** Labels of every namespace, as the one group `all`. */
  readonly namespaces: Index<Readonly<Record<string, string>>>;
  /** Of the Secrets that Gateways and ListenerSets name. */
  readonly certificates: Collection<CertificateFacts>;
  /** All, as the one group `all`. */
  readonly serviceCIDRs: Index<ServiceCIDRSource>;
}

export interface Input {
  readonly read: Read;
  readonly mesh: WorkedMesh;
  readonly sources: MeshSources;
  readonly facts: AnalysisSources;
  readonly derived: Derived;
}

export function situationOf({ read, facts }: Input): Situation {
  return read(facts.situation, 'default') ?? { nowMs: 0, controlPlaneNamespace: '', unknownKinds: [] };
}

export function settingsOf({ read, mesh }: Input): MeshSettings | undefined {
  return read(mesh.settings, 'default');
}

/** Whether an object of the kind that is not there does not exist. `namespace` is that of the object. */
export function knows(input: Input, plural: string, namespace?: string): boolean {
  const { unknownKinds, givenNamespaces } = situationOf(input);
  if (unknownKinds.includes(plural)) return false;
  return namespace === undefined || givenNamespaces === undefined || givenNamespaces.includes(namespace);
}

/** Whether pods of the namespace get a proxy unless they decline. */
export function isMeshedNamespace({ read, sources }: Input, namespace: string): boolean {
  return read(sources.namespaces, namespace)?.['weft.dev/inject'] === 'enabled';
}

const apiVersions: Readonly<Record<string, string>> = {
  Pod: 'v1',
  Service: 'v1',
  Namespace: 'v1',
  ReplicationController: 'v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  Rollout: 'argoproj.io/v1alpha1',
  MeshConfig: 'weft.dev/v1alpha1',
  CertificateAuthority: 'weft.dev/v1alpha1',
  MutualTLSPolicy: 'weft.dev/v1alpha1',
  TelemetryPolicy: 'weft.dev/v1alpha1',
  XBackendTrafficPolicy: 'gateway.networking.x-k8s.io/v1alpha1',
};

/** All other kinds that are looked at are of Gateway API; a controller of pods may be of any group, which pods do not tell. */
export function apiVersionOf(kind: string): string {
  return Object.hasOwn(apiVersions, kind) ? (apiVersions[kind] ?? '') : 'gateway.networking.k8s.io/v1';
}

/** Where the pod stands in its workload, as the start of a path. */
export function podPath(kind: string): string {
  if (kind === 'Pod') return '';
  return kind === 'CronJob' ? 'spec.jobTemplate.spec.template.' : 'spec.template.';
}
