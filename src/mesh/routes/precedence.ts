/** Which of several matching rules a request belongs to: the order of HTTPRoute matches in Gateway API. */

import type { PathMatch, RouteMatch } from '../model.ts';

/** One match with where it stands. */
export interface RankedMatch {
  readonly match: RouteMatch;
  readonly route: { readonly namespace: string; readonly name: string; readonly createdAt: string };
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

/**
 * Below zero where `a` goes before `b`: exact path; regular expression (its place is left to implementations);
 * longest prefix; a method; more headers; more query parameters; the older route; the first by namespace and
 * name; the earlier rule; the earlier match.
 */
export function byPrecedence(a: RankedMatch, b: RankedMatch): number {
  return (
    pathClass(a.match.path) - pathClass(b.match.path) ||
    b.match.path.value.length - a.match.path.value.length ||
    Number(b.match.method !== undefined) - Number(a.match.method !== undefined) ||
    b.match.headers.length - a.match.headers.length ||
    b.match.query.length - a.match.query.length ||
    compare(a.route.createdAt, b.route.createdAt) ||
    compare(`${a.route.namespace}/${a.route.name}`, `${b.route.namespace}/${b.route.name}`) ||
    a.ruleIndex - b.ruleIndex ||
    a.matchIndex - b.matchIndex
  );
}

const pathClasses: Readonly<Record<PathMatch['type'], number>> = {
  Exact: 0,
  RegularExpression: 1,
  PathPrefix: 2,
};

function pathClass({ type }: PathMatch): number {
  return pathClasses[type];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
