/** Matches of an HTTPRoute's rules, as written -> RouteMatch; those of headers are a GRPCRoute's too. */

import type { HTTPMatch, NamedMatch } from '../kubernetes.ts';
import type { PathMatch, RouteMatch, StringMatch } from '../model.ts';
import { RouteProblem } from './problem.ts';
import { regexProblem, regexSize } from './regex.ts';
import { checkPath, checkToken } from './values.ts';

const everything: PathMatch = { type: 'PathPrefix', value: '/' };

export const matchEverything: RouteMatch = { path: everything, headers: [], query: [] };

/** A rule without matches matches everything. `field` is that of the rule. */
export function readMatches(matches: readonly HTTPMatch[] | undefined, field: string): readonly RouteMatch[] {
  if (matches === undefined || matches.length === 0) return [matchEverything];
  return matches.map((match, i) => readMatch(match, `${field}.matches[${i}]`));
}

function readMatch(match: HTTPMatch, field: string): RouteMatch {
  return {
    path: readPath(match.path, `${field}.path`),
    ...(match.method === undefined ? {} : { method: match.method }),
    headers: readNamed(match.headers, `${field}.headers`, (name) => name.toLowerCase()),
    query: readNamed(match.queryParams, `${field}.queryParams`, (name) => name),
  };
}

function readPath(path: HTTPMatch['path'], field: string): PathMatch {
  const { type = 'PathPrefix', value = '/' } = path ?? {};
  if (type === 'Exact') return { type, value: checkPath(value, `${field}.value`) };
  if (type === 'RegularExpression') return { type, value: checkRegex(value, `${field}.value`) };
  if (type !== 'PathPrefix') throw new RouteProblem(`${field}.type`, `${type} is not supported`);
  // Matching goes by path element, so a trailing slash says nothing.
  const stripped = checkPath(value, `${field}.value`).replace(/\/+$/, '');
  return { type, value: stripped === '' ? '/' : stripped };
}

/** Where a name stands twice, the first counts (Gateway API). */
export function readNamed(
  matches: readonly NamedMatch[] | undefined,
  field: string,
  normalize: (name: string) => string,
): RouteMatch['headers'] {
  const byName = new Map<string, StringMatch & { readonly name: string }>();
  for (const [i, { type = 'Exact', name, value }] of (matches ?? []).entries()) {
    const known = normalize(checkToken(name, `${field}[${i}].name`));
    if (byName.has(known)) continue;
    if (type === 'Exact') byName.set(known, { name: known, type, value });
    else if (type === 'RegularExpression') {
      byName.set(known, { name: known, type, value: checkRegex(value, `${field}[${i}].value`) });
    } else throw new RouteProblem(`${field}[${i}].type`, `${type} is not supported`);
  }
  return [...byName.values()];
}

export function checkRegex(expression: string, field: string): string {
  // RE2 would take it, and match everywhere; Envoy does not.
  if (expression === '') throw new RouteProblem(field, 'an expression is missing');
  const problem = regexProblem(expression);
  if (problem !== undefined) throw new RouteProblem(field, `not a regular expression of RE2: ${problem}`);
  return expression;
}

/** Instructions of all regular expressions of a match that has been read. */
export function expressionsSize({ path, headers, query }: RouteMatch): number {
  let size = 0;
  for (const { type, value } of [path, ...headers, ...query]) {
    if (type === 'RegularExpression') size += regexSize(value);
  }
  return size;
}
