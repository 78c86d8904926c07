import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GRPCMatch, GRPCRule } from '../kubernetes.ts';
import { byPrecedence, type RankedMatch } from './precedence.ts';
import { readRoute } from './read.ts';
import { grpcRules } from './read-grpc.ts';

const read = (...rules: readonly GRPCRule[]) =>
  readRoute(
    'GRPCRoute',
    {
      namespace: 'shop',
      name: 'r',
      createdAt: '2026-01-01T00:00:00Z',
      generation: 1,
      parentRefs: [],
      hostnames: [],
      rules,
    },
    grpcRules,
  );

const pathOf = (method: GRPCMatch['method'] & object) => {
  const { rules, problem } = read({ matches: [{ method }] });
  const path = rules[0]?.matches[0]?.match.path;
  return path === undefined ? problem?.message : `${path.type} ${path.value}`;
};

test('a method is the path of its call', () => {
  assert.equal(pathOf({ service: 'pkg.Cart', method: 'Add' }), 'Exact /pkg.Cart/Add');
  assert.equal(pathOf({ service: 'pkg.Cart' }), 'PathPrefix /pkg.Cart');
  assert.equal(pathOf({ service: 'pkg.Cart', method: '' }), 'PathPrefix /pkg.Cart');
  assert.equal(pathOf({ method: 'Add' }), 'RegularExpression /[^/]+/Add');
  assert.equal(pathOf({ method: 'A.d' }), 'RegularExpression /[^/]+/A\\.d');
  assert.equal(pathOf({}), 'PathPrefix /');
});

test('an expression stands for the whole service and the whole method', () => {
  const type = 'RegularExpression';
  assert.equal(pathOf({ type, service: 'a|b', method: 'Get.*' }), 'RegularExpression /(?:a|b)/(?:Get.*)');
  assert.equal(pathOf({ type, service: 'pkg\\..+' }), 'RegularExpression /(?:pkg\\..+)/[^/]+');
  assert.equal(pathOf({ type, method: 'Add' }), 'RegularExpression /[^/]+/(?:Add)');
});

test('what cannot be a method is told', () => {
  assert.equal(
    pathOf({ service: 'a/b' }),
    'spec.rules[0].matches[0].method: names of services and methods have no slash',
  );
  assert.match(pathOf({ service: 'a?b' }) ?? '', /method: .* has \? or # in it/);
  assert.match(pathOf({ type: 'RegularExpression', service: '(' }) ?? '', /method\.service: not a regular/);
  const swallowed = pathOf({ type: 'RegularExpression', service: '\\Qa', method: 'b' }) ?? '';
  assert.match(swallowed, /matches\[0\]\.method: not a regular expression/);
  const large = 'a{1000}b{1000}c{1000}d{1000}';
  const both = pathOf({ type: 'RegularExpression', service: large, method: large }) ?? '';
  assert.match(both, /matches\[0\]\.method: not a regular expression of RE2: it becomes too large/);
  assert.match(pathOf({ type: 'Prefix', service: 'a' }) ?? '', /method\.type: Prefix is not supported/);
});

test('a rule without matches is for every method', () => {
  const [rule] = read({}).rules;
  assert.deepEqual(rule?.matches[0]?.match.path, { type: 'PathPrefix', value: '/' });
});

test('headers, filters, weights and sessions are read as those of an HTTPRoute', () => {
  const [rule] = read({
    name: 'all',
    matches: [{ headers: [{ name: 'Version', value: 'two' }] }],
    filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['X'] } }],
    backendRefs: [{ name: 'web', port: 80, weight: 3 }],
    sessionPersistence: { type: 'Header', sessionName: 'X-Session' },
  }).rules;
  assert.equal(rule?.name, 'all');
  assert.deepEqual(rule.matches[0]?.match.headers, [{ name: 'version', type: 'Exact', value: 'two' }]);
  assert.deepEqual(rule.filters.requestHeaders?.remove, ['x']);
  assert.equal(rule.backends[0]?.share.weight, 3);
  assert.deepEqual(rule.session, {
    type: 'Header',
    name: 'x-session',
    id: rule.session?.id,
    cookieLifetime: 'Session',
  });
});

test('the longer service goes first, then the longer method, then more headers', () => {
  const headers = [{ name: 'a', value: '1' }];
  const route = { kind: 'GRPCRoute', namespace: 'shop', name: 'r', createdAt: '' } as const;
  const matches: readonly GRPCMatch[] = [
    { method: { type: 'RegularExpression', service: 'long.*', method: 'M' } },
    { method: { service: 'pkg.S', method: 'Method' }, headers },
    { method: { service: 'pkg.S', method: 'Method' } },
    { method: { service: 'pkg.S', method: 'M' } },
    { method: { service: 'pkg.S' } },
    { method: { method: 'Method' } },
    { headers },
  ];
  const ranked = read({ matches }).rules.flatMap((rule) =>
    rule.matches.map((match, matchIndex): RankedMatch => ({ ...match, route, ruleIndex: 0, matchIndex })),
  );
  assert.deepEqual(
    [...ranked]
      .reverse()
      .sort(byPrecedence)
      .map(({ matchIndex }) => matchIndex),
    [0, 1, 2, 3, 4, 5, 6],
  );
});
