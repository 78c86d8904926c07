/** The rules of GRPCRoutes: a call is a POST of HTTP/2 to /service/method. */

import type { GRPCMatch, GRPCRule } from '../kubernetes.ts';
import type { PathMatch } from '../model.ts';
import { readFilters } from './filters.ts';
import { checkRegex, matchEverything, readNamed } from './matches.ts';
import { RouteProblem } from './problem.ts';
import type { ReadMatch, RuleReader } from './read.ts';
import { readBackends } from './read-http.ts';
import { readSession } from './session.ts';
import { checkPath } from './values.ts';

export const grpcRules: RuleReader<GRPCRule> = {
  matches({ matches = [] }, field) {
    if (matches.length === 0) return [{ match: matchEverything, characters: { service: 0, method: 0 } }];
    return matches.map((match, i) => readMatch(match, `${field}.matches[${i}]`));
  },
  rest({ filters, backendRefs, sessionPersistence }, field, { identity }) {
    return {
      filters: readFilters(filters, [], field),
      backends: readBackends(backendRefs, [], field),
      ...(sessionPersistence === undefined
        ? {}
        : { session: readSession(sessionPersistence, identity, `${field}.sessionPersistence`) }),
    };
  },
};

function readMatch({ method = {}, headers }: GRPCMatch, field: string): ReadMatch {
  return {
    match: {
      path: readMethod(method, `${field}.method`),
      headers: readNamed(headers, `${field}.headers`, (name) => name.toLowerCase()),
      query: [],
    },
    characters: { service: method.service?.length ?? 0, method: method.method?.length ?? 0 },
  };
}

/** One part may be left out, or empty, which means any. */
function readMethod(
  { type = 'Exact', service = '', method = '' }: NonNullable<GRPCMatch['method']>,
  field: string,
): PathMatch {
  if (type !== 'Exact' && type !== 'RegularExpression') {
    throw new RouteProblem(`${field}.type`, `${type} is not supported`);
  }
  if (service === '' && method === '') return matchEverything.path;
  if (type === 'Exact') {
    if (`${service}${method}`.includes('/')) {
      throw new RouteProblem(field, 'names of services and methods have no slash');
    }
    checkPath(`/${service}/${method}`, field);
    if (method === '') return { type: 'PathPrefix', value: `/${service}` };
    if (service !== '') return { type: 'Exact', value: `/${service}/${method}` };
    return { type: 'RegularExpression', value: `/[^/]+/${method.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}` };
  }
  const part = (expression: string, name: string): string =>
    expression === '' ? '[^/]+' : `(?:${checkRegex(expression, `${field}.${name}`)})`;
  // Each may be fine, and both together too large; or one, such as \Q, takes in what follows it.
  return { type, value: checkRegex(`/${part(service, 'service')}/${part(method, 'method')}`, field) };
}
