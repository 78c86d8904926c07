import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { service } from '../testing-objects.ts';
import type { TestMesh } from '../testing.ts';
import { gateway, gatewayWorld, routeOf, served } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = await gatewayWorld(
    service('infra/web', '10.96.0.1'),
    service('infra/v1', '10.96.0.2'),
    service('infra/v2', '10.96.0.3'),
  );
});

const at = (path: string, name: string) => ({
  matches: [{ path: { value: path } }],
  backendRefs: [{ name, port: 80 }],
});
const section = (sectionName: string) => ({ parents: [{ name: 'gw', sectionName }] });

test('a listener without routes serves its own hostname, and nothing there', async () => {
  await world.apply(gateway('infra/gw', [{}, { port: 81, hostname: '*.example.com' }]));
  assert.deepEqual(served(world, 'infra/gw/l0'), { '*': [] });
  assert.deepEqual(served(world, 'infra/gw/l1'), { '*.example.com': [] });
});

test('a route without hostnames has the hostname of each listener', async () => {
  await world.apply(
    gateway('infra/gw', [{}, { hostname: 'a.example.com' }]),
    routeOf('HTTPRoute', 'infra/r'),
  );
  const rules = ['/ infra/r -> infra/web:80 1'];
  assert.deepEqual(served(world, 'infra/gw/l0'), { '*': rules });
  assert.deepEqual(served(world, 'infra/gw/l1'), { 'a.example.com': rules });
});

test('only hostnames that listener and route have in common are served, whatever their case', async () => {
  await world.apply(
    gateway('infra/gw', [{ hostname: '*.wildcard.io' }]),
    routeOf('HTTPRoute', 'infra/r', {
      hostnames: [
        'non.matching.com',
        'wildcard.io',
        'FOO.wildcard.io',
        'foo.bar.wildcard.io',
        '*.deep.wildcard.io',
      ],
    }),
  );
  const rules = ['/ infra/r -> infra/web:80 1'];
  assert.deepEqual(served(world, 'infra/gw/l0'), {
    '*.deep.wildcard.io': rules,
    '*.wildcard.io': [],
    'foo.bar.wildcard.io': rules,
    'foo.wildcard.io': rules,
  });
});

test('a wildcard of the route comes down to the exact hostname of the listener', async () => {
  await world.apply(
    gateway('infra/gw', [{ hostname: 'very.specific.com' }]),
    routeOf('HTTPRoute', 'infra/r', { hostnames: ['*.specific.com'] }),
  );
  assert.deepEqual(served(world, 'infra/gw/l0'), { 'very.specific.com': ['/ infra/r -> infra/web:80 1'] });
});

test('a request belongs to the most specific listener of its port alone, even where that serves nothing', async () => {
  const everywhere = { hostnames: ['a.example.com', '*.foo.example.com', 'abc.foo.example.com', 'other.io'] };
  await world.apply(
    gateway('infra/gw', [
      {},
      { hostname: '*.example.com' },
      { hostname: '*.foo.example.com' },
      { hostname: 'abc.foo.example.com' },
      { hostname: 'abc.foo.example.com', port: 81 },
    ]),
    routeOf('HTTPRoute', 'infra/r', { ...everywhere, ...section('l0') }),
    routeOf('HTTPRoute', 'infra/s', { ...everywhere, ...section('l1') }),
  );
  const [r, s] = [['/ infra/r -> infra/web:80 1'], ['/ infra/s -> infra/web:80 1']];
  assert.deepEqual(served(world, 'infra/gw/l0'), { '*': [], 'other.io': r });
  assert.deepEqual(served(world, 'infra/gw/l1'), { '*.example.com': [], 'a.example.com': s });
  assert.deepEqual(served(world, 'infra/gw/l2'), { '*.foo.example.com': [] });
  assert.deepEqual(served(world, 'infra/gw/l3'), { 'abc.foo.example.com': [] });
  assert.deepEqual(served(world, 'infra/gw/l4'), { 'abc.foo.example.com': [] });
});

test('rules of all routes of a hostname are merged in order of precedence', async () => {
  await world.apply(
    gateway('infra/gw', [{}]),
    routeOf('HTTPRoute', 'infra/one', {
      hostnames: ['example.com', 'example.net'],
      rules: [
        { ...at('/', 'v1'), matches: [{ path: { value: '/' } }, { headers: [{ name: 'v', value: '1' }] }] },
      ],
    }),
    routeOf('HTTPRoute', 'infra/two', {
      hostnames: ['example.com'],
      rules: [at('/v2', 'v2')],
    }),
  );
  assert.deepEqual(served(world, 'infra/gw/l0'), {
    '*': [],
    'example.com': [
      '/v2 infra/two -> infra/v2:80 1',
      '/ infra/one -> infra/v1:80 1',
      '/ infra/one -> infra/v1:80 1',
    ],
    'example.net': ['/ infra/one -> infra/v1:80 1', '/ infra/one -> infra/v1:80 1'],
  });
});

