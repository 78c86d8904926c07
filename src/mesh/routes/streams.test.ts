import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { KubeObject } from '../../kube/types.ts';
import { service } from '../testing-objects.ts';
import type { TestMesh } from '../testing.ts';
import { accepted, gateway, gatewayWorld, routeOf } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = await gatewayWorld(
    service('infra/web', '10.96.0.1', [
      { name: 'tcp', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ]),
    service('infra/v2', '10.96.0.2'),
  );
});

const to = (name: string, port = 80) => [{ backendRefs: [{ name, port }] }];

/** `<server name> <route> -> <backend> <weight>, ...`. */
function streams(listener: string): readonly string[] | undefined {
  return world.mesh.gateway.listenerStreams.get(listener)?.streams.map(({ serverName, route, backends }) => {
    const targets = backends.map(({ servicePort = 'refused', weight }) => `${servicePort} ${weight}`);
    return `${serverName ?? 'any'} ${route} -> ${targets.join(', ')}`;
  });
}

const passthrough = { port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } } as const;

test('a TLSRoute has the server names that listener and route have in common', async () => {
  await world.apply(
    gateway('infra/gw', [
      { ...passthrough, hostname: '*.example.com' },
      { ...passthrough, hostname: 'exact.io' },
      passthrough,
    ]),
    routeOf('TLSRoute', 'infra/r', { hostnames: ['a.example.com', '*.io', 'other.org', 'example.com'] }),
  );
  assert.deepEqual(streams('infra/gw/l0'), ['*.example.com  -> ', 'a.example.com infra/r -> infra/web:80 1']);
  assert.deepEqual(streams('infra/gw/l1'), ['exact.io infra/r -> infra/web:80 1']);
  assert.deepEqual(streams('infra/gw/l2'), [
    'any  -> ',
    '*.io infra/r -> infra/web:80 1',
    'example.com infra/r -> infra/web:80 1',
    'other.org infra/r -> infra/web:80 1',
  ]);
});

test('a TLSRoute without a server name in common is told', async () => {
  await world.apply(
    gateway('infra/gw', [{ ...passthrough, hostname: 'a.io' }]),
    routeOf('TLSRoute', 'infra/r', { hostnames: ['b.io'] }),
  );
  assert.deepEqual(accepted(world, 'TLSRoute/infra/r'), [
    'NoMatchingListenerHostname: no listener of Gateway infra/gw has a hostname in common with the route',
  ]);
  assert.deepEqual(streams('infra/gw/l0'), ['a.io  -> ']);
});

test('of two TLSRoutes for one server name the older one has it, and keeps its other names company', async () => {
  await world.apply(
    gateway('infra/gw', [passthrough]),
    routeOf('TLSRoute', 'infra/young', {
      hostnames: ['a.io', 'b.io'],
      rules: to('v2'),
      createdAt: '2026-01-02T00:00:00Z',
    }),
    routeOf('TLSRoute', 'infra/old', { hostnames: ['a.io'] }),
  );
  assert.deepEqual(streams('infra/gw/l0'), [
    'any  -> ',
    'a.io infra/old -> infra/web:80 1',
    'b.io infra/young -> infra/v2:80 1',
  ]);
});

test('of several TCPRoutes on a listener all are accepted and counted, and the oldest has all connections', async () => {
  await world.apply(
    gateway('infra/gw', [{ port: 9000, protocol: 'TCP' }]),
    routeOf('TCPRoute', 'infra/a-young', { rules: to('v2'), createdAt: '2026-01-02T00:00:00Z' }),
    routeOf('TCPRoute', 'infra/old'),
  );
  assert.deepEqual(accepted(world, 'TCPRoute/infra/a-young'), ['Accepted']);
  assert.deepEqual(accepted(world, 'TCPRoute/infra/old'), ['Accepted']);
  assert.equal(world.mesh.gateway.gatewayVerdicts.get('infra/gw')?.listeners[0]?.attachedRoutes, 2);
  assert.deepEqual(streams('infra/gw/l0'), ['any infra/old -> infra/web:80 1']);
  await world.remove('TCPRoute infra/old');
  assert.deepEqual(streams('infra/gw/l0'), ['any infra/a-young -> infra/v2:80 1']);
});

test('the same goes for UDPRoutes, and a port may be of TCP and of UDP', async () => {
  await world.apply(
    gateway('infra/gw', [
      { port: 53, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ]),
    routeOf('TCPRoute', 'infra/tcp'),
    routeOf('UDPRoute', 'infra/udp', { rules: to('web', 53) }),
    routeOf('UDPRoute', 'infra/younger', { rules: to('v2', 53), createdAt: '2026-01-02T00:00:00Z' }),
  );
  assert.deepEqual(streams('infra/gw/l0'), ['any infra/tcp -> infra/web:80 1']);
  assert.deepEqual(streams('infra/gw/l1'), ['any infra/udp -> infra/web:53/udp 1']);
});

test('weights are kept, an invalid share refuses its connections, a backend of weight 0 is left out', async () => {
  const backendRefs = [
    { name: 'web', port: 80, weight: 70 },
    { name: 'gone', port: 80, weight: 30 },
    { name: 'v2', port: 80, weight: 0 },
  ];
  await world.apply(
    gateway('infra/gw', [{ port: 9000, protocol: 'TCP' }]),
    routeOf('TCPRoute', 'infra/r', { rules: [{ backendRefs }] }),
  );
  assert.deepEqual(streams('infra/gw/l0'), ['any infra/r -> infra/web:80 70, refused 30']);
});

test('a listener without routes refuses every connection', async () => {
  await world.apply(
    gateway('infra/gw', [{ port: 9000, protocol: 'TCP' }, { port: 53, protocol: 'UDP' }, passthrough]),
  );
  assert.deepEqual(streams('infra/gw/l0'), []);
  assert.deepEqual(streams('infra/gw/l1'), []);
  assert.deepEqual(streams('infra/gw/l2'), ['any  -> ']);
});

test('a connection belongs to the most specific listener of its port, HTTPS ones among them', async () => {
  await world.apply(
    gateway('infra/gw', [passthrough, { ...passthrough, hostname: 'a.io' }]),
    routeOf('TLSRoute', 'infra/r', {
      parents: [{ name: 'gw', sectionName: 'l0' }],
      hostnames: ['a.io', 'b.io'],
    }),
  );
  assert.deepEqual(streams('infra/gw/l0'), ['any  -> ', 'b.io infra/r -> infra/web:80 1']);
  assert.deepEqual(streams('infra/gw/l1'), ['a.io  -> ']);
});

test('what passes through is not encrypted again', async () => {
  const policy: KubeObject & { readonly spec: object } = {
    kind: 'BackendTLSPolicy',
    metadata: { namespace: 'infra', name: 'p', generation: 1 },
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: 'web' }],
      validation: { hostname: 'web.example', wellKnownCACertificates: 'System' },
    },
  };
  await world.apply(
    policy,
    gateway('infra/gw', [passthrough, { port: 9000, protocol: 'TCP' }]),
    routeOf('TLSRoute', 'infra/r', { hostnames: ['a.io'] }),
    routeOf('TCPRoute', 'infra/r'),
  );
  const upstreams = (listener: string) =>
    world.mesh.gateway.listenerStreams
      .get(listener)
      ?.streams.flatMap(({ backends }) => backends.map(({ upstream }) => upstream));
  assert.deepEqual(upstreams('infra/gw/l0'), [undefined]);
  assert.deepEqual(upstreams('infra/gw/l1'), [{ tls: 'infra/p' }]);
});
