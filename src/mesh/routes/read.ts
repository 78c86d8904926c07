/** An HTTPRoute as written -> its rules, checked and normalized, with backends not looked up yet. */

import type { BackendRef, HTTPBackendRef, HTTPRule } from '../kubernetes.ts';
import type { RouteBackend, RouteMatch } from '../model.ts';
import type { HTTPRouteSource } from '../sources.ts';
import { parseDurationMs } from './duration.ts';
import { readBackendFilters, readFilters, type ReadFilters } from './filters.ts';
import { readMatches } from './matches.ts';
import { type ProblemReason, RouteProblem } from './problem.ts';

export interface ReadRoute {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly parentRefs: HTTPRouteSource['parentRefs'];
  /** Set where the route cannot be accepted; it has no rules then. */
  readonly problem?: { readonly reason: ProblemReason; readonly message: string };
  readonly rules: readonly ReadRule[];
}

export interface ReadRule {
  readonly name?: string;
  readonly matches: readonly RouteMatch[];
  readonly filters: ReadFilters;
  readonly backends: readonly ReadBackend[];
  readonly requestTimeoutMs?: number;
  readonly backendTimeoutMs?: number;
}

export interface ReadBackend {
  readonly ref: BackendRef;
  readonly field: string;
  readonly share: Omit<RouteBackend, 'servicePort'>;
}

export function readRoute(route: HTTPRouteSource): ReadRoute {
  const { namespace, name, createdAt, generation, parentRefs } = route;
  const known = { namespace, name, createdAt, generation, parentRefs };
  try {
    return { ...known, rules: route.rules.map((rule, i) => readRule(rule, `spec.rules[${i}]`)) };
  } catch (error) {
    if (!(error instanceof RouteProblem)) throw error;
    return { ...known, rules: [], problem: { reason: error.reason, message: error.message } };
  }
}

function readRule(rule: HTTPRule, field: string): ReadRule {
  if (rule.retry !== undefined) throw new RouteProblem(`${field}.retry`, 'is not supported');
  if (rule.sessionPersistence !== undefined) {
    throw new RouteProblem(`${field}.sessionPersistence`, 'is not supported');
  }
  const matches = readMatches(rule.matches, field);
  const paths = matches.map(({ path }) => path);
  const { request, backendRequest } = rule.timeouts ?? {};
  return {
    ...(rule.name === undefined ? {} : { name: rule.name }),
    matches,
    filters: readFilters(rule.filters, paths, field),
    backends: (rule.backendRefs ?? []).map((ref, i) => readBackend(ref, `${field}.backendRefs[${i}]`)),
    ...(request === undefined
      ? {}
      : { requestTimeoutMs: readDuration(request, `${field}.timeouts.request`) }),
    ...(backendRequest === undefined
      ? {}
      : { backendTimeoutMs: readDuration(backendRequest, `${field}.timeouts.backendRequest`) }),
  };
}

function readBackend(ref: HTTPBackendRef, field: string): ReadBackend {
  const { weight = 1, filters, ...target } = ref;
  return { ref: target, field, share: { weight, ...readBackendFilters(filters, field) } };
}

function readDuration(text: string, field: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined)
    throw new RouteProblem(field, `${text} is not a duration such as 500ms or 1m30s`);
  return durationMs;
}
