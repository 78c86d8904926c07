import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { parent, service } from '../testing-objects.ts';
import type { TestMesh } from '../testing.ts';
import { accepted, gateway, gatewayWorld, grant, resolved, routeOf, served } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = await gatewayWorld(
    gateway('infra/gw', [{}, { port: 81, protocol: 'TCP' }, { port: 82, protocol: 'UDP' }]),
    service('infra/web', '10.96.0.1', [
      { name: 'http', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ]),
    service('far/web', '10.96.0.2'),
    service('infra/hidden', 'None'),
  );
});

const far = { backendRefs: [{ name: 'web', namespace: 'far', port: 80 }] };
const first = () => Object.values(served(world, 'infra/gw/l0'))[0];
const refNotPermitted = (kind: string, name = 'web') =>
  `RefNotPermitted: spec.rules[0].backendRefs[0]: no ReferenceGrant in far permits ${kind}s of infra to refer to Service ${name}`;

test('a reference to another namespace needs a grant, answers 500 without, and follows the grant', async () => {
  await world.apply(routeOf('HTTPRoute', 'infra/r', { rules: [far] }));
  assert.deepEqual(resolved(world, 'HTTPRoute/infra/r'), [refNotPermitted('HTTPRoute')]);
  assert.deepEqual(accepted(world, 'HTTPRoute/infra/r'), ['Accepted']);
  assert.deepEqual(first(), ['/ infra/r -> 500 1']);
  await world.apply(grant('far/g', { kind: 'HTTPRoute', namespace: 'infra' }));
  assert.deepEqual(resolved(world, 'HTTPRoute/infra/r'), ['ResolvedRefs']);
  assert.deepEqual(first(), ['/ infra/r -> far/web:80 1']);
  await world.remove('ReferenceGrant far/g');
  assert.deepEqual(resolved(world, 'HTTPRoute/infra/r'), [refNotPermitted('HTTPRoute')]);
  assert.deepEqual(first(), ['/ infra/r -> 500 1']);
});

test('a grant is for the kinds, namespaces and names it says', async () => {
  await world.apply(routeOf('HTTPRoute', 'infra/r', { rules: [far] }));
  const wrong = [
    grant('far/g', { kind: 'TCPRoute', namespace: 'infra' }),
    grant('far/g', { kind: 'HTTPRoute', namespace: 'far' }),
    grant('far/g', { kind: 'HTTPRoute', namespace: 'infra' }, { name: 'other' }),
    grant('far/g', { kind: 'HTTPRoute', namespace: 'infra' }, { kind: 'Secret' }),
    grant('infra/g', { kind: 'HTTPRoute', namespace: 'infra' }),
  ];
  for (const each of wrong) {
    await world.apply(each);
    assert.deepEqual(resolved(world, 'HTTPRoute/infra/r'), [refNotPermitted('HTTPRoute')]);
  }
  await world.apply(grant('far/g', { kind: 'HTTPRoute', namespace: 'infra' }, { name: 'web' }));
  assert.deepEqual(resolved(world, 'HTTPRoute/infra/r'), ['ResolvedRefs']);
});

test('without a grant nothing is said of what exists', async () => {
  const missing = { backendRefs: [{ name: 'gone', namespace: 'far', port: 99 }] };
  await world.apply(routeOf('HTTPRoute', 'infra/r', { rules: [missing] }));
  assert.deepEqual(resolved(world, 'HTTPRoute/infra/r'), [refNotPermitted('HTTPRoute', 'gone')]);
});

test('every kind of route needs a grant of its own', async () => {
  for (const kind of ['GRPCRoute', 'TCPRoute', 'UDPRoute'] as const) {
    const port = kind === 'UDPRoute' ? 53 : 80;
    await world.apply(
      service('far/web', '10.96.0.2', [
        { name: 'http', port: 80 },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ]),
      routeOf(kind, 'infra/r', { rules: [{ backendRefs: [{ name: 'web', namespace: 'far', port }] }] }),
    );
    assert.deepEqual(resolved(world, `${kind}/infra/r`), [refNotPermitted(kind)]);
    await world.apply(grant(`far/${kind.toLowerCase()}`, { kind, namespace: 'infra' }));
    assert.deepEqual(resolved(world, `${kind}/infra/r`), ['ResolvedRefs']);
  }
});

test('the same route needs none in the mesh: each parent is judged by its own rules', async () => {
  const parents = [{ name: 'gw' }, parent('web')];
  await world.apply(routeOf('HTTPRoute', 'infra/r', { parents, rules: [far] }));
  assert.deepEqual(resolved(world, 'HTTPRoute/infra/r'), [refNotPermitted('HTTPRoute'), 'ResolvedRefs']);
  await world.use('infra/Deployment/client', '10.96.0.1:80');
  const table = world.mesh.routeTables.get('infra/web:80');
  assert.deepEqual(table?.rules[0]?.backends, [{ servicePort: 'far/web:80', weight: 1 }]);
});

test('a share that leads nowhere is answered 500, and the others keep theirs', async () => {
  const rule = {
    backendRefs: [
      { name: 'web', port: 80, weight: 7 },
      { name: 'web', namespace: 'far', port: 80, weight: 2 },
      { name: 'gone', port: 80, weight: 1 },
      { name: 'gone', port: 80, weight: 0 },
    ],
  };
  await world.apply(routeOf('HTTPRoute', 'infra/r', { rules: [rule] }));
  assert.deepEqual(first(), ['/ infra/r -> infra/web:80 7, 500 2, 500 1']);
});

