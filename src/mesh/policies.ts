/** Which of the policies that attach to workloads decides for one. */

import type { GraphApi, Index, IndexEntry } from '../graph/types.ts';
import type { MutualTLSMode } from './model.ts';
import type { MeshSources, MutualTLSPolicySource, ServiceSource } from './sources.ts';

/** A policy that names its workloads, of whatever kind. */
export interface AttachedPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly spec: {
    readonly targetRefs?: readonly TargetRef[];
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
  };
}

export interface TargetRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** What a policy is matched against. */
export interface PolicySubject {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  /** Of its newest pod. */
  readonly labels: Readonly<Record<string, string>>;
}

export type PoliciesByNamespace = Index<MutualTLSPolicySource>;

export function indexPolicies(graph: GraphApi, sources: MeshSources): PoliciesByNamespace {
  return graph.index('policiesByNamespace', sources.mutualTLSPolicies, ({ namespace }) => [namespace]);
}

/** From the most specific to the least. */
const levels = ['targetRefs', 'selector', 'namespace'] as const;
type Level = (typeof levels)[number];

export function levelOf({ spec }: AttachedPolicy): Level {
  if (spec.targetRefs !== undefined) return 'targetRefs';
  return spec.selector === undefined ? 'namespace' : 'selector';
}

/** API group of each kind that a policy can name, beside Service. */
export const workloadGroups: Readonly<Record<string, string>> = {
  Deployment: 'apps',
  StatefulSet: 'apps',
  DaemonSet: 'apps',
  ReplicaSet: 'apps',
  Job: 'batch',
  Gateway: 'gateway.networking.k8s.io',
};

export type FindService = (key: string) => ServiceSource | undefined;

/**
 * The policy in force for a workload, out of those of its namespace: the most specific; among equally specific
 * ones the oldest, then the first by name (GEP-713).
 */
export function policyFor<Policy extends AttachedPolicy>(
  subject: PolicySubject,
  policies: readonly IndexEntry<Policy>[],
  service: FindService,
): IndexEntry<Policy> | undefined {
  return policies
    .filter(({ value }) => concerns(value, subject, service))
    .reduce<IndexEntry<Policy> | undefined>(
      (best, policy) => (best === undefined || precedes(policy.value, best.value) ? policy : best),
      undefined,
    );
}

function precedes(policy: AttachedPolicy, other: AttachedPolicy): boolean {
  const difference = levels.indexOf(levelOf(policy)) - levels.indexOf(levelOf(other));
  return difference === 0 ? isOlder(policy, other) : difference < 0;
}

export function isOlder(policy: AttachedPolicy, other: AttachedPolicy): boolean {
  if (policy.createdAt !== other.createdAt) return policy.createdAt < other.createdAt;
  return policy.name < other.name;
}

export function concerns(policy: AttachedPolicy, subject: PolicySubject, service: FindService): boolean {
  const { targetRefs, selector } = policy.spec;
  if (targetRefs !== undefined) return targetRefs.some((target) => isTarget(target, subject, service));
  return selector === undefined || hasLabels(subject.labels, selector.matchLabels);
}

function isTarget(target: TargetRef, subject: PolicySubject, service: FindService): boolean {
  if (isService(target)) {
    const selector = service(`${subject.namespace}/${target.name}`)?.selector;
    return selector !== undefined && hasLabels(subject.labels, selector);
  }
  return (
    workloadGroups[target.kind] === target.group &&
    target.kind === subject.kind &&
    target.name === subject.name
  );
}

export const isService = (target: TargetRef): boolean => target.group === '' && target.kind === 'Service';

export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** The mode of a workload and the policy that decided it. */
export function decideMode(
  subject: PolicySubject,
  policies: readonly IndexEntry<MutualTLSPolicySource>[],
  meshDefault: MutualTLSMode,
  service: FindService,
): { readonly mode: MutualTLSMode; readonly policy?: string } {
  const policy = policyFor(subject, policies, service);
  return policy === undefined ? { mode: meshDefault } : { mode: policy.value.spec.mode, policy: policy.key };
}
