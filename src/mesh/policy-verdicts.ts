/** What became of each MutualTLSPolicy: in force and for how many workloads, or why not. */

import type { Collection, GraphApi, Read } from '../graph/types.ts';
import type { PolicyVerdict, Workload } from './model.ts';
import {
  type AttachedPolicy,
  concerns,
  type FindService,
  isOlder,
  isService,
  levelOf,
  type PoliciesByNamespace,
  type PolicySubject,
  type TargetRef,
  workloadGroups,
} from './policies.ts';
import type { MeshSources, MutualTLSPolicySource } from './sources.ts';

/** What the verdicts are computed from, beside the policies. */
export interface PolicyContext {
  readonly sources: MeshSources;
  readonly policies: PoliciesByNamespace;
  readonly workloads: Collection<Workload>;
  /** Pods, meshed or not, by workload. */
  readonly podsByWorkload: Collection<unknown>;
  readonly subjects: Collection<PolicySubject>;
}

/** What became of each policy; keyed like the policies. */
export function derivePolicyVerdicts(graph: GraphApi, context: PolicyContext): Collection<PolicyVerdict> {
  const subjects = graph.index('subjectsByNamespace', context.subjects, ({ namespace }) => [namespace]);
  return graph.derive('policyVerdicts', context.sources.mutualTLSPolicies, (key, policy, read) => {
    const service: FindService = (name) => read(context.sources.services, name);
    const matched = (read(subjects, policy.namespace) ?? []).filter(({ value }) =>
      concerns(policy, value, service),
    );
    const inForce = matched.filter((subject) => read(context.workloads, subject.key)?.mtls.policy === key);
    const rivals = (read(context.policies, policy.namespace) ?? []).filter(
      ({ key: other, value }) =>
        other !== key && levelOf(value) === levelOf(policy) && isOlder(value, policy),
    );
    const winners = rivals.filter(
      ({ key: other, value }) =>
        sameScope(policy, value) ||
        matched.some((subject) => read(context.workloads, subject.key)?.mtls.policy === other),
    );
    const missing = (policy.spec.targetRefs ?? []).filter(
      (target) => !targetExists(target, policy.namespace, context, read),
    );
    return verdict(
      policy,
      inForce.length,
      winners.map((winner) => winner.key),
      missing,
    );
  });
}

/** Whether two policies of the same level say for which workloads they are in the same words. */
export function sameScope(policy: AttachedPolicy, other: AttachedPolicy): boolean {
  const scope = ({ spec }: AttachedPolicy): string =>
    JSON.stringify([
      (spec.targetRefs ?? []).map(({ group, kind, name }) => `${group}/${kind}/${name}`).sort(),
      Object.entries(spec.selector?.matchLabels ?? {})
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    ]);
  return scope(policy) === scope(other);
}

export function targetExists(
  target: TargetRef,
  namespace: string,
  context: Pick<PolicyContext, 'sources' | 'podsByWorkload'>,
  read: Read,
): boolean {
  if (isService(target)) return read(context.sources.services, `${namespace}/${target.name}`) !== undefined;
  if (workloadGroups[target.kind] !== target.group) return false;
  return read(context.podsByWorkload, `${namespace}/${target.kind}/${target.name}`) !== undefined;
}

function verdict(
  policy: MutualTLSPolicySource,
  workloads: number,
  winners: readonly string[],
  missing: readonly TargetRef[],
): PolicyVerdict {
  const missingTargets = missing.map(({ kind, name }) => `${kind}/${name}`);
  const all = {
    policy: `${policy.namespace}/${policy.name}`,
    generation: policy.generation,
    workloads,
    missingTargets,
  };
  const targets = policy.spec.targetRefs?.length ?? 0;
  if (workloads === 0 && winners.length > 0) {
    const message = `older policies hold for the same workloads: ${winners.join(', ')}`;
    return { ...all, accepted: { status: false, reason: 'Conflicted', message } };
  }
  if (targets > 0 && missing.length === targets) {
    const message = `neither a Service of that name nor a pod of the workload exists: ${missingTargets.join(', ')}`;
    return { ...all, accepted: { status: false, reason: 'TargetNotFound', message } };
  }
  const notes = [`in force for ${workloads} ${workloads === 1 ? 'workload' : 'workloads'}`];
  if (winners.length > 0) notes.push(`older policies hold for others: ${winners.join(', ')}`);
  if (missing.length > 0) notes.push(`not found: ${missingTargets.join(', ')}`);
  return { ...all, accepted: { status: true, reason: 'Accepted', message: notes.join('; ') } };
}