test('a UDPRoute leads to UDP ports alone, every other kind to TCP ports', async () => {
  const to = (port: number) => [{ backendRefs: [{ name: 'web', port }] }];
  await world.apply(
    routeOf('UDPRoute', 'infra/udp', { rules: to(53) }),
    routeOf('UDPRoute', 'infra/wrong', { rules: to(80) }),
    routeOf('TCPRoute', 'infra/wrong', { rules: to(53) }),
  );
  assert.deepEqual(resolved(world, 'UDPRoute/infra/udp'), ['ResolvedRefs']);
  const none = (transport: string, port: number) =>
    `BackendNotFound: spec.rules[0].backendRefs[0]: Service infra/web has no ${transport} port ${port}`;
  assert.deepEqual(resolved(world, 'UDPRoute/infra/wrong'), [none('UDP', 80)]);
  assert.deepEqual(resolved(world, 'TCPRoute/infra/wrong'), [none('TCP', 53)]);
  assert.deepEqual(world.mesh.gateway.listenerStreams.get('infra/gw/l2')?.streams[0]?.backends, [
    { servicePort: 'infra/web:53/udp', weight: 1 },
  ]);
});

test('a headless Service is a backend as good as any', async () => {
  const rule = { backendRefs: [{ name: 'hidden', port: 80 }] };
  await world.apply(routeOf('HTTPRoute', 'infra/r', { rules: [rule] }));
  assert.deepEqual(first(), ['/ infra/r -> infra/hidden:80 1']);
});

const declared = async (kind: 'HTTPRoute' | 'GRPCRoute' | 'TCPRoute', appProtocol: string) => {
  await world.apply(
    service('infra/web', '10.96.0.1', [{ name: 'x', port: 80, appProtocol }]),
    routeOf(kind, 'infra/r'),
  );
  return resolved(world, `${kind}/infra/r`)[0]?.replace('spec.rules[0].backendRefs[0]: ', '');
};

test('an appProtocol that contradicts the route is told', async () => {
  const port = 'UnsupportedProtocol: port 80 of Service infra/web';
  assert.equal(await declared('HTTPRoute', 'mysql'), `${port} does not carry HTTP (mysql)`);
  assert.equal(
    await declared('GRPCRoute', 'kubernetes.io/ws'),
    `${port} is for WebSockets (kubernetes.io/ws), not for gRPC`,
  );
  const tls = `${port} is for TLS (HTTPS), and no BackendTLSPolicy says how to call it`;
  assert.equal(await declared('HTTPRoute', 'HTTPS'), tls);
  for (const fitting of ['http', 'kubernetes.io/h2c', 'kubernetes.io/ws', 'grpc', 'example.com/own']) {
    assert.equal(await declared('HTTPRoute', fitting), 'ResolvedRefs', fitting);
  }
  assert.equal(await declared('TCPRoute', 'mysql'), 'ResolvedRefs');
});

const backendTLSPolicy = {
  kind: 'BackendTLSPolicy',
  metadata: { namespace: 'infra', name: 'p', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'web' }],
    validation: { hostname: 'web.example', wellKnownCACertificates: 'System' },
  },
};

test('a gateway calls a backend as its BackendTLSPolicy says, the mesh does not', async () => {
  await world.apply(
    backendTLSPolicy,
    routeOf('HTTPRoute', 'infra/r', {
      parents: [{ name: 'gw' }, parent('web')],
      rules: [
        {
          backendRefs: [{ name: 'web', port: 80 }],
          filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'web', port: 80 } } }],
        },
      ],
    }),
  );
  await world.use('infra/Deployment/client', '10.96.0.1:80');
  const [rule] = world.mesh.gateway.listenerHosts.get('infra/gw/l0')?.hosts[0]?.rules ?? [];
  assert.deepEqual(rule?.backends[0]?.upstream, { tls: 'infra/p' });
  assert.deepEqual(rule.filters.mirrors[0]?.upstream, { tls: 'infra/p' });
  assert.equal(world.mesh.routeTables.get('infra/web:80')?.rules[0]?.backends[0]?.upstream, undefined);
  assert.equal(await declared('HTTPRoute', 'HTTPS'), 'ResolvedRefs');
});

test('who calls a backend is known by its port, whatever kind of route leads there', async () => {
  await world.apply(
    backendTLSPolicy,
    gateway('infra/tcp', [{ port: 81, protocol: 'TCP' }]),
    gateway('infra/none', [{}]),
    routeOf('HTTPRoute', 'infra/r'),
    routeOf('TCPRoute', 'infra/r', { parents: [{ name: 'tcp' }] }),
  );
  const ancestors = world.mesh.gateway.backendTLSVerdicts.get('infra/p')?.ancestors;
  assert.deepEqual(
    ancestors?.map(({ ref }) => ref.name),
    ['gw', 'tcp'],
  );
});

test('the backends of a GRPCRoute are called by HTTP/2', async () => {
  await world.apply(routeOf('GRPCRoute', 'infra/r'));
  const [rule] = world.mesh.gateway.listenerHosts.get('infra/gw/l0')?.hosts[0]?.rules ?? [];
  assert.deepEqual(rule?.backends, [{ servicePort: 'infra/web:80', upstream: { http2: true }, weight: 1 }]);
  assert.equal(rule.kind, 'GRPCRoute');
});
