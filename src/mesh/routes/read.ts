/**
 * Routes of every kind, as written -> rules, checked and normalized, with backends not looked up yet. What is wrong
 * with one rule concerns that rule alone: the others hold, and the status says so (Gateway API, PartiallyInvalid).
 */

import { isHostname } from '../hostname.ts';
import type { BackendRef } from '../kubernetes.ts';
import type { RetryRule, RouteBackend, RouteKind, RouteMatch, SessionPersistence } from '../model.ts';
import type { RouteSource } from '../sources.ts';
import type { ReadFilters } from './filters.ts';
import { expressionsSize } from './matches.ts';
import { type ProblemReason, RouteProblem } from './problem.ts';
import { type Reference, referencesOf, type ReferringRule } from './references.ts';

export interface ReadRoute {
  readonly kind: RouteKind;
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly parentRefs: RouteSource<unknown>['parentRefs'];
  /** In lower case. */
  readonly hostnames: readonly string[];
  /** Set where no rule holds, or a hostname is none: the route cannot be accepted, and has no rules. */
  readonly problem?: { readonly reason: ProblemReason; readonly message: string };
  /** Set where some rules do not hold. */
  readonly partiallyInvalid?: { readonly reason: 'UnsupportedValue'; readonly message: string };
  readonly rules: readonly ReadRule[];
  /** Of all rules, those that do not hold included. */
  readonly references: readonly Reference[];
}

export interface ReadRule {
  /** Its place in the route. */
  readonly index: number;
  readonly name?: string;
  /** Empty for a TLSRoute, TCPRoute or UDPRoute. */
  readonly matches: readonly ReadMatch[];
  readonly filters: ReadFilters;
  readonly backends: readonly ReadBackend[];
  readonly requestTimeoutMs?: number;
  readonly backendTimeoutMs?: number;
  readonly retry?: RetryRule;
  readonly session?: SessionPersistence;
}

export interface ReadMatch {
  readonly match: RouteMatch;
  /** Of a GRPCRoute: how many characters of service and method are matched, which decides its precedence. */
  readonly characters?: { readonly service: number; readonly method: number };
}

export interface ReadBackend {
  readonly ref: BackendRef;
  readonly field: string;
  readonly share: Omit<RouteBackend, 'servicePort' | 'upstream'>;
}

/** How the rules of one kind are read. Both throw RouteProblem; `field` is that of the rule. */
export interface RuleReader<Rule> {
  matches(rule: Rule, field: string): readonly ReadMatch[];
  rest(rule: Rule, field: string, read: RuleContext): Omit<ReadRule, 'index' | 'name' | 'matches'>;
}

export interface RuleContext {
  readonly matches: readonly RouteMatch[];
  /** Tells the rule from all others of the cluster. */
  readonly identity: string;
}

/**
 * Instructions of all regular expressions of a route. Proxies compile them one after the other, about a million in half
 * a second, and do nothing else meanwhile for anybody's configuration.
 */
const mostExpressions = 500_000;
const tooLarge = 'with these the regular expressions of the route become too large together';

export function readRoute<Rule extends ReferringRule & { readonly name?: string }>(
  kind: RouteKind,
  route: RouteSource<Rule>,
  reader: RuleReader<Rule>,
): ReadRoute {
  const { namespace, name, createdAt, generation, parentRefs } = route;
  const hostnames = route.hostnames.map((hostname) => hostname.toLowerCase());
  const references = route.rules.flatMap((rule, index) => referencesOf(rule, `spec.rules[${index}]`));
  const known = { kind, namespace, name, createdAt, generation, parentRefs, hostnames, references };
  const odd = hostnames.findIndex((hostname) => !isHostname(hostname));
  if (odd !== -1) {
    const message = `spec.hostnames[${odd}]: ${JSON.stringify(hostnames[odd])} is not a hostname`;
    return { ...known, rules: [], problem: { reason: 'UnsupportedValue', message } };
  }
  const problems: string[] = [];
  let expressions = 0;
  let first: RouteProblem | undefined;
  const note = (problem: RouteProblem, index: number, consequence: string): void => {
    first ??= problem;
    problems.push(`rule ${index} ${consequence}: ${problem.message}`);
  };
  const rules = route.rules.flatMap((rule, index): readonly ReadRule[] => {
    const field = `spec.rules[${index}]`;
    const base = { index, ...(rule.name === undefined ? {} : { name: rule.name }) };
    const matches = attempt(() => reader.matches(rule, field));
    if (matches instanceof RouteProblem) {
      note(matches, index, 'is left out');
      return [];
    }
    const size = matches.reduce((sum, { match }) => sum + expressionsSize(match), 0);
    if (expressions + size > mostExpressions) {
      note(new RouteProblem(`${field}.matches`, tooLarge), index, 'is left out');
      return [];
    }
    expressions += size;
    const identity = `${kind}/${namespace}/${name}/${index}`;
    const rest = attempt(() =>
      reader.rest(rule, field, { matches: matches.map(({ match }) => match), identity }),
    );
    if (!(rest instanceof RouteProblem)) return [{ ...base, matches, ...rest }];
    // Requests that it means must not fall to another rule, past a filter that was to hold them up.
    note(rest, index, 'answers 500');
    return [{ ...base, matches, filters: { mirrors: [] }, backends: [] }];
  });
  if (first === undefined) return { ...known, rules };
  if (problems.length === route.rules.length) {
    return { ...known, rules: [], problem: { reason: first.reason, message: first.message } };
  }
  const message = `Dropped Rule: ${problems.join('; ')}`;
  return { ...known, rules, partiallyInvalid: { reason: 'UnsupportedValue', message } };
}

function attempt<T>(run: () => T): T | RouteProblem {
  try {
    return run();
  } catch (error) {
    if (error instanceof RouteProblem) return error;
    throw error;
  }
}
