/**
 * Where each match of each route stands, as words that can be compared: two matches of one word compete for the same
 * requests, and the one that comes first gets them all. Indexed, so that one route is compared with its rivals alone.
 */

import type { Collection, GraphApi, Index } from '../graph/types.ts';
import type { RouteMatch } from '../mesh/model.ts';
import { tableKey } from '../mesh/routes/attach-service.ts';
import type { RouteAttachments } from '../mesh/routes/attachments.ts';
import type { Ranked } from '../mesh/routes/precedence.ts';
import type { ReadRoute } from '../mesh/routes/read.ts';
import type { WorkedMesh } from '../mesh/workings.ts';

export interface PlacedMatch {
  readonly ruleIndex: number;
  readonly matchIndex: number;
  /** One for each place at which the route stands, that of a match of everything among them. */
  readonly words: readonly string[];
  /** Words of a match of everything, which would go before this one. */
  readonly shadows: readonly string[];
}

export interface PlacedRoute {
  readonly route: Ranked;
  readonly matches: readonly PlacedMatch[];
}

export interface Placed {
  /** Keyed `<kind>/<namespace>/<name>`. */
  readonly routes: Collection<PlacedRoute>;
  readonly byWord: Index<PlacedRoute>;
}

export function createPlaced(graph: GraphApi, { workings }: WorkedMesh): Placed {
  const routes = graph.derive('analysis/placed', workings.attachments.byRoute, (key, attachments, read) => {
    const route = read(workings.routes, key);
    const isHTTP = attachments.kind === 'HTTPRoute' || attachments.kind === 'GRPCRoute';
    const places = isHTTP ? placesOf(attachments) : [];
    if (route === undefined || attachments.invalid || places.length === 0) return undefined;
    return placeRoute(route, places);
  });
  const byWord = graph.index('analysis/byWord', routes, ({ matches }) => [
    ...new Set(matches.flatMap(({ words }) => words)),
  ]);
  return { routes, byWord };
}

/** Tables of Services and domains of listeners. Routes of several kinds do not compete by match. */
function placesOf({ kind, namespace, parents }: RouteAttachments): readonly string[] {
  const places = parents.flatMap(({ to }) => {
    if ('ports' in to) {
      const [serviceNamespace = ''] = to.service.split('/');
      return to.ports.map((port) => tableKey(port, serviceNamespace, namespace));
    }
    if (!('listeners' in to)) return [];
    return to.listeners.flatMap(({ listener, domains }) =>
      domains.map(({ domain }) => `${listener} ${domain}`),
    );
  });
  return [...new Set(places)].map((place) => `${kind} ${place}`);
}

function placeRoute(
  { kind, namespace, name, createdAt, rules }: ReadRoute,
  places: readonly string[],
): PlacedRoute {
  const matches = rules.flatMap(({ index: ruleIndex, matches: own }) =>
    own.map(({ match }, matchIndex): PlacedMatch => {
      const word = isEverything(match) ? everything : wordOf(match);
      const isShadowed = match.path.type === 'PathPrefix';
      return {
        ruleIndex,
        matchIndex,
        words: places.map((place) => `${place} ${word}`),
        shadows: isShadowed ? places.map((place) => `${place} ${everything}`) : [],
      };
    }),
  );
  return { route: { kind, namespace, name, createdAt }, matches };
}

const everything = '(every path by a regular expression)';

/** Regular expressions go before prefixes, whatever they match. */
function isEverything({ path, method, headers, query }: RouteMatch): boolean {
  const isWhole = path.type === 'RegularExpression' && /^\^?\/?\.\*\$?$/.test(path.value);
  return isWhole && method === undefined && headers.length === 0 && query.length === 0;
}

function wordOf({ path, method = '', headers, query }: RouteMatch): string {
  const named = (list: RouteMatch['headers']): string =>
    list
      .map(({ name, type, value }) => JSON.stringify([name, type, value]))
      .sort()
      .join();
  return [path.type, path.value, method, named(headers), named(query)].join(' ');
}
