/**
 * Which TelemetryPolicy decides what, and what that makes of a workload's proxies. Each section (access log, tracing,
 * metrics, tap) is decided by itself, so that a policy for the logs of a namespace and one for the traces of a workload
 * hold beside each other.
 *
 *   telemetryPolicies ──by namespace──> decisions (per workload) ──> telemetryProfiles
 *          └─────────── for routes ──> routeDecisions ──> routeSampling
 *                                          both ──> telemetryVerdicts
 */

import { isDeepStrictEqual } from 'node:util';
import { type Aged, byAge } from './age.ts';
import type { Collection, GraphApi, Index, IndexEntry, Read } from '../graph/types.ts';
import type { TelemetryProfile, TelemetrySettings, TelemetryVerdict, MeshSettings } from './model.ts';
import { concerns, type FindService, hasLabels, levelOf, policyFor, type PolicySubject } from './policies.ts';
import { sameScope, targetExists } from './policy-verdicts.ts';
import type { MeshSources, TelemetryPolicySource } from './sources.ts';
import { applySections, type Section, sectionProblem, sections } from './telemetry-settings.ts';

export interface TelemetryContext {
  readonly sources: MeshSources;
  readonly settings: Collection<MeshSettings>;
  readonly subjects: Collection<PolicySubject>;
  /** Pods, meshed or not, by workload. */
  readonly podsByWorkload: Collection<unknown>;
}

export interface Telemetry {
  readonly profiles: Collection<TelemetryProfile>;
  readonly routeSampling: Collection<number>;
  readonly verdicts: Collection<TelemetryVerdict>;
}

/** Which policy decides each section of a workload: keys of policies. */
type Decisions = Readonly<Partial<Record<Section, string>>>;

type Policies = readonly IndexEntry<TelemetryPolicySource>[];

export const routeKindsOfPolicies: readonly string[] = ['HTTPRoute', 'GRPCRoute'];

export function deriveTelemetry(graph: GraphApi, context: TelemetryContext): Telemetry {
  const { sources, subjects } = context;
  const settings = graph.derive('telemetrySettings', context.settings, (_, { telemetry }) => telemetry);
  const policies = graph.index('telemetryPoliciesByNamespace', sources.telemetryPolicies, ({ namespace }) => [
    namespace,
  ]);
  const decisions = graph.derive('telemetryDecisions', subjects, (_, subject, read) =>
    decide(subject, read(policies, subject.namespace) ?? [], (name) => read(sources.services, name)),
  );
  const profiles = graph.derive('telemetryProfiles', subjects, (workload, subject, read) => {
    const mesh = read(settings, 'default');
    const decided = read(decisions, workload) ?? {};
    return (
      mesh &&
      profileOf(decided, mesh, takesReports(subject, mesh, read, sources), (key) =>
        read(sources.telemetryPolicies, key),
      )
    );
  });
  const byRoute = graph.index('telemetryPoliciesByRoute', sources.telemetryPolicies, routesOf);
  const routeDecisions = graph.derive('routeTelemetryDecisions', byRoute, (_, rivals) => oldest(rivals)?.key);
  const routeSampling = graph.derive('routeSampling', routeDecisions, (_, key, read) => {
    return read(sources.telemetryPolicies, key)?.spec.tracing?.samplingPercent;
  });
  const workloadsOf = graph.index('workloadsByTelemetryPolicy', decisions, (decided) =>
    Object.values(decided),
  );
  const verdictContext = { ...context, telemetry: settings, policies, workloadsOf, routeDecisions };
  return { profiles, routeSampling, verdicts: deriveVerdicts(graph, verdictContext) };
}

/** Policies for routes decide for no workload. */
function decide(subject: PolicySubject, policies: Policies, service: FindService): Decisions | undefined {
  const decided = sections.flatMap((section) => {
    const rivals = policies.filter(({ value }) => value.spec[section] !== undefined && !isForRoutes(value));
    const policy = policyFor(subject, rivals, service);
    return policy === undefined ? [] : [[section, policy.key] as const];
  });
  return decided.length === 0 ? undefined : Object.fromEntries(decided);
}

/** Whether the workload is behind a Service that logs and spans are sent to. */
function takesReports(
  subject: PolicySubject,
  { providers }: TelemetrySettings,
  read: Read,
  { services }: MeshSources,
): boolean {
  return Object.values(providers).some(({ target }) => {
    if (target.kind !== 'service' || !target.servicePort.startsWith(`${subject.namespace}/`)) return false;
    const service = read(services, target.servicePort.slice(0, target.servicePort.lastIndexOf(':')));
    return service?.selector !== undefined && hasLabels(subject.labels, service.selector);
  });
}

/**
 * `quiet`: who takes the reports tells nothing of how they arrive, unless a policy says so, because that would be a report
 * again, without end.
 */
function profileOf(
  decided: Decisions,
  { profile: shared, providers }: TelemetrySettings,
  quiet: boolean,
  policyOf: (key: string) => TelemetryPolicySource | undefined,
): TelemetryProfile | undefined {
  const written = Object.fromEntries(
    sections.flatMap((section) => {
      const value = policyOf(decided[section] ?? '')?.spec[section];
      return value === undefined ? [] : [[section, value] as const];
    }),
  );
  const { metrics, tap, accessLog, tracing } = shared;
  const heard = {
    metrics,
    tap,
    ...(accessLog !== undefined && decided.accessLog !== undefined ? { accessLog } : {}),
    ...(tracing !== undefined && decided.tracing !== undefined ? { tracing } : {}),
  };
  const own = applySections(quiet ? heard : shared, written, providers);
  return isDeepStrictEqual(own, shared) ? undefined : own;
}