test('rules of the more specific hostname go first, those of wider ones take what is left', async () => {
  await world.apply(
    gateway('infra/gw', [{ hostname: '*.example.com' }]),
    routeOf('HTTPRoute', 'infra/wide', { rules: [at('/long/path', 'v1'), at('/', 'v1')] }),
    routeOf('HTTPRoute', 'infra/narrow', { hostnames: ['a.example.com'], rules: [at('/a', 'v2')] }),
    routeOf('HTTPRoute', 'infra/all', { hostnames: ['b.example.com'], rules: [at('/', 'v2')] }),
  );
  const wide = ['/long/path infra/wide -> infra/v1:80 1', '/ infra/wide -> infra/v1:80 1'];
  assert.deepEqual(served(world, 'infra/gw/l0'), {
    '*.example.com': wide,
    'a.example.com': ['/a infra/narrow -> infra/v2:80 1', ...wide],
    'b.example.com': ['/ infra/all -> infra/v2:80 1'],
  });
});

test('where wider rules would be copied too often, narrow ones stand beside them and say their host', async () => {
  const wide = Array.from({ length: 100 }, (_, i) => at(`/wide/${i}`, 'v1'));
  const narrow = (host: string) =>
    routeOf('HTTPRoute', `infra/${host.replace('*', 'all')}`, {
      hostnames: [host],
      rules: [at('/a', 'v2')],
    });
  const hosts = Array.from({ length: 60 }, (_, i) => `h${i}.b.example.com`);
  await world.apply(
    gateway('infra/gw', [{ hostname: '*.example.com' }]),
    routeOf('HTTPRoute', 'infra/wide', { rules: wide }),
    routeOf('HTTPRoute', 'infra/everything', { hostnames: ['c.example.com'], rules: [at('/', 'v2')] }),
    narrow('*.b.example.com'),
    ...hosts.slice(0, 40).map(narrow),
  );
  const served = () => world.mesh.gateway.listenerHosts.get('infra/gw/l0')?.hosts ?? [];
  assert.equal(served().length, 43);
  await world.apply(...hosts.map(narrow));
  const [all, alone, ...others] = served();
  assert.deepEqual(others, []);
  assert.equal(alone?.domain, 'c.example.com');
  assert.equal(all?.domain, '*.example.com');
  const saidHosts = all.rules.map(({ host }) => host);
  assert.deepEqual(saidHosts.slice(0, 60).sort(), hosts.toSorted());
  assert.deepEqual(saidHosts.slice(60), ['*.b.example.com', ...wide.map(() => undefined)]);
});

test('a hostname that the route names goes before one that its wildcard only covers', async () => {
  await world.apply(
    gateway('infra/gw', [{ hostname: 'a.example.com' }]),
    routeOf('HTTPRoute', 'infra/wide', {
      hostnames: ['*.example.com'],
      rules: [at('/x/y', 'v1')],
      createdAt: '2025-01-01T00:00:00Z',
    }),
    routeOf('HTTPRoute', 'infra/exact', { hostnames: ['a.example.com'], rules: [at('/x', 'v2')] }),
  );
  assert.deepEqual(served(world, 'infra/gw/l0'), {
    'a.example.com': ['/x infra/exact -> infra/v2:80 1', '/x/y infra/wide -> infra/v1:80 1'],
  });
});

test('a route that means a hostname twice, or a listener by two parents, is there once', async () => {
  await world.apply(
    gateway('infra/gw', [{ hostname: 'a.example.com' }]),
    routeOf('HTTPRoute', 'infra/r', {
      hostnames: ['a.example.com', '*.example.com'],
      parents: [{ name: 'gw' }, { name: 'gw', sectionName: 'l0' }],
    }),
  );
  assert.deepEqual(served(world, 'infra/gw/l0'), { 'a.example.com': ['/ infra/r -> infra/web:80 1'] });
});

test('rules of GRPCRoutes stand before those of HTTPRoutes, however old these are', async () => {
  await world.apply(
    gateway('infra/gw', [{}]),
    routeOf('HTTPRoute', 'infra/http', { rules: [at('/pkg.S/M', 'v1')], createdAt: '2025-01-01T00:00:00Z' }),
    routeOf('GRPCRoute', 'infra/grpc', {
      rules: [
        { backendRefs: [{ name: 'v2', port: 80 }] },
        { matches: [{ method: { service: 'pkg.S', method: 'M' } }], backendRefs: [{ name: 'v2', port: 80 }] },
      ],
    }),
  );
  assert.deepEqual(served(world, 'infra/gw/l0'), {
    '*': [
      '/pkg.S/M infra/grpc -> infra/v2:80 1',
      '/ infra/grpc -> infra/v2:80 1',
      '/pkg.S/M infra/http -> infra/v1:80 1',
    ],
  });
});

test('a listener that cannot be carried out serves nothing and takes nothing from others', async () => {
  await world.apply(
    gateway('infra/gw', [
      {
        port: 443,
        protocol: 'HTTPS',
        hostname: 'a.example.com',
        tls: { certificateRefs: [{ name: 'gone' }] },
      },
    ]),
    routeOf('HTTPRoute', 'infra/r'),
  );
  assert.equal(world.mesh.gateway.listenerHosts.has('infra/gw/l0'), false);
});

test('an edit of one route touches the listeners it is attached to alone', async () => {
  await world.apply(
    gateway('infra/gw', [{ hostname: 'a.io' }, { hostname: 'b.io' }]),
    routeOf('HTTPRoute', 'infra/a', section('l0')),
    routeOf('HTTPRoute', 'infra/b', section('l1')),
  );
  const changed: string[] = [];
  world.mesh.gateway.listenerHosts.subscribe((changes) => changed.push(...changes.map(({ key }) => key)));
  await world.apply(routeOf('HTTPRoute', 'infra/a', { ...section('l0'), rules: [at('/', 'v1')] }));
  assert.deepEqual(changed, ['infra/gw/l0']);
});
