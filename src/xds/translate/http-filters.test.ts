import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteRule } from '../../mesh/model.ts';
import { filtersOf, httpFilters, ownFilters } from './http-filters.ts';
import { testRule } from './testing.ts';

const everything: RouteRule = testRule({
  filters: {
    mirrors: [],
    cors: {
      allowOrigins: ['*'],
      allowMethods: ['*'],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: false,
      maxAgeSeconds: 5,
    },
    externalAuth: {
      protocol: 'HTTP',
      servicePort: 'shop/auth:80',
      allowedRequestHeaders: [],
      allowedResponseHeaders: [],
      forwardBodyBytes: 0,
    },
  },
  session: { type: 'Cookie', name: 'cart', id: 'a1', cookieLifetime: 'Session' },
});

test('the router is the last filter, as Envoy demands', () => {
  for (const filters of [httpFilters(), ownFilters()]) {
    assert.equal(filters.at(-1)?.name, 'envoy.filters.http.router');
  }
});

test('all other filters are off until a route brings their configuration, but for the one that shows requests', () => {
  assert.deepEqual(
    httpFilters().map(({ disabled }) => disabled === true),
    [false, true, true, true, true, false],
  );
  assert.deepEqual(
    ownFilters().map(({ name }) => name),
    ['tap', 'envoy.filters.http.router'],
  );
});

test('a route brings configuration for filters that are there, in ascending order of name', () => {
  const names = Object.keys(filtersOf(everything));
  assert.deepEqual(names, ['cors', 'external-auth', 'session', 'session-backend']);
  const there = new Set(httpFilters().map(({ name }) => name));
  assert.deepEqual(
    names.filter((name) => !there.has(name)),
    [],
  );
});

test('a rule without any of it brings nothing', () => {
  assert.deepEqual(filtersOf(testRule()), {});
});

test('nobody is asked where the authority does not exist', () => {
  const { servicePort: _, ...nobody } = everything.filters.externalAuth ?? assert.fail();
  const rule = testRule({ filters: { mirrors: [], externalAuth: nobody } });
  assert.deepEqual(filtersOf(rule), {});
});
