/** What became of each BackendTLSPolicy, for each Gateway that calls what it is about. */

import type { Collection, GraphApi, Index } from '../../graph/types.ts';
import type { BackendTLSVerdict, Condition } from '../gateway-model.ts';
import type { ParentRef } from '../kubernetes.ts';
import type { ServicePort } from '../model.ts';
import { type BackendTLSByPort, isService, type JudgedPolicy } from './backend-tls.ts';
import { condition } from './judge-listener.ts';
import { gatewayGroup } from './listeners.ts';
import type { BackendTLSPolicySource } from './sources.ts';

export interface BackendTLSContext {
  readonly policies: Collection<BackendTLSPolicySource>;
  readonly judgedPolicies: Collection<JudgedPolicy>;
  readonly byPort: BackendTLSByPort;
  readonly servicePorts: Collection<ServicePort>;
  readonly rulesByBackend: RulesByBackend;
}

/** By ServicePort: rules by which something gets there, each of one Gateway. */
export type RulesByBackend = Index<{ readonly gateway?: string }>;

/** More ancestors do not fit into a status. */
const mostAncestors = 16;

export function deriveBackendTLSVerdicts(
  graph: GraphApi,
  context: BackendTLSContext,
): Collection<BackendTLSVerdict> {
  // Of all that is known of the rules it matters only whose they are.
  const callers = graph.derive('callersOfBackends', context.rulesByBackend, (_, rules) =>
    [...new Set(rules.flatMap(({ value }) => value.gateway ?? []))].sort(),
  );
  const portsOf = graph.index('portsOfService', context.servicePorts, ({ namespace, service }) => [
    `${namespace}/${service}`,
  ]);
  return graph.derive('backendTLSVerdicts', context.policies, (key, policy, read) => {
    const { namespace, generation, targetRefs } = policy;
    const ports = targetRefs
      .filter(isService)
      .flatMap(({ name, sectionName }) =>
        (read(portsOf, `${namespace}/${name}`) ?? [])
          .filter(({ value }) => sectionName === undefined || value.portName === sectionName)
          .map((port) => port.key),
      );
    const gateways = [...new Set(ports.flatMap((port) => read(callers, port) ?? []))].sort();
    const winners = ports.map((port) => read(context.byPort, port)?.losers[key]);
    const conditions = conditionsOf(read(context.judgedPolicies, key), winners);
    const ancestors = gateways.slice(0, mostAncestors);
    return { generation, ancestors: ancestors.map((gateway) => ({ ref: refOf(gateway), conditions })) };
  });
}

/** `winners`: by port that the policy means, the policy that keeps it from holding there. */
function conditionsOf(
  judged: JudgedPolicy | undefined,
  winners: readonly (string | undefined)[],
): readonly Condition[] {
  const unresolved = judged?.unresolved;
  const resolvedRefs =
    unresolved === undefined
      ? condition('ResolvedRefs', true, 'ResolvedRefs', 'everything the policy refers to holds')
      : condition('ResolvedRefs', false, unresolved.reason, unresolved.message);
  return [acceptedOf(judged, winners), resolvedRefs];
}

function acceptedOf(judged: JudgedPolicy | undefined, winners: readonly (string | undefined)[]): Condition {
  const others = [...new Set(winners.filter((winner) => winner !== undefined))];
  if (winners.length > 0 && winners.every((winner) => winner !== undefined)) {
    const message = `for the same target ${others.join(', ')} holds, older or first by name`;
    return condition('Accepted', false, 'Conflicted', message);
  }
  const problem = judged?.problem;
  if (problem !== undefined) return condition('Accepted', false, problem.reason, problem.message);
  const partly =
    others.length === 0 ? '' : `; for some targets ${others.join(', ')} holds, older or first by name`;
  return condition('Accepted', true, 'Accepted', `the policy is accepted${partly}`);
}

function refOf(gateway: string): ParentRef {
  const [namespace = '', name = ''] = gateway.split('/');
  return { group: gatewayGroup, kind: 'Gateway', namespace, name };
}