function isForRoutes({ spec }: TelemetryPolicySource): boolean {
  return spec.targetRefs?.some(({ kind }) => routeKindsOfPolicies.includes(kind)) === true;
}

function routesOf({ namespace, spec }: TelemetryPolicySource): readonly string[] {
  if (spec.tracing?.samplingPercent === undefined) return [];
  return (spec.targetRefs ?? [])
    .filter(({ kind }) => routeKindsOfPolicies.includes(kind))
    .map(({ kind, name }) => `${kind}/${namespace}/${name}`);
}

function oldest<T extends Aged>(rivals: readonly IndexEntry<T>[]): IndexEntry<T> | undefined {
  return rivals.reduce<IndexEntry<T> | undefined>(
    (best, rival) => (best === undefined || byAge(rival.value, best.value) < 0 ? rival : best),
    undefined,
  );
}

interface VerdictContext extends TelemetryContext {
  readonly telemetry: Collection<TelemetrySettings>;
  readonly policies: Index<TelemetryPolicySource>;
  readonly workloadsOf: Index<Decisions>;
  readonly routeDecisions: Collection<string>;
}

function deriveVerdicts(graph: GraphApi, context: VerdictContext): Collection<TelemetryVerdict> {
  const subjects = graph.index('telemetrySubjects', context.subjects, ({ namespace }) => [namespace]);
  return graph.derive('telemetryVerdicts', context.sources.telemetryPolicies, (key, policy, read) => {
    const routes = routesOf(policy)
      .filter((route) => read(context.routeDecisions, route) === key)
      .sort();
    const workloads = (read(context.workloadsOf, key) ?? []).map((entry) => entry.key);
    const service: FindService = (name) => read(context.sources.services, name);
    const matched = (read(subjects, policy.namespace) ?? []).filter(({ value }) =>
      isForRoutes(policy) ? false : concerns(policy, value, service),
    );
    const accepted = judge(key, policy, {
      context,
      read,
      routes,
      workloads,
      matched: matched.map((each) => each.key),
    });
    return { generation: policy.generation, accepted, workloads, routes };
  });
}

interface Judged {
  readonly context: VerdictContext;
  readonly read: Read;
  readonly routes: readonly string[];
  readonly workloads: readonly string[];
  /** Workloads that it means. */
  readonly matched: readonly string[];
}

function judge(key: string, policy: TelemetryPolicySource, judged: Judged): TelemetryVerdict['accepted'] {
  const { context, read, routes, workloads } = judged;
  const refused = (reason: string, message: string) => ({ status: false, reason, message });
  const problem = problemOf(policy, read(context.telemetry, 'default'));
  if (problem !== undefined) return refused('Invalid', problem);
  const targets = policy.spec.targetRefs ?? [];
  const missing = targets
    .filter((target) => !exists(target, policy.namespace, context, read))
    .map(({ kind, name }) => `${kind}/${name}`);
  const winners = winnersOver(key, policy, judged);
  if (routes.length + workloads.length === 0 && winners.length > 0) {
    return refused('Conflicted', `older policies hold for the same: ${winners.join(', ')}`);
  }
  if (targets.length > 0 && missing.length === targets.length) {
    return refused('TargetNotFound', `there is no such target: ${missing.join(', ')}`);
  }
  const notes = [
    `in force for ${isForRoutes(policy) ? count(routes, 'route') : count(workloads, 'workload')}`,
  ];
  if (winners.length > 0) notes.push(`older policies hold for others: ${winners.join(', ')}`);
  if (missing.length > 0) notes.push(`not found: ${missing.join(', ')}`);
  return { status: true, reason: 'Accepted', message: notes.join('; ') };
}

function problemOf(
  { spec }: TelemetryPolicySource,
  settings: TelemetrySettings | undefined,
): string | undefined {
  if (settings === undefined || spec.targetRefs?.some(({ kind }) => routeKindsOfPolicies.includes(kind))) {
    return undefined;
  }
  const { profile, providers } = settings;
  return sections
    .filter((section) => spec[section] !== undefined)
    .map((section) => sectionProblem(section, spec, profile, providers))
    .find((problem) => problem !== undefined);
}

function exists(
  target: { readonly group: string; readonly kind: string; readonly name: string },
  namespace: string,
  context: VerdictContext,
  read: Read,
): boolean {
  const name = `${namespace}/${target.name}`;
  if (target.kind === 'HTTPRoute') return read(context.sources.httpRoutes, name) !== undefined;
  if (target.kind === 'GRPCRoute') return read(context.sources.grpcRoutes, name) !== undefined;
  if (target.kind === 'Gateway') return read(context.sources.gateways, name) !== undefined;
  return targetExists(target, namespace, context, read);
}

/** Policies of the same level that are older and have something of what this one says, in the places it means. */
function winnersOver(
  key: string,
  policy: TelemetryPolicySource,
  { context, read, matched }: Judged,
): readonly string[] {
  const routes = routesOf(policy);
  return (read(context.policies, policy.namespace) ?? [])
    .filter(({ key: other, value }) => {
      if (other === key || byAge(value, policy) > 0 || levelOf(value) !== levelOf(policy)) return false;
      if (routes.length > 0) return routes.some((route) => read(context.routeDecisions, route) === other);
      const shared = sections.some(
        (section) => policy.spec[section] !== undefined && value.spec[section] !== undefined,
      );
      if (!shared) return false;
      const decided = (read(context.workloadsOf, other) ?? []).map((entry) => entry.key);
      return sameScope(policy, value) || matched.some((workload) => decided.includes(workload));
    })
    .map((entry) => entry.key)
    .sort();
}

function count(list: readonly string[], what: string): string {
  return `${list.length} ${what}${list.length === 1 ? '' : 's'}`;
}
