/**
 * BackendTLSPolicies: which of them holds for each port of a Service. One that names the port by its sectionName goes
 * before one that names the whole Service; among equals the oldest does, then the first by name (GEP-713).
 */

import type { Collection, GraphApi, Index, IndexEntry, Read } from '../../graph/types.ts';
import { byAge } from '../age.ts';
import type { BackendTLS, Condition } from '../gateway-model.ts';
import type { ObjectRef } from '../kubernetes-gateways.ts';
import type { ServicePort } from '../model.ts';
import { type Reasoned, reasoned, type ReferenceContext, resolveAuthorities } from './references.ts';
import type { BackendTLSPolicySource } from './sources.ts';

type Policy = IndexEntry<BackendTLSPolicySource>;
type TargetRef = BackendTLSPolicySource['targetRefs'][number];

/** The policies that mean a port of a Service, keyed like it. */
export interface PortPolicies {
  /** Key of the one that holds. */
  readonly winner: string;
  /** Those that would hold were it not for others, by the key of the one that is in their way. */
  readonly losers: Readonly<Record<string, string>>;
}

export type BackendTLSByPort = Collection<PortPolicies>;
export type PoliciesByService = Index<BackendTLSPolicySource>;

/** By `namespace/name` of the Service. */
export function indexBackendTLS(
  graph: GraphApi,
  policies: Collection<BackendTLSPolicySource>,
): PoliciesByService {
  return graph.index('backendTLSByService', policies, ({ namespace, targetRefs }) => [
    ...new Set(targetRefs.filter(isService).map(({ name }) => `${namespace}/${name}`)),
  ]);
}

export const isService = ({ group, kind }: TargetRef): boolean => group === '' && kind === 'Service';

export function deriveBackendTLSByPort(
  graph: GraphApi,
  servicePorts: Collection<ServicePort>,
  byService: PoliciesByService,
): BackendTLSByPort {
  return graph.derive('backendTLSByPort', servicePorts, (_, { namespace, service, portName }, read) => {
    const policies = read(byService, `${namespace}/${service}`);
    return policies === undefined ? undefined : choose(policies, service, portName);
  });
}

function choose(policies: readonly Policy[], service: string, portName: string): PortPolicies | undefined {
  const own = policies.filter(({ value }) => means(value, service, (section) => section === portName));
  const whole = policies.filter(({ value }) => means(value, service, (section) => section === undefined));
  const [first, ...others] = own.toSorted(olderFirst);
  const [firstWhole, ...otherWhole] = whole.toSorted(olderFirst);
  const winner = first ?? firstWhole;
  if (winner === undefined) return undefined;
  const losers: Record<string, string> = {};
  for (const { key } of otherWhole) losers[key] = firstWhole?.key ?? winner.key;
  for (const { key } of others) losers[key] = winner.key;
  return { winner: winner.key, losers };
}

function means(
  { targetRefs }: BackendTLSPolicySource,
  service: string,
  section: (name: string | undefined) => boolean,
): boolean {
  return targetRefs.some(
    (target) => isService(target) && target.name === service && section(target.sectionName),
  );
}

const olderFirst = (a: Policy, b: Policy): number => byAge(a.value, b.value);

/** A policy with what it refers to. */
export interface JudgedPolicy {
  readonly tls: BackendTLS;
  readonly unresolved?: Reasoned;
  /** It cannot be accepted. */
  readonly problem?: Pick<Condition, 'reason' | 'message'>;
}

export function deriveJudgedPolicies(
  graph: GraphApi,
  policies: Collection<BackendTLSPolicySource>,
  context: ReferenceContext,
): Collection<JudgedPolicy> {
  return graph.derive('judgedBackendTLS', policies, (_, policy, read) => judgePolicy(policy, context, read));
}

function judgePolicy(policy: BackendTLSPolicySource, context: ReferenceContext, read: Read): JudgedPolicy {
  const { namespace, validation } = policy;
  const { hostname = '', caCertificateRefs = [], wellKnownCACertificates } = validation;
  const subjectAltNames = (validation.subjectAltNames ?? []).flatMap(readName);
  const known = { hostname: hostname.toLowerCase(), subjectAltNames };
  if (caCertificateRefs.length === 0) {
    if (wellKnownCACertificates === 'System') return { tls: { ...known, broken: false } };
    const message = `validation.wellKnownCACertificates: ${wellKnownCACertificates ?? 'nothing'} is not supported; System is`;
    return { tls: { ...known, broken: true }, problem: { reason: 'Invalid', message } };
  }
  // References are local: a namespace cannot be written, so no grant can matter.
  const local = (ref: ObjectRef): ObjectRef => ({
    group: ref.group ?? '',
    kind: ref.kind ?? '',
    name: ref.name,
  });
  const by = { kind: 'BackendTLSPolicy', namespace } as const;
  const resolved = caCertificateRefs.map((ref) => resolveAuthorities(local(ref), by, context, read));
  const authorities = resolved.flatMap((each) => (each.ok ? [each.authorities] : []));
  const unresolved = reasoned(
    resolved.filter((each) => !each.ok),
    { kind: 'InvalidKind', permission: 'InvalidCACertificateRef', object: 'InvalidCACertificateRef' },
  );
  return {
    tls: {
      ...known,
      ...(authorities.length === 0 ? {} : { authorities: authorities.join('') }),
      broken: authorities.length === 0,
    },
    ...(unresolved === undefined ? {} : { unresolved }),
    ...(authorities.length > 0 || unresolved === undefined
      ? {}
      : { problem: { reason: 'NoValidCACertificate', message: unresolved.message } }),
  };
}

function readName(
  name: NonNullable<BackendTLSPolicySource['validation']['subjectAltNames']>[number],
): BackendTLS['subjectAltNames'] {
  if (name.type === 'URI' && name.uri !== undefined) return [{ type: 'URI', value: name.uri }];
  if (name.type === 'Hostname' && name.hostname !== undefined) {
    return [{ type: 'Hostname', value: name.hostname.toLowerCase() }];
  }
  return [];
}
