import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteMatch } from '../model.ts';
import { byPrecedence, type RankedMatch } from './precedence.ts';

const any = {
  path: { type: 'PathPrefix', value: '/' },
  headers: [],
  query: [],
} as const satisfies RouteMatch;
const route = { kind: 'HTTPRoute', namespace: 'shop', name: 'b', createdAt: '2026-01-02T00:00:00Z' } as const;

function ranked(match: Partial<RouteMatch>, rest: Partial<RankedMatch> = {}): RankedMatch {
  return { match: { ...any, ...match }, route, ruleIndex: 1, matchIndex: 1, ...rest };
}

const path = (type: 'Exact' | 'PathPrefix' | 'RegularExpression', value: string) => ({
  path: { type, value },
});
const named = (...names: string[]) => names.map((name) => ({ name, type: 'Exact', value: 'x' }) as const);

/** In the order in which they must be tried: each wins over all that follow. */
const inOrder: readonly RankedMatch[] = [
  ranked({}, { characters: { service: 9, method: 1 } }),
  ranked(path('Exact', '/pkg.S/Method'), { characters: { service: 5, method: 6 } }),
  ranked(
    { ...path('PathPrefix', '/pkg.S'), headers: named('x', 'y') },
    { characters: { service: 5, method: 0 } },
  ),
  ranked(path('PathPrefix', '/pkg.S'), { characters: { service: 5, method: 0 } }),
  ranked({}, { characters: { service: 0, method: 0 } }),
  ranked(path('Exact', '/a/long/exact/path')),
  ranked(path('Exact', '/a')),
  ranked(path('RegularExpression', '/a.*')),
  ranked(path('PathPrefix', '/a/much/longer/prefix')),
  ranked({ ...path('PathPrefix', '/ab'), method: 'GET', headers: named('x', 'y', 'z') }),
  ranked({ ...path('PathPrefix', '/ab'), method: 'GET' }),
  ranked({ ...path('PathPrefix', '/ab'), headers: named('x', 'y'), query: named('q') }),
  ranked({ ...path('PathPrefix', '/ab'), headers: named('x', 'y') }),
  ranked({ ...path('PathPrefix', '/ab'), headers: named('x'), query: named('q', 'r', 's') }),
  ranked({ ...path('PathPrefix', '/ab'), query: named('q', 'r') }),
  ranked({ ...path('PathPrefix', '/ab'), query: named('q') }),
  ranked({}, { route: { ...route, name: 'z', createdAt: '2026-01-01T00:00:00Z' }, ruleIndex: 9 }),
  ranked({}, { route: { ...route, namespace: 'a', name: 'z' }, ruleIndex: 9 }),
  ranked({}, { route: { ...route, name: 'a' }, ruleIndex: 9 }),
  ranked({}, { ruleIndex: 0, matchIndex: 9 }),
  ranked({}, { matchIndex: 0 }),
  ranked({}),
];

test('every criterion decides before those that follow it', () => {
  for (const [i, first] of inOrder.entries()) {
    for (const [j, second] of inOrder.entries()) {
      const expected = Math.sign(i - j);
      assert.equal(Math.sign(byPrecedence(first, second)), expected, `${i} against ${j}`);
    }
  }
});

test('the order does not depend on where one begins', () => {
  for (let shift = 0; shift < inOrder.length; shift++) {
    const shuffled = inOrder.map((_, i) => inOrder[(i * 5 + shift) % inOrder.length] as RankedMatch);
    assert.deepEqual(shuffled.sort(byPrecedence), inOrder);
  }
});
