/** MutualTLSPolicies: the mesh's own verdict on them, and what follows from the mode. */

import type { Check, Problem } from '../check.ts';
import { type Input, knows, settingsOf } from '../input.ts';
import type { PolicySubject } from '../subjects.ts';

export const policyChecks: readonly Check<PolicySubject>[] = [
  { code: 'WEFT-ANL-80', severity: 'error', find: (subject, input) => missingTargets(subject, input, 'all') },
  {
    code: 'WEFT-ANL-81',
    severity: 'warning',
    find: (subject, input) => missingTargets(subject, input, 'some'),
  },
  { code: 'WEFT-ANL-82', severity: 'error', find: conflicted },
  { code: 'WEFT-ANL-83', severity: 'warning', find: holdsForNothing },
  { code: 'WEFT-ANL-84', severity: 'info', find: weakerThanTheMesh },
  { code: 'WEFT-ANL-85', severity: 'warning', find: strictForPlainPods },
];

const verdictOf = ({ key }: PolicySubject, { read, mesh }: Input) => read(mesh.policyVerdicts, key);

function missingTargets(subject: PolicySubject, input: Input, which: 'all' | 'some'): readonly Problem[] {
  const missing = verdictOf(subject, input)?.missingTargets ?? [];
  const targets = subject.policy.spec.targetRefs ?? [];
  const isAll = missing.length === targets.length;
  if (missing.length === 0 || isAll !== (which === 'all')) return [];
  if (!knows(input, 'pods', subject.policy.namespace)) return [];
  return targets.flatMap(({ kind, name }, index) => {
    if (!missing.includes(`${kind}/${name}`)) return [];
    return [
      {
        path: `spec.targetRefs[${index}]`,
        message: `there is no ${kind} ${name} with pods in namespace ${subject.policy.namespace}${isAll ? ', so the policy holds for nothing' : ''}`,
        fix: `Name what exists: kubectl get ${kind.toLowerCase()} -n ${subject.policy.namespace}.`,
      },
    ];
  });
}

function conflicted(subject: PolicySubject, input: Input): readonly Problem[] {
  const verdict = verdictOf(subject, input);
  if (verdict?.accepted.reason !== 'Conflicted') return [];
  return [
    {
      path: 'spec',
      message: `it holds for nothing: ${verdict.accepted.message}`,
      fix: 'Remove one of the policies, or name other workloads in this one.',
    },
  ];
}

function holdsForNothing(subject: PolicySubject, input: Input): readonly Problem[] {
  const verdict = verdictOf(subject, input);
  const { namespace, spec } = subject.policy;
  if (verdict?.accepted.status !== true || verdict.workloads > 0 || verdict.missingTargets.length > 0)
    return [];
  if (!knows(input, 'pods', namespace) || overruled(subject, input)) return [];
  const where =
    spec.selector === undefined ? (spec.targetRefs === undefined ? '' : 'spec.targetRefs') : 'spec.selector';
  return [
    {
      path: where,
      message:
        `it holds for no workload: namespace ${namespace} has no pod with a proxy ${where === '' ? '' : 'that it means'}`.trimEnd(),
      fix: 'Put the pods into the mesh with the label weft.dev/inject: enabled and restart them, or correct what the policy names.',
    },
  ];
}

/** More specific policies may hold for all that a policy of the namespace would mean: it waits for the next workload. */
function overruled({ policy }: PolicySubject, { read, derived, mesh }: Input): boolean {
  return (read(derived.workloadsByNamespace, policy.namespace) ?? []).some(
    ({ key, value }) => value.meshed && read(mesh.workloads, key)?.mtls.policy !== undefined,
  );
}

const strength = { Strict: 2, Permissive: 1, Disabled: 0 } as const;

function weakerThanTheMesh(subject: PolicySubject, input: Input): readonly Problem[] {
  const general = settingsOf(input)?.mtls;
  const { mode } = subject.policy.spec;
  if (general === undefined || strength[mode] >= strength[general]) return [];
  const workloads = verdictOf(subject, input)?.workloads ?? 0;
  if (workloads === 0) return [];
  return [
    {
      path: 'spec.mode',
      message: `mutual TLS is ${general} in the mesh, and ${mode} for ${workloads} ${workloads === 1 ? 'workload' : 'workloads'} by this policy`,
      fix: `Remove the policy, or set mode: ${general}, once it is no longer needed.`,
    },
  ];
}

/** What the policy asks for does not happen in pods that have no proxy to do it. */
function strictForPlainPods({ policy }: PolicySubject, { read, derived }: Input): readonly Problem[] {
  if (policy.spec.mode !== 'Strict' || policy.spec.targetRefs !== undefined) return [];
  const { matchLabels = {} } = policy.spec.selector ?? {};
  if (policy.spec.selector !== undefined && Object.keys(matchLabels).length > 0) return [];
  const inside = (read(derived.workloadsByNamespace, policy.namespace) ?? []).map(({ value }) => value);
  const plain = inside.filter(({ meshed, revisions, template }) => {
    return !meshed && revisions.length === 0 && !template.hostNetwork;
  });
  if (plain.length === 0 || plain.length === inside.length) return [];
  const names = plain.map(({ kind, name }) => `${kind} ${name}`);
  return [
    {
      path: 'spec.mode',
      message: `it cannot hold for ${names.slice(0, 5).join(', ')}, which has no proxy: everybody may call it without mutual TLS`,
      fix: 'Put these pods into the mesh with the label weft.dev/inject: enabled, and restart them.',
    },
  ];
}
