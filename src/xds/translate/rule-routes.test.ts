import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteBackend, RouteRule } from '../../mesh/model.ts';
import { ruleRoutes } from './rule-routes.ts';
import { testRule } from './testing.ts';

const called = { scheme: 'http', port: 80 } as const;
const v1: RouteBackend = { servicePort: 'shop/v1:80', weight: 1 };
const v2: RouteBackend = { servicePort: 'shop/v2:80', weight: 3 };
const session = { type: 'Header', name: 'x', id: 'a1', cookieLifetime: 'Session' } as const;

function routesOf(rule: Partial<RouteRule>) {
  return ruleRoutes(testRule(rule), called);
}

/** Of each route the share in millionths up to which it takes requests, or undefined for the rest. */
function shares(rule: Partial<RouteRule>): readonly (number | undefined)[] {
  return routesOf(rule).map(({ match }) => {
    const { runtimeFraction } = (match ?? {}) as {
      runtimeFraction?: { defaultValue?: { numerator?: number } };
    };
    return runtimeFraction?.defaultValue?.numerator;
  });
}

test('a rule is one route as long as weighted clusters can say what its backends want', () => {
  assert.equal(routesOf({ backends: [v1, v2] }).length, 1);
  assert.equal(routesOf({ backends: [{ ...v1, rewrite: { hostname: 'a.example' } }] }).length, 1);
});

test('backends of which one does something by itself have a route each, and their shares add up', () => {
  const special = { ...v1, redirect: { statusCode: 302 } };
  assert.deepEqual(shares({ backends: [special, v2] }), [250_000, undefined]);
  assert.deepEqual(shares({ backends: [v2, special, { weight: 4 }] }), [375_000, 500_000, undefined]);
});

test('every backend with sessions has a route for these before those by weight, also one without weight', () => {
  const routes = routesOf({ backends: [v1, { ...v2, weight: 0 }, { weight: 1 }], session });
  assert.deepEqual(
    routes.map(({ match }) =>
      (match as { headers?: readonly { name: string }[] }).headers?.map(({ name }) => name),
    ),
    [['x-weft-session-backend'], ['x-weft-session-backend'], []],
  );
});

test('a rule whose backends have all lost their weight serves none but the sessions they have', () => {
  const routes = routesOf({ backends: [{ ...v1, weight: 0 }], session });
  assert.deepEqual(
    routes.map(({ action }) => action?.case),
    ['route', 'directResponse'],
  );
});
