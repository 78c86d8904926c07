/** What became of each BackendTLSPolicy, for each Gateway that calls what it is about. */

import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { BackendTLSVerdict, Condition, ListenerHosts, ListenerStreams } from '../gateway-model.ts';
import type { ParentRef } from '../kubernetes.ts';
import type { RouteRule, ServicePort } from '../model.ts';
import type { AttachableListener } from './attachable.ts';
import { type BackendTLSByPort, isService, type JudgedPolicy } from './backend-tls.ts';
import { condition } from './judge.ts';
import { gatewayGroup } from './listeners.ts';
import type { BackendTLSPolicySource } from './sources.ts';

export interface BackendTLSContext {
  readonly policies: Collection<BackendTLSPolicySource>;
  readonly judgedPolicies: Collection<JudgedPolicy>;
  readonly byPort: BackendTLSByPort;
  readonly servicePorts: Collection<ServicePort>;
  readonly listeners: Collection<AttachableListener>;
  readonly listenerHosts: Collection<ListenerHosts>;
  readonly listenerStreams: Collection<ListenerStreams>;
}

/** More ancestors do not fit into a status. */
const mostAncestors = 16;

export function deriveBackendTLSVerdicts(
  graph: GraphApi,
  context: BackendTLSContext,
): Collection<BackendTLSVerdict> {
  const callersOf = indexCallers(graph, context);
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
    const callers = [...new Set(ports.flatMap((port) => callersOf(port, read)))].sort();
    const winners = ports.map((port) => read(context.byPort, port)?.losers[key]);
    const conditions = conditionsOf(read(context.judgedPolicies, key), winners);
    const ancestors = callers.slice(0, mostAncestors);
    return { generation, ancestors: ancestors.map((gateway) => ({ ref: refOf(gateway), conditions })) };
  });
}

/** The Gateways that call a ServicePort for one of their routes. */
function indexCallers(
  graph: GraphApi,
  { listeners, listenerHosts, listenerStreams }: BackendTLSContext,
): (servicePort: string, read: Read) => readonly string[] {
  interface Calls {
    readonly gateway: string;
    readonly ports: readonly string[];
  }
  const callsOf = (key: string, ports: Iterable<string>, read: Read): Calls | undefined => {
    const gateway = read(listeners, key)?.gateway;
    return gateway === undefined ? undefined : { gateway, ports: [...new Set(ports)].sort() };
  };
  const ofHosts = graph.derive('callsOfHosts', listenerHosts, (key, { hosts }, read) =>
    callsOf(
      key,
      hosts.flatMap(({ rules }) => rules.flatMap(calledBy)),
      read,
    ),
  );
  const ofStreams = graph.derive('callsOfStreams', listenerStreams, (key, { streams }, read) =>
    callsOf(
      key,
      streams.flatMap(({ backends }) => backends.flatMap(({ servicePort }) => servicePort ?? [])),
      read,
    ),
  );
  const byHosts = graph.index('hostsByBackend', ofHosts, ({ ports }) => ports);
  const byStreams = graph.index('streamsByBackend', ofStreams, ({ ports }) => ports);
  return (port, read) =>
    [byHosts, byStreams].flatMap((index) => (read(index, port) ?? []).map(({ value }) => value.gateway));
}

/** Mirrors and authorization are calls too. */
function calledBy({ backends, filters }: RouteRule): readonly string[] {
  const { mirrors, externalAuth } = filters;
  return [...backends, ...mirrors, ...(externalAuth === undefined ? [] : [externalAuth])].flatMap(
    ({ servicePort }) => servicePort ?? [],
  );
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
    const message = `an older policy holds for the same target: ${others.join(', ')}`;
    return condition('Accepted', false, 'Conflicted', message);
  }
  const problem = judged?.problem;
  if (problem !== undefined) return condition('Accepted', false, problem.reason, problem.message);
  const partly = others.length === 0 ? '' : `; for some targets an older one holds: ${others.join(', ')}`;
  return condition('Accepted', true, 'Accepted', `the policy is accepted${partly}`);
}

function refOf(gateway: string): ParentRef {
  const [namespace = '', name = ''] = gateway.split('/');
  return { group: gatewayGroup, kind: 'Gateway', namespace, name };
}
