/**
 * A Gateway with its ListenerSets, judged: which listeners hold and why others do not. What routes attach to, what
 * proxies carry out and what statuses say are three views of it.
 */

import type { Collection, GraphApi, Index, IndexEntry, Read } from '../../graph/types.ts';
import { byAge } from '../age.ts';
import type { Condition } from '../gateway-model.ts';
import type { MeshPod } from '../model.ts';
import { gatewayKind } from '../pods.ts';
import type { MeshSources } from '../sources.ts';
import { addressProblem, parametersProblem } from './acceptance.ts';
import { findConflicts } from './conflicts.ts';
import {
  condition,
  type Draft,
  draftListener,
  finishListener,
  type JudgedListener,
  type Obstacle,
} from './judge-listener.ts';
import { frontendOf, resolveTLS } from './listener-tls.ts';
import { type ReadListener, readListener } from './listeners.ts';
import { overlapOf } from './overlap.ts';
import { type ReferenceContext, resolveCertificate } from './references.ts';
import { isAllowed, readNamespaces } from './selectors.ts';
import type { GatewaySource, ListenerSetSource } from './sources.ts';

export interface JudgedSet {
  /** `namespace/name`. */
  readonly key: string;
  readonly accepted: Condition;
  readonly listeners: readonly JudgedListener[];
}

export interface JudgedGateway {
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** All but Programmed. */
  readonly conditions: readonly Condition[];
  readonly accepted: boolean;
  readonly listeners: readonly JudgedListener[];
  /** In order of precedence, then those that are not allowed. */
  readonly sets: readonly JudgedSet[];
  readonly clientCertificate?: string;
}

export interface JudgeContext extends ReferenceContext {
  readonly sources: MeshSources;
  /** By `namespace/name` of the Gateway. */
  readonly setsByGateway: Index<ListenerSetSource>;
  readonly podsByWorkload: Index<MeshPod>;
}

/**
 * Every Gateway of a class of Weft's. While its class is missing, by mistake or because it is about to be made anew, a
 * Gateway whose proxies run goes on as it was: nobody's traffic is to end because of that.
 */
export function deriveJudgedGateways(graph: GraphApi, context: JudgeContext): Collection<JudgedGateway> {
  const running = graph.derive('runningGateways', context.podsByWorkload, (workload) =>
    workload.split('/')[1] === gatewayKind ? true : undefined,
  );
  return graph.derive('judgedGateways', context.sources.gateways, (key, gateway, read) => {
    const gatewayClass = read(context.sources.gatewayClasses, gateway.className);
    const proxies = `${gateway.namespace}/${gatewayKind}/${gateway.name}`;
    const isOurs = gatewayClass === undefined ? read(running, proxies) === true : gatewayClass.ours;
    return isOurs ? judge(key, gateway, context, read) : undefined;
  });
}

type SetEntry = IndexEntry<ListenerSetSource>;

function judge(key: string, gateway: GatewaySource, context: JudgeContext, read: Read): JudgedGateway {
  const { namespace, name, generation } = gateway;
  const [allowed, refused] = splitSets(read(context.setsByGateway, key) ?? [], gateway, context, read);
  const own = readAll(gateway.spec.listeners ?? [], { kind: 'Gateway', namespace, name, gateway: key });
  const ofSets = [...allowed, ...refused].map((set) => readSet(set, key));
  const conflicts = findConflicts([own, ...ofSets.slice(0, allowed.length)]);

  const judgeAll = (listeners: readonly ReadListener[]): readonly Draft[] =>
    listeners.map((listener) =>
      draftListener(listener, resolveTLS(listener, gateway, context, read), conflicts.get(listener.key)),
    );
  const drafts = judgeAll(own);
  const setDrafts = ofSets.map(judgeAll);
  const competing = [drafts, ...setDrafts.slice(0, allowed.length)].flat();

  const accepted = acceptanceOf(gateway, drafts, context, read);
  const client = clientCertificateOf(gateway, context, read);
  const overlaps = overlapOf(competing.filter(({ sound }) => sound));
  const finish = (each: Draft, obstacle: Obstacle | undefined): JudgedListener =>
    finishListener(each, obstacle, overlaps.get(each.listener.key));

  const gatewayObstacle: Obstacle | undefined = accepted.status
    ? undefined
    : { reason: 'Invalid', message: 'the Gateway is not accepted' };
  const listeners = drafts.map((each) => finish(each, gatewayObstacle));
  const sets = [...allowed, ...refused].map((set, i): JudgedSet => {
    const own = setDrafts[i] ?? [];
    const verdict = judgeSet(own, accepted.status, i < allowed.length);
    const obstacle = verdict.status ? undefined : { reason: verdict.reason, message: verdict.message };
    return { key: set.key, accepted: verdict, listeners: own.map((each) => finish(each, obstacle)) };
  });
  return {
    namespace,
    name,
    generation,
    conditions: [accepted, resolvedRefsOf(client, listeners), ...insecurityOf(gateway, listeners)],
    accepted: accepted.status,
    listeners,
    sets,
    ...(client.key === undefined ? {} : { clientCertificate: client.key }),
  };
}

