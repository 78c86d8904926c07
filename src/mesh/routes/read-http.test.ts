import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HTTPFilter, HTTPRule } from '../kubernetes.ts';
import { readRoute } from './read.ts';
import { httpRules } from './read-http.ts';

const read = (...rules: readonly HTTPRule[]) =>
  readRoute(
    'HTTPRoute',
    {
      namespace: 'shop',
      name: 'r',
      createdAt: '2026-01-01T00:00:00Z',
      generation: 1,
      parentRefs: [],
      hostnames: ['A.Example.com'],
      rules,
    },
    httpRules,
  );
const problemOf = (rule: HTTPRule) => read(rule).problem?.message;

test('hostnames are read in lower case', () => {
  assert.deepEqual(read({}).hostnames, ['a.example.com']);
});

test('a timeout of zero is one that somebody has switched off', () => {
  const [rule] = read({ timeouts: { request: '0s', backendRequest: '0ms' } }).rules;
  assert.deepEqual([rule?.requestTimeoutMs, rule?.backendTimeoutMs], [0, 0]);
  const [without] = read({}).rules;
  assert.deepEqual([without?.requestTimeoutMs, without?.backendTimeoutMs], [undefined, undefined]);
});

test('one try may not take longer than the whole request, unless that has no limit', () => {
  const message = 'spec.rules[0].timeouts.backendRequest: 2s is longer than 1s of request';
  assert.equal(problemOf({ timeouts: { request: '1s', backendRequest: '2s' } }), message);
  assert.equal(problemOf({ timeouts: { request: '0s', backendRequest: '2s' } }), undefined);
  assert.equal(problemOf({ timeouts: { request: '2s', backendRequest: '2s' } }), undefined);
  assert.equal(problemOf({ timeouts: { backendRequest: '2s' } }), undefined);
});

test('retries have codes in order, each once, and one attempt where none is given', () => {
  const retryOf = (retry: HTTPRule['retry'] & object) => read({ retry }).rules[0]?.retry;
  assert.deepEqual(retryOf({}), { attempts: 1, codes: [] });
  assert.deepEqual(retryOf({ attempts: 3, codes: [503, 500, 503], backoff: '25ms' }), {
    attempts: 3,
    codes: [500, 503],
    backoffMs: 25,
  });
  assert.equal(
    problemOf({ retry: { codes: [200] } }),
    'spec.rules[0].retry.codes: 200 is not the code of an error',
  );
});

test('a session without a name gets one that no other rule has', () => {
  const { rules } = read({ sessionPersistence: {} }, { sessionPersistence: {} }, {});
  const [first, second, third] = rules.map(({ session }) => session);
  assert.match(first?.name ?? '', /^weft-session-[0-9a-f]{12}$/);
  assert.notEqual(first?.name, second?.name);
  assert.equal(third, undefined);
  assert.deepEqual(first, {
    type: 'Cookie',
    name: first?.name,
    id: first?.name.slice(-12),
    cookieLifetime: 'Session',
  });
});

test('a session may be permanent if it says how long', () => {
  const cookieConfig = { lifetimeType: 'Permanent' };
  const [rule] = read({
    sessionPersistence: { sessionName: 'Mine', absoluteTimeout: '1h', cookieConfig },
  }).rules;
  const expected = {
    type: 'Cookie',
    name: 'Mine',
    id: rule?.session?.id,
    cookieLifetime: 'Permanent',
    absoluteTimeoutMs: 3_600_000,
  };
  assert.deepEqual(rule?.session, expected);
  assert.equal(
    problemOf({ sessionPersistence: { cookieConfig } }),
    'spec.rules[0].sessionPersistence.absoluteTimeout: is missing, which a permanent cookie needs',
  );
});

const filtersOf = (filter: HTTPFilter) => read({ filters: [filter] }).rules[0]?.filters;

test('CORS has the defaults of the API, and origins that are origins', () => {
  assert.deepEqual(filtersOf({ type: 'CORS', cors: {} })?.cors, {
    allowOrigins: [],
    allowMethods: [],
    allowHeaders: [],
    exposeHeaders: [],
    allowCredentials: false,
    maxAgeSeconds: 5,
  });
  const allowOrigins = ['https://*.example.com', 'http://a.example:8080', '*'];
  assert.deepEqual(filtersOf({ type: 'CORS', cors: { allowOrigins } })?.cors?.allowOrigins, allowOrigins);
  assert.equal(
    problemOf({ filters: [{ type: 'CORS', cors: { allowOrigins: ['example.com'] } }] }),
    'spec.rules[0].filters[0].cors.allowOrigins: example.com is neither * nor scheme://host[:port]',
  );
});

test('external authorization by gRPC and by HTTP has what belongs to each', () => {
  const backendRef = { name: 'auth', port: 9000 };
  const grpc = filtersOf({
    type: 'ExternalAuth',
    externalAuth: { protocol: 'GRPC', backendRef, grpc: { allowedHeaders: ['X-Token'] } },
  });
  assert.deepEqual(grpc?.externalAuth, {
    ref: backendRef,
    field: 'spec.rules[0].filters[0].externalAuth.backendRef',
    auth: {
      protocol: 'GRPC',
      allowedRequestHeaders: ['x-token'],
      allowedResponseHeaders: [],
      forwardBodyBytes: 0,
    },
  });
  const http = { path: '/check', allowedHeaders: ['X-Token'], allowedResponseHeaders: ['X-User'] };
  const byHTTP = filtersOf({
    type: 'ExternalAuth',
    externalAuth: { protocol: 'HTTP', backendRef, http, forwardBody: { maxSize: 1024 } },
  });
  assert.deepEqual(byHTTP?.externalAuth?.auth, {
    protocol: 'HTTP',
    path: '/check',
    allowedRequestHeaders: ['x-token'],
    allowedResponseHeaders: ['x-user'],
    forwardBodyBytes: 1024,
  });
});

