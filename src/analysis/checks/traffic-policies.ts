/** XBackendTrafficPolicies: the mesh's own verdict on each of their targets. */

import type { Check } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { TrafficPolicySubject } from '../subjects.ts';

export const trafficPolicyChecks: readonly Check<TrafficPolicySubject>[] = [
  { code: 'WEFT-ANL-86', severity: 'error', find: notInForce },
];

function notInForce({ key, policy }: TrafficPolicySubject, input: Input) {
  const { ancestors = [] } = input.read(input.mesh.backendTrafficVerdicts, key) ?? {};
  return ancestors.flatMap(({ ref, conditions }) => {
    const accepted = conditions.find(({ type }) => type === 'Accepted');
    if (accepted === undefined || accepted.status) return [];
    if (accepted.reason === 'TargetNotFound' && !knows(input, 'services', policy.namespace)) return [];
    const index = (policy.spec.targetRefs ?? []).findIndex(({ name }) => name === ref.name);
    return [
      {
        path: index === -1 ? 'spec' : `spec.targetRefs[${index}]`,
        message: `it does not hold for ${ref.name}: ${accepted.message}`,
        fix:
          accepted.reason === 'Conflicted'
            ? 'Say everything in one policy for the Service.'
            : 'Name a Service of the same namespace, and write the values as docs/routing.md says.',
      },
    ];
  });
}
