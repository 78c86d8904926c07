/** Which of several matching rules a request belongs to: the order of HTTPRoute and GRPCRoute matches in Gateway API. */

import { type Aged, byAge } from '../age.ts';
import type { PathMatch, RouteKind, RouteMatch } from '../model.ts';

/** One match with where it stands. */
export interface RankedMatch {
  readonly match: RouteMatch;
  /** Of a GRPCRoute: how many characters of service and method are matched. */
  readonly characters?: { readonly service: number; readonly method: number };
  readonly route: Ranked;
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

/** What decides between routes. */
export interface Ranked extends Aged {
  readonly kind: RouteKind;
}

/**
 * Below zero where `a` goes before `b`: a GRPCRoute, which means gRPC requests alone, before an HTTPRoute; then of
 * GRPCRoutes the longer service and the longer method, of HTTPRoutes the exact path, the regular expression (its place
 * is left to implementations), the longest prefix, and a method; more headers; more query parameters; the older route;
 * the first by namespace and name; the earlier rule; the earlier match.
 */
export function byPrecedence(a: RankedMatch, b: RankedMatch): number {
  return (
    Number(a.characters === undefined) - Number(b.characters === undefined) ||
    (b.characters?.service ?? 0) - (a.characters?.service ?? 0) ||
    (b.characters?.method ?? 0) - (a.characters?.method ?? 0) ||
    pathClass(a.match.path) - pathClass(b.match.path) ||
    b.match.path.value.length - a.match.path.value.length ||
    Number(b.match.method !== undefined) - Number(a.match.method !== undefined) ||
    b.match.headers.length - a.match.headers.length ||
    b.match.query.length - a.match.query.length ||
    byAge(a.route, b.route) ||
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