test('the prefix of external authorization begins with a slash, whether written so or not', () => {
  const backendRef = { name: 'auth', port: 9000 };
  const pathOf = (path: string) =>
    filtersOf({ type: 'ExternalAuth', externalAuth: { protocol: 'HTTP', backendRef, http: { path } } })
      ?.externalAuth?.auth.path;
  assert.deepEqual([pathOf('/a'), pathOf('a/b'), pathOf('')], ['/a', '/a/b', undefined]);
});

test('what a schema should have kept away is refused with its field', () => {
  const backendRef = { name: 'auth', port: 9000 };
  const auth = { protocol: 'HTTP', backendRef, http: { path: '/a?b' } };
  const large = { protocol: 'GRPC', backendRef, forwardBody: { maxSize: 2 ** 40 } };
  const rules: readonly (readonly [HTTPRule, RegExp])[] = [
    [{ backendRefs: [{ name: 'a', port: 80, weight: 2 ** 31 }] }, /backendRefs\[0\]\.weight: /],
    [{ backendRefs: [{ name: 'a', port: 80, weight: -1 }] }, /backendRefs\[0\]\.weight: /],
    [{ retry: { attempts: 2 ** 40 } }, /retry\.attempts: /],
    [{ filters: [{ type: 'CORS', cors: { maxAge: -1 } }] }, /cors\.maxAge: /],
    [{ filters: [{ type: 'CORS', cors: { allowHeaders: ['a b'] } }] }, /cors\.allowHeaders\[0\]: /],
    [{ filters: [{ type: 'ExternalAuth', externalAuth: auth }] }, /externalAuth\.http\.path: /],
    [{ filters: [{ type: 'ExternalAuth', externalAuth: large }] }, /forwardBody\.maxSize: /],
    [{ matches: [{ path: { type: 'Exact', value: '/a?b' } }] }, /matches\[0\]\.path\.value: /],
    [{ matches: [{ path: { value: 'a' } }] }, /matches\[0\]\.path\.value: /],
    [{ matches: [{ queryParams: [{ name: '', value: 'v' }] }] }, /queryParams\[0\]\.name: /],
  ];
  for (const [rule, message] of rules) assert.match(problemOf(rule) ?? '', message);
});

test('a hostname that is none costs the route: without it, it would mean others', () => {
  const route = readRoute(
    'HTTPRoute',
    {
      namespace: 'shop',
      name: 'r',
      createdAt: '',
      generation: 1,
      parentRefs: [],
      hostnames: ['a.example.com', 'a..b'],
      rules: [{}],
    },
    httpRules,
  );
  const message = 'spec.hostnames[1]: "a..b" is not a hostname';
  assert.deepEqual(route.problem, { reason: 'UnsupportedValue', message });
  assert.deepEqual(route.rules, []);
});

test('expressions that are fine one by one are too large where a route has hundreds of large ones', () => {
  const matches = (repeated: number) =>
    Array.from({ length: 64 }, () => ({
      headers: Array.from({ length: 16 }, (_, i) => ({
        type: 'RegularExpression',
        name: `h${i}`,
        value: `a{${repeated}}`,
      })),
    }));
  assert.equal(read({ matches: matches(50) }).partiallyInvalid, undefined);
  const both = read({ matches: matches(50) }, { matches: matches(900) }, {});
  assert.deepEqual(
    both.rules.map(({ index }) => index),
    [0, 2],
  );
  assert.match(both.partiallyInvalid?.message ?? '', /rule 1 is left out: .*too large together$/);
});

test('what is wrong with one rule is told as such, and what becomes of its requests', () => {
  const route = read(
    { backendRefs: [{ name: 'web', port: 80 }] },
    { filters: [{ type: 'ExtensionRef' }] },
    { matches: [{ path: { type: 'Glob', value: '*' } }] },
  );
  assert.equal(route.problem, undefined);
  assert.deepEqual(
    route.rules.map(({ index, backends }) => [index, backends.length]),
    [
      [0, 1],
      [1, 0],
    ],
  );
  assert.deepEqual(route.partiallyInvalid, {
    reason: 'UnsupportedValue',
    message:
      'Dropped Rule: rule 1 answers 500: spec.rules[1].filters[0].type: ExtensionRef is not supported here; ' +
      'rule 2 is left out: spec.rules[2].matches[0].path.type: Glob is not supported',
  });
});

test('a route of which no rule holds has the reason of the first', () => {
  const redirect = { type: 'RequestRedirect', requestRedirect: {} };
  const route = read({ filters: [redirect, redirect] }, { filters: [{ type: 'ExtensionRef' }] });
  assert.equal(route.problem?.reason, 'IncompatibleFilters');
  assert.deepEqual(route.rules, []);
  assert.equal(route.partiallyInvalid, undefined);
});
