/** BackendTLSPolicies: whether gateways can call what they are about. */

import type { Check, Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { BackendTLSSubject } from '../subjects.ts';

export const backendTLSChecks: readonly Check<BackendTLSSubject>[] = [
  { code: 'WEFT-ANL-106', severity: 'error', find: missingTarget },
  { code: 'WEFT-ANL-107', severity: 'error', find: notInForce },
];

function missingTarget({ policy }: BackendTLSSubject, input: Input): readonly Problem[] {
  const { read, sources } = input;
  if (!knows(input, 'services', policy.namespace)) return [];
  return policy.targetRefs.flatMap(({ group, kind, name, sectionName }, index) => {
    if (group !== '' || kind !== 'Service') return [];
    const service = read(sources.services, `${policy.namespace}/${name}`);
    const names = service?.ports.map((port) => port.name) ?? [];
    if (service !== undefined && (sectionName === undefined || names.includes(sectionName))) return [];
    const what = service === undefined ? `Service ${name}` : `port named ${sectionName} in Service ${name}`;
    return [
      {
        path: `spec.targetRefs[${index}]`,
        message: `there is no ${what} in namespace ${policy.namespace}`,
        fix:
          service === undefined
            ? 'Name a Service of the namespace of the policy.'
            : `Write one of ${names.join(', ')}.`,
      },
    ];
  });
}

function notInForce({ key }: BackendTLSSubject, input: Input): readonly Problem[] {
  const [first] = input.read(input.mesh.gateway.backendTLSVerdicts, key)?.ancestors ?? [];
  const failed = (first?.conditions ?? []).filter(({ status }) => !status);
  const [problem] = failed;
  if (problem === undefined) return [];
  if (/there is no ConfigMap /.test(problem.message) && !knows(input, 'configmaps')) return [];
  return [
    {
      path: problem.reason === 'Conflicted' ? 'spec.targetRefs' : 'spec.validation',
      message: `gateways ${problem.reason === 'Conflicted' ? 'do not use it' : 'send nothing to its targets'}: ${problem.message}`,
      fix:
        problem.reason === 'Conflicted'
          ? 'Say everything in one policy for each port.'
          : 'Name a ConfigMap of the same namespace with the authorities in its key ca.crt, or wellKnownCACertificates: System.',
    },
  ];
}
