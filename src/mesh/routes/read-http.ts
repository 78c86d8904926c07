/** The rules of HTTPRoutes. */

import type { HTTPBackendRef, HTTPRetry, HTTPRule } from '../kubernetes.ts';
import type { PathMatch, RetryRule } from '../model.ts';
import { readDurationMs } from './duration.ts';
import { readBackendFilters, readFilters } from './filters.ts';
import { readMatches } from './matches.ts';
import { RouteProblem } from './problem.ts';
import type { ReadBackend, ReadRule, RuleReader } from './read.ts';
import { readSession } from './session.ts';
import { checkWhole } from './values.ts';

export const httpRules: RuleReader<HTTPRule> = {
  matches: (rule, field) => readMatches(rule.matches, field).map((match) => ({ match })),
  rest(rule, field, { matches, identity }) {
    const paths = matches.map(({ path }) => path);
    const { retry, sessionPersistence } = rule;
    return {
      filters: readFilters(rule.filters, paths, field),
      backends: readBackends(rule.backendRefs, paths, field),
      ...readTimeouts(rule.timeouts, `${field}.timeouts`),
      ...(retry === undefined ? {} : { retry: readRetry(retry, `${field}.retry`) }),
      ...(sessionPersistence === undefined
        ? {}
        : { session: readSession(sessionPersistence, identity, `${field}.sessionPersistence`) }),
    };
  },
};

/** `field` is that of the rule. */
export function readBackends(
  refs: readonly HTTPBackendRef[] | undefined,
  paths: readonly PathMatch[],
  field: string,
): readonly ReadBackend[] {
  return (refs ?? []).map((ref, i) => {
    const at = `${field}.backendRefs[${i}]`;
    const { weight = 1, filters, ...target } = ref;
    const share = { weight: readWeight(weight, at), ...readBackendFilters(filters, paths, at) };
    return { ref: target, field: at, share };
  });
}

/** Most by the schema; Envoy adds them up in 32 bits. */
const heaviest = 1_000_000;

/** `field` is that of the backendRef. */
export function readWeight(weight: number, field: string): number {
  return checkWhole(weight, `${field}.weight`, { most: heaviest });
}

/** A request that may take less than one try of it makes no sense (GEP-1742). */
function readTimeouts(
  timeouts: HTTPRule['timeouts'],
  field: string,
): Pick<ReadRule, 'requestTimeoutMs' | 'backendTimeoutMs'> {
  const { request, backendRequest } = timeouts ?? {};
  const requestTimeoutMs = request === undefined ? undefined : readDurationMs(request, `${field}.request`);
  const backendTimeoutMs =
    backendRequest === undefined ? undefined : readDurationMs(backendRequest, `${field}.backendRequest`);
  if (requestTimeoutMs !== undefined && requestTimeoutMs > 0 && (backendTimeoutMs ?? 0) > requestTimeoutMs) {
    throw new RouteProblem(
      `${field}.backendRequest`,
      `${backendRequest} is longer than ${request} of request`,
    );
  }
  return {
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(backendTimeoutMs === undefined ? {} : { backendTimeoutMs }),
  };
}

/** Where a route asks for retries without saying how many. */
const defaultAttempts = 1;

function readRetry({ codes = [], attempts = defaultAttempts, backoff }: HTTPRetry, field: string): RetryRule {
  const odd = codes.find((code) => code < 400 || code > 599);
  if (odd !== undefined) throw new RouteProblem(`${field}.codes`, `${odd} is not the code of an error`);
  return {
    attempts: checkWhole(attempts, `${field}.attempts`),
    codes: [...new Set(codes)].sort((a, b) => a - b),
    ...(backoff === undefined ? {} : { backoffMs: readDurationMs(backoff, `${field}.backoff`) }),
  };
}
