import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { RouteKind } from '../model.ts';
import { parent, service } from '../testing-objects.ts';
import type { TestMesh } from '../testing.ts';
import { accepted, describe, gatewayWorld, routeOf, type RouteParts } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = await gatewayWorld(
    service('shop/web', '10.96.0.1', [
      { name: 'http', port: 80 },
      { name: 'db', port: 5432, appProtocol: 'postgres' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ]),
    service('shop/v2', '10.96.0.2'),
  );
  await world.use('shop/Deployment/client', '10.96.0.1:80', '10.96.0.1:5432');
});

const table = (key = 'shop/web:80') => world.mesh.routeTables.get(key);
const at80 = { parents: [parent('web', { port: 80 })], hostnames: ['a.io'] };
const add = <K extends RouteKind>(kind: K, parts: RouteParts<K> = at80, name = 'shop/r') =>
  world.apply(routeOf(kind, name, parts));

test('a GRPCRoute on a Service has its rules in the table, its backends called by HTTP/2', async () => {
  await add('GRPCRoute', {
    ...at80,
    rules: [
      {
        matches: [{ method: { service: 'shop.Cart', method: 'Add' } }],
        backendRefs: [{ name: 'v2', port: 80 }],
      },
    ],
  });
  assert.deepEqual(table()?.rules, [
    {
      match: { path: { type: 'Exact', value: '/shop.Cart/Add' }, headers: [], query: [] },
      filters: { mirrors: [] },
      backends: [{ servicePort: 'shop/v2:80', upstream: { http2: true }, weight: 1 }],
      kind: 'GRPCRoute',
      route: 'shop/r',
    },
  ]);
});

test('of several kinds at one port the first of GRPC, HTTP, TLS and TCP holds, and the others are told', async () => {
  const kinds = ['TCPRoute', 'TLSRoute', 'HTTPRoute', 'GRPCRoute'] as const;
  for (const [i, kind] of kinds.entries()) {
    await add(kind);
    for (const [j, other] of kinds.entries()) {
      if (j > i) continue;
      const expected = j === i ? 'Accepted' : `Conflicted: at shop/web:80 ${kind}s go first`;
      assert.deepEqual(accepted(world, `${other}/shop/r`), [expected]);
    }
  }
  assert.deepEqual(table()?.rules.map(describe), ['/ shop/r -> shop/web:80 1']);
  assert.equal(table()?.rules[0]?.kind, 'GRPCRoute');
  assert.equal(table()?.streams, undefined);
  await world.remove('GRPCRoute shop/r', 'HTTPRoute shop/r');
  assert.deepEqual(accepted(world, 'TLSRoute/shop/r'), ['Accepted']);
  assert.deepEqual(table()?.rules, []);
  assert.equal(table()?.streams?.[0]?.kind, 'TLSRoute');
});

test('a conflict at one port leaves the other ports', async () => {
  await add('HTTPRoute');
  await add('TCPRoute', { parents: [parent('web')] });
  assert.deepEqual(accepted(world, 'TCPRoute/shop/r'), ['Accepted']);
  const verdict = world.mesh.routeVerdicts.get('TCPRoute/shop/r|0');
  assert.deepEqual(verdict?.tables, ['shop/web:5432']);
  assert.match(verdict.accepted.message, /but at shop\/web:80 HTTPRoutes go first/);
});

test('a route of which no rule holds is no rival', async () => {
  await add('GRPCRoute', { ...at80, rules: [{ filters: [{ type: 'ExtensionRef' }] }] });
  await add('HTTPRoute');
  assert.deepEqual(accepted(world, 'HTTPRoute/shop/r'), ['Accepted']);
});

test('producers and consumers of a Service are no rivals as long as requests are routed', async () => {
  const rules = [{ backendRefs: [{ name: 'v2', namespace: 'shop', port: 80 }] }];
  await add('GRPCRoute');
  await add('HTTPRoute', { parents: [parent('shop/web', { port: 80 })], rules }, 'other/r');
  assert.deepEqual(accepted(world, 'GRPCRoute/shop/r'), ['Accepted']);
  assert.deepEqual(accepted(world, 'HTTPRoute/other/r'), ['Accepted']);
  assert.deepEqual(table('shop/web:80@other')?.rules.map(describe), ['/ other/r -> shop/v2:80 1']);
  await world.remove('GRPCRoute shop/r');
  await add('TCPRoute');
  assert.deepEqual(accepted(world, 'HTTPRoute/other/r'), ['Conflicted: at shop/web:80 TCPRoutes go first']);
  assert.equal(table('shop/web:80@other'), undefined);
  assert.equal(table()?.streams?.length, 1);
});

test('whole connections are routed by the Service’s own namespace alone, and others are told', async () => {
  await add('TCPRoute', { parents: [parent('shop/web', { port: 80 })] }, 'other/r');
  assert.match(
    accepted(world, 'TCPRoute/other/r')[0] ?? '',
    /^UnsupportedValue: a TCPRoute holds for all clients/,
  );
  assert.deepEqual(table()?.rules.map(describe), ['/  -> shop/web:80 1']);
});

test('a TCPRoute takes whole connections, also of a port that carries no HTTP', async () => {
  assert.equal(table('shop/web:5432'), undefined);
  await add('TCPRoute', { parents: [parent('web')], rules: [{ backendRefs: [{ name: 'v2', port: 80 }] }] });
  const stream = {
    kind: 'TCPRoute',
    route: 'shop/r',
    backends: [{ servicePort: 'shop/v2:80', weight: 1 }],
  };
  assert.deepEqual(table('shop/web:5432'), { servicePort: 'shop/web:5432', rules: [], streams: [stream] });
  assert.deepEqual(table()?.streams, [stream]);
  await world.remove('TCPRoute shop/r');
  assert.equal(table('shop/web:5432'), undefined);
  assert.deepEqual(table()?.rules.map(describe), ['/  -> shop/web:80 1']);
});

test('TLSRoutes tell connections by server name, of which the older route has each', async () => {
  await add('TLSRoute', { ...at80, hostnames: ['b.io', '*.A.io'] });
  await add(
    'TLSRoute',
    { ...at80, hostnames: ['b.io', 'c.io'], createdAt: '2026-01-02T00:00:00Z' },
    'shop/a-young',
  );
  assert.deepEqual(
    table()?.streams?.map(({ serverName, route }) => [serverName, route]),
    [
      ['*.a.io', 'shop/r'],
      ['b.io', 'shop/r'],
      ['c.io', 'shop/a-young'],
    ],
  );
});

test('a UDPRoute on a Service is refused, and says why', async () => {
  await add('UDPRoute', { parents: [parent('web')], rules: [{ backendRefs: [{ name: 'web', port: 53 }] }] });
  assert.deepEqual(accepted(world, 'UDPRoute/shop/r'), [
    'UnsupportedValue: a UDPRoute cannot be attached to Service shop/web: UDP does not pass through sidecars, it is forwarded as if there were no route',
  ]);
  await add('UDPRoute', { parents: [parent('gone')] });
  assert.deepEqual(accepted(world, 'UDPRoute/shop/r'), ['NoMatchingParent: there is no Service shop/gone']);
});
