/** Policies of every kind in one shape: what they name. */

import type { MeshSources } from '../../mesh/sources.ts';

export interface TargetedPolicy {
  readonly kind: 'MutualTLSPolicy' | 'TelemetryPolicy' | 'XBackendTrafficPolicy' | 'BackendTLSPolicy';
  readonly namespace: string;
  readonly name: string;
  /** In the policy's own namespace. */
  readonly targets: readonly { readonly kind: string; readonly name: string }[];
}

/** To add a kind of policy: a line here, and its verdict in policies.ts. */
export function targetsOf(sources: MeshSources): readonly TargetedPolicy[] {
  const { mutualTLSPolicies, telemetryPolicies, backendTrafficPolicies, backendTLSPolicies } = sources;
  return [
    ...all('MutualTLSPolicy', mutualTLSPolicies.entries(), ({ spec }) => spec.targetRefs ?? []),
    ...all('TelemetryPolicy', telemetryPolicies.entries(), ({ spec }) => spec.targetRefs ?? []),
    ...all('XBackendTrafficPolicy', backendTrafficPolicies.entries(), ({ spec }) => spec.targetRefs ?? []),
    ...all('BackendTLSPolicy', backendTLSPolicies.entries(), ({ targetRefs }) => targetRefs),
  ];
}

function* all<V extends { readonly namespace: string; readonly name: string }>(
  kind: TargetedPolicy['kind'],
  entries: Iterable<readonly [string, V]>,
  targets: (policy: V) => TargetedPolicy['targets'],
): Generator<TargetedPolicy> {
  for (const [, policy] of entries) {
    yield {
      kind,
      namespace: policy.namespace,
      name: policy.name,
      targets: targets(policy).map((target) => ({ kind: target.kind, name: target.name })),
    };
  }
}
