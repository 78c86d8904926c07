/** Rules that no request ever reaches, because another one means the same requests and goes first. */

import { byAge } from '../../mesh/age.ts';
import type { Check, Problem } from '../check.ts';
import type { Input } from '../input.ts';
import type { PlacedMatch, PlacedRoute } from '../placed.ts';
import type { RouteSubject } from '../subjects.ts';

export const routeMatchChecks: readonly Check<RouteSubject>[] = [
  { code: 'WEFT-ANL-20', severity: 'warning', find: unreachable },
  { code: 'WEFT-ANL-21', severity: 'warning', find: overlapping },
];

const pathOf = ({ ruleIndex, matchIndex }: PlacedMatch): string =>
  `spec.rules[${ruleIndex}].matches[${matchIndex}]`;

const isBefore = (a: PlacedMatch, b: PlacedMatch): boolean =>
  a.ruleIndex < b.ruleIndex || (a.ruleIndex === b.ruleIndex && a.matchIndex < b.matchIndex);

/** Whether all requests that `match` means at some place go to `other`, given that `other` goes first. */
const takes = (other: PlacedMatch, match: PlacedMatch): boolean =>
  other.words.some((word) => match.words.includes(word) || match.shadows.includes(word));

/** By a match of everything, wherever in the route it stands; by an equal one, if it stands before. */
function unreachable({ key }: RouteSubject, { read, derived }: Input): readonly Problem[] {
  const { matches = [] } = read(derived.placed.routes, key) ?? {};
  return matches.flatMap((match) => {
    const winner = matches.find(
      (other) =>
        other !== match &&
        takes(other, match) &&
        (isBefore(other, match) || other.words.some((word) => match.shadows.includes(word))),
    );
    if (winner === undefined) return [];
    return [
      {
        path: pathOf(match),
        message: `no request gets here: ${pathOf(winner)} of the same route means all of them and goes first`,
        fix: 'Remove one of the two, or let them match different requests.',
      },
    ];
  });
}

function overlapping({ key }: RouteSubject, input: Input): readonly Problem[] {
  const { read, derived } = input;
  const own = read(derived.placed.routes, key);
  if (own === undefined) return [];
  return own.matches.flatMap((match) => {
    const rivals = new Map(
      [...match.words, ...match.shadows].flatMap((word) =>
        (read(derived.placed.byWord, word) ?? []).map(({ key: other, value }) => [other, value] as const),
      ),
    );
    rivals.delete(key);
    const winner = [...rivals].find(([, rival]) => wins(rival, own, match));
    if (winner === undefined) return [];
    const [name] = winner;
    return [
      {
        path: pathOf(match),
        message: `${name.replace('/', ' ')} means the same requests at the same place and is ${
          rivalIsOlder(winner[1], own) ? 'older' : 'a match of every path'
        }, so this rule gets none of them there`,
        fix: 'Put the rules into one route, or let them match different requests.',
      },
    ];
  });
}

const rivalIsOlder = (rival: PlacedRoute, own: PlacedRoute): boolean => byAge(rival.route, own.route) < 0;

function wins(rival: PlacedRoute, own: PlacedRoute, match: PlacedMatch): boolean {
  return rival.matches.some(
    (other) =>
      other.words.some((word) => match.shadows.includes(word)) ||
      (rivalIsOlder(rival, own) && other.words.some((word) => match.words.includes(word))),
  );
}
