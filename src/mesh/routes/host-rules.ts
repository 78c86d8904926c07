/**
 * The rules of each domain of a listener, in order. A request that matches no rule of its own hostname belongs to those of
 * wider ones (HTTPRoute, hostnames), so narrow domains have copies of wider ones' rules. Where these would become too
 * many, since they are hostnames times rules, the rules of narrow domains move to the listener's own instead, each with
 * its host as a condition: slower to match, and no more than was written.
 */

import type { ListenerHosts } from '../gateway-model.ts';
import type { RouteRule } from '../model.ts';
import { bySpecificity, coveringHostnames } from './hostnames.ts';
import { byPrecedence } from './precedence.ts';
import type { RankedRule } from './rules.ts';

/** What one route means at a domain; `by` is the route's hostname that means it. */
export interface DomainPart {
  readonly by: string;
  readonly rules: readonly RankedRule[];
}

export type PartsByDomain = ReadonlyMap<string, readonly DomainPart[]>;

/** Of one listener; what is below it is faster to match. */
const mostCopies = 5_000;

/** `own` is the listener's hostname, `domains` are those that it serves, itself among them. */
export function arrangeHosts(
  own: string,
  domains: readonly string[],
  parts: PartsByDomain,
): ListenerHosts['hosts'] {
  const served = [...domains].sort();
  const isApart =
    copiesOf(served, parts) <= mostCopies
      ? () => true
      : (domain: string) => domain === own || (!domain.startsWith('*') && takesAll(domain, parts));
  const moved = served.filter((domain) => !isApart(domain)).sort(bySpecificity);
  const guarded = moved.flatMap((domain) =>
    inOrder(parts.get(domain) ?? []).map(({ rule }): RouteRule => ({ ...rule, host: domain })),
  );
  return served.filter(isApart).map((domain) => {
    const rules = rulesFor(domain, parts);
    return { domain, rules: domain === own ? [...guarded, ...rules] : rules };
  });
}

/** How many rules stand at domains narrower than their own. */
function copiesOf(domains: readonly string[], parts: PartsByDomain): number {
  let copies = 0;
  for (const domain of domains) {
    if (takesAll(domain, parts)) continue;
    for (const wider of coveringHostnames(domain).slice(1)) {
      for (const { rules } of parts.get(wider) ?? []) copies += rules.length;
      if (takesAll(wider, parts)) break;
    }
  }
  return copies;
}

function takesAll(domain: string, parts: PartsByDomain): boolean {
  return (parts.get(domain) ?? []).some(({ rules }) => rules.some(matchesEverything));
}

/**
 * Rules of the route whose hostname is the most specific one go first, those of wider hostnames follow. What follows a
 * rule that matches every request is left out: nothing gets there.
 */
function rulesFor(domain: string, parts: PartsByDomain): readonly RouteRule[] {
  const meant = coveringHostnames(domain).flatMap((covering) => parts.get(covering) ?? []);
  const groups = Map.groupBy(meant, ({ by }) => by);
  const rules: RouteRule[] = [];
  const taken = new Set<RankedRule>();
  for (const by of [...groups.keys()].sort(bySpecificity)) {
    const fresh = inOrder(groups.get(by) ?? []).filter((rule) => !taken.has(rule));
    for (const rule of fresh) taken.add(rule);
    for (const { rule } of fresh) rules.push(rule);
    if (fresh.some(matchesEverything)) break;
  }
  return rules;
}

/** Each once. */
function inOrder(parts: readonly DomainPart[]): readonly RankedRule[] {
  return [...new Set(parts.flatMap(({ rules }) => rules))].sort(byPrecedence);
}

function matchesEverything({ match, characters }: RankedRule): boolean {
  const { path, method, headers, query } = match;
  const anyPath = path.type === 'PathPrefix' && path.value === '/';
  return characters === undefined && anyPath && method === undefined && headers.length + query.length === 0;
}
