/** `routes`: what each matches and does, whether its parents take it, and how its split looks in live traffic. */

import type { ReadRoute, ReadRule } from '../../mesh/routes/read.ts';
import type { RouteVerdict } from '../../mesh/model.ts';
import type { Scope } from '../access.ts';
import { isWanted, refOf } from './refs.ts';
import { actionsOf, matchInWords } from './rule-words.ts';
import type { RouteShare } from './traffic.ts';
import type { RouteBackendView, RouteParentView, RouteRuleView, RouteView } from './types.ts';
import { membersOf, type World } from './world.ts';

export function listRoutes(world: World, scope: Scope): readonly RouteView[] {
  const members = membersOf(world);
  const verdicts = verdictsByRoute(world);
  const views: RouteView[] = [];
  for (const [key, route] of world.mesh.workings.routes.entries()) {
    const { kind, namespace, name, hostnames } = route;
    if (!isWanted(namespace, scope)) continue;
    const split = splitOf(route, world.traffic.sharesOfRoute(`${namespace}/${name}`), members);
    views.push({
      kind,
      namespace,
      name,
      hostnames,
      parents: (verdicts.get(key) ?? []).map((verdict) => parentView(verdict, namespace, scope)),
      rules: route.rules.map((rule) => ruleView(rule, namespace, split, scope)),
      traffic: world.traffic.ofRoute(`${namespace}/${name}`),
    });
  }
  return views.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ namespace, kind, name }: RouteView): string {
  return `${namespace}/${kind}/${name}`;
}

function verdictsByRoute({ mesh }: World): ReadonlyMap<string, readonly RouteVerdict[]> {
  const verdicts = new Map<string, RouteVerdict[]>();
  for (const [, verdict] of mesh.routeVerdicts.entries()) {
    const key = `${verdict.kind}/${verdict.route}`;
    const known = verdicts.get(key);
    if (known === undefined) verdicts.set(key, [verdict]);
    else known.push(verdict);
  }
  for (const all of verdicts.values()) all.sort((a, b) => a.parentIndex - b.parentIndex);
  return verdicts;
}

function parentView(verdict: RouteVerdict, ownNamespace: string, scope: Scope): RouteParentView {
  const { parentRef, accepted, resolvedRefs } = verdict;
  const { reason, message } = accepted.status && !resolvedRefs.status ? resolvedRefs : accepted;
  const namespace = parentRef.namespace ?? ownNamespace;
  return {
    object: refOf(parentRef.kind ?? 'Gateway', `${namespace}/${parentRef.name}`, scope),
    accepted: accepted.status,
    resolved: resolvedRefs.status,
    reason,
    message,
  };
}

function ruleView(rule: ReadRule, namespace: string, split: Split, scope: Scope): RouteRuleView {
  const total = rule.backends.reduce((sum, { share }) => sum + share.weight, 0);
  return {
    name: rule.name ?? '',
    matches: rule.matches.map(({ match }) => matchInWords(match)).filter((words) => words !== ''),
    actions: actionsOf(rule),
    backends: rule.backends.map(({ ref, share }): RouteBackendView => {
      const service = `${ref.namespace ?? namespace}/${ref.name}`;
      const seen = split.get(service);
      return {
        object: refOf(ref.kind ?? 'Service', service, scope),
        ...(ref.port === undefined ? {} : { port: ref.port }),
        weight: share.weight,
        share: total === 0 ? 0 : share.weight / total,
        ...(seen === undefined ? { requestsPerSecond: 0 } : seen),
      };
    }),
  };
}

/** By Service, of what the route sent; a Service of which it cannot be told apart is absent. */
type Split = ReadonlyMap<string, Pick<RouteBackendView, 'seen' | 'requestsPerSecond' | 'successRate'>>;

const windowSeconds = 60;

/**
 * Clients count by the Service they called, which is the route's parent, and by the workload that answered; gateways by
 * the Service that they chose. A workload behind two Services of one route says nothing of the split between them.
 */
function splitOf(
  route: ReadRoute,
  shares: readonly RouteShare[],
  members: ReadonlyMap<string, ReadonlySet<string>>,
): Split {
  const backends = new Set(
    route.rules.flatMap(({ backends: all }) =>
      all.map(({ ref }) => `${ref.namespace ?? route.namespace}/${ref.name}`),
    ),
  );
  const sent = new Map<string, { requests: number; failures: number }>();
  let total = 0;
  for (const { service, workload, counts, requests } of shares) {
    const owners = [...backends].filter((backend) => members.get(backend)?.has(workload) === true);
    const [owner, second] = owners;
    const backend = second === undefined ? owner : owners.find((one) => one === service);
    const chosen = backend ?? (backends.has(service) && workload === '' ? service : undefined);
    if (chosen === undefined) continue;
    // What reached nobody has no share in the split.
    total += requests;
    const sum = sent.get(chosen) ?? { requests: 0, failures: 0 };
    sent.set(chosen, { requests: sum.requests + requests, failures: sum.failures + counts.failures });
  }
  return new Map(
    [...backends].flatMap((backend) => {
      if (total === 0) return [];
      const { requests, failures } = sent.get(backend) ?? { requests: 0, failures: 0 };
      const rate = requests === 0 ? {} : { successRate: Math.max(0, 1 - failures / requests) };
      return [
        [backend, { seen: requests / total, requestsPerSecond: requests / windowSeconds, ...rate }] as const,
      ];
    }),
  );
}