/** Those that may take part, the oldest first, and the others. */
function splitSets(
  sets: readonly SetEntry[],
  gateway: GatewaySource,
  { sources }: JudgeContext,
  read: Read,
): readonly [readonly SetEntry[], readonly SetEntry[]] {
  const allowed = readNamespaces(gateway.spec.allowedListeners?.namespaces, gateway.namespace, 'None');
  const may = ({ value }: SetEntry): boolean =>
    isAllowed(allowed, value.namespace, (namespace) => read(sources.namespaces, namespace));
  const ordered = sets.toSorted((a, b) => byAge(a.value, b.value));
  return [ordered.filter(may), ordered.filter((set) => !may(set))];
}

const readAll = (
  listeners: NonNullable<GatewaySource['spec']['listeners']>,
  owner: Parameters<typeof readListener>[1],
): readonly ReadListener[] => listeners.map((listener) => readListener(listener, owner));

function readSet(
  { value: { namespace, name, listeners } }: SetEntry,
  gateway: string,
): readonly ReadListener[] {
  return readAll(listeners, { kind: 'ListenerSet', namespace, name, gateway });
}

function acceptanceOf(
  gateway: GatewaySource,
  listeners: readonly Draft[],
  context: JudgeContext,
  read: Read,
): Condition {
  const problem = parametersProblem(gateway, context.sources, read) ?? addressProblem(gateway);
  if (problem !== undefined) return condition('Accepted', false, problem.reason, problem.message);
  const invalid = listeners
    .filter(({ accepted }) => !accepted.status)
    .map(({ listener }) => listener.section);
  if (invalid.length === 0) {
    const isMissing = read(context.sources.gatewayClasses, gateway.className) === undefined;
    const message = `GatewayClass ${gateway.className} is missing; the Gateway goes on because its proxies run`;
    return condition('Accepted', true, 'Accepted', isMissing ? message : 'the Gateway is accepted');
  }
  const message = `listeners that are not accepted: ${invalid.join(', ')}`;
  return condition('Accepted', invalid.length < listeners.length, 'ListenersNotValid', message);
}

/** Unlike a Gateway, a ListenerSet of which nothing can be carried out is not accepted, whatever the reason. */
function judgeSet(listeners: readonly Draft[], parentAccepted: boolean, allowed: boolean): Condition {
  if (!allowed) {
    const message = 'spec.allowedListeners of the Gateway lets no ListenerSet of this namespace take part';
    return condition('Accepted', false, 'NotAllowed', message);
  }
  if (!parentAccepted)
    return condition('Accepted', false, 'ParentNotAccepted', 'the Gateway is not accepted');
  const invalid = listeners.filter(({ sound }) => !sound).map(({ listener }) => listener.section);
  if (invalid.length === 0) return condition('Accepted', true, 'Accepted', 'the ListenerSet is accepted');
  const message = `listeners that cannot be served: ${invalid.join(', ')}`;
  return condition('Accepted', invalid.length < listeners.length, 'ListenersNotValid', message);
}

interface ClientCertificate {
  readonly key?: string;
  readonly problem?: Obstacle;
}

function clientCertificateOf(
  gateway: GatewaySource,
  context: ReferenceContext,
  read: Read,
): ClientCertificate {
  const ref = gateway.spec.tls?.backend?.clientCertificateRef;
  if (ref === undefined) return {};
  const resolved = resolveCertificate(ref, { kind: 'Gateway', namespace: gateway.namespace }, context, read);
  if (resolved.ok) return { key: resolved.key };
  const reason = resolved.problem === 'permission' ? 'RefNotPermitted' : 'InvalidClientCertificateRef';
  return { problem: { reason, message: `tls.backend.clientCertificateRef: ${resolved.message}` } };
}

function resolvedRefsOf({ problem }: ClientCertificate, listeners: readonly JudgedListener[]): Condition {
  if (problem !== undefined) return condition('ResolvedRefs', false, problem.reason, problem.message);
  const broken = listeners.filter(({ conditions }) =>
    conditions.some(({ type, status }) => type === 'ResolvedRefs' && !status),
  );
  if (broken.length === 0) {
    return condition('ResolvedRefs', true, 'ResolvedRefs', 'everything the Gateway refers to holds');
  }
  const message = `listeners with references that do not hold: ${broken.map(({ section }) => section).join(', ')}`;
  return condition('ResolvedRefs', false, 'ListenersNotResolved', message);
}

/** Present only where some port lets clients in whose certificates do not hold. */
function insecurityOf(gateway: GatewaySource, listeners: readonly JudgedListener[]): readonly Condition[] {
  const ports = listeners
    .filter(({ protocol }) => protocol === 'HTTPS')
    .map(({ port }) => port)
    .filter((port) => frontendOf(gateway, port)?.validation?.mode === 'AllowInsecureFallback');
  if (ports.length === 0) return [];
  const message = `clients without a valid certificate are let in on port ${[...new Set(ports)].join(', ')}`;
  return [condition('InsecureFrontendValidationMode', true, 'ConfigurationChanged', message)];
}
