import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import { parent, route, service } from '../testing-objects.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';
import {
  backendTLSPolicy,
  certificateFor,
  configMap,
  gateway,
  listener,
  summarize,
  weftClass,
} from './testing.ts';

let world: TestMesh;

const authority = certificateFor('ca').chain;
const ca = (name: string, rest = {}) => ({ group: '', kind: 'ConfigMap', name, ...rest });
const valid = { hostname: 'Backend.example', caCertificateRefs: [ca('ca')] };
const toGateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' };

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: assert.ifError }));
  await world.apply(
    weftClass,
    gateway('edge/public', [listener('http')]),
    service('edge/web', '10.96.0.1', [
      { name: 'https', port: 443 },
      { name: 'admin', port: 8443 },
    ]),
    configMap('edge/ca', { 'ca.crt': authority }),
    route(
      'edge/r',
      [toGateway],
      [{ backendRefs: [{ name: 'web', port: 443 }] }, { backendRefs: [{ name: 'web', port: 8443 }] }],
    ),
  );
});

const verdict = (name: string) => world.mesh.gateway.backendTLSVerdicts.get(`edge/${name}`);
const conditions = (name: string) => summarize(verdict(name)?.ancestors[0]?.conditions);
const accepted = (name: string) => conditions(name)['Accepted'];
const upstreams = () =>
  world.mesh.gateway.listenerHosts
    .get('edge/public/http')
    ?.hosts.flatMap(({ rules }) =>
      rules.flatMap(({ backends }) => backends.map(({ upstream }) => upstream?.tls)),
    );

test('a policy for a Service says how gateways call it, and tells each Gateway that does', async () => {
  await world.apply(backendTLSPolicy('edge/p', 'web', valid));
  assert.deepEqual(world.mesh.gateway.backendTLS.get('edge/p'), {
    hostname: 'backend.example',
    subjectAltNames: [],
    authorities: authority,
    broken: false,
  });
  assert.deepEqual(verdict('p'), {
    generation: 1,
    ancestors: [
      {
        ref: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'edge', name: 'public' },
        conditions: verdict('p')?.ancestors[0]?.conditions,
      },
    ],
  });
  assert.deepEqual(conditions('p'), { Accepted: 'True/Accepted', ResolvedRefs: 'True/ResolvedRefs' });
  assert.deepEqual(upstreams(), ['edge/p', 'edge/p']);
});

test('a Gateway counts for as long as one of its routes leads to the target', async () => {
  await world.apply(backendTLSPolicy('edge/p', 'web', valid));
  await world.remove('HTTPRoute edge/r');
  assert.deepEqual(verdict('p')?.ancestors, []);
  await world.apply(route('edge/mesh', [parent('web')], [{ backendRefs: [{ name: 'web', port: 443 }] }]));
  assert.deepEqual(verdict('p')?.ancestors, [], 'routes of the mesh have no Gateway');
});

test('names other than the hostname are kept by kind, and the authorities of the system can be meant', async () => {
  await world.apply(
    backendTLSPolicy('edge/p', 'web', {
      hostname: 'a.example',
      wellKnownCACertificates: 'System',
      subjectAltNames: [
        { type: 'Hostname', hostname: 'B.example' },
        { type: 'URI', uri: 'spiffe://corp/Web' },
      ],
    }),
  );
  assert.deepEqual(world.mesh.gateway.backendTLS.get('edge/p'), {
    hostname: 'a.example',
    subjectAltNames: [
      { type: 'Hostname', value: 'b.example' },
      { type: 'URI', value: 'spiffe://corp/Web' },
    ],
    broken: false,
  });
});

test('well-known authorities that nobody knows make the policy invalid', async () => {
  const wellKnownCACertificates = 'example.com/own';
  await world.apply(backendTLSPolicy('edge/p', 'web', { hostname: 'a', wellKnownCACertificates }));
  assert.equal(accepted('p'), 'False/Invalid');
  assert.equal(world.mesh.gateway.backendTLS.get('edge/p')?.broken, true);
});

test('a policy without a valid authority is broken and still holds: nothing goes in plaintext instead', async () => {
  await world.apply(configMap('edge/garbage', { 'ca.crt': 'Hello world' }));
  const cases = [
    [ca('missing'), 'InvalidCACertificateRef'],
    [ca('garbage'), 'InvalidCACertificateRef'],
    [ca('ca', { kind: 'Secret' }), 'InvalidKind'],
    [ca('ca', { group: 'example.com' }), 'InvalidKind'],
  ] as const;
  for (const [ref, reason] of cases) {
    await world.apply(backendTLSPolicy('edge/p', 'web', { ...valid, caCertificateRefs: [ref] }));
    assert.deepEqual(conditions('p'), {
      Accepted: 'False/NoValidCACertificate',
      ResolvedRefs: `False/${reason}`,
    });
    assert.equal(world.mesh.gateway.backendTLS.get('edge/p')?.broken, true);
    assert.deepEqual(upstreams(), ['edge/p', 'edge/p']);
  }
});

test('the ConfigMap of the authorities is followed: deleted, emptied, restored', async () => {
  await world.apply(backendTLSPolicy('edge/p', 'web', valid));
  const broken = { Accepted: 'False/NoValidCACertificate', ResolvedRefs: 'False/InvalidCACertificateRef' };
  await world.remove('ConfigMap edge/ca');
  assert.deepEqual(conditions('p'), broken);
  await world.apply(configMap('edge/ca', { 'ca.crt': '' }));
  assert.deepEqual(conditions('p'), broken);
  await world.apply(configMap('edge/ca', { 'ca.crt': authority }));
  assert.deepEqual(conditions('p'), { Accepted: 'True/Accepted', ResolvedRefs: 'True/ResolvedRefs' });
});

test('of policies for the same target the oldest holds, of equally old ones the first by name', async () => {
  await world.apply(
    backendTLSPolicy('edge/b', 'web', valid),
    backendTLSPolicy('edge/c', 'web', valid),
    backendTLSPolicy('edge/a', 'web', valid, '2026-02-01T00:00:00Z'),
  );
  assert.equal(accepted('b'), 'True/Accepted');
  assert.equal(accepted('c'), 'False/Conflicted');
  assert.equal(accepted('a'), 'False/Conflicted');
  assert.deepEqual(upstreams(), ['edge/b', 'edge/b']);
  await world.remove('BackendTLSPolicy edge/b');
  assert.equal(accepted('c'), 'True/Accepted');
});

test('a policy for a port goes before one for the whole Service, and neither is in conflict', async () => {
  const port = { group: '', kind: 'Service', name: 'web', sectionName: 'admin' };
  await world.apply(
    backendTLSPolicy('edge/whole', 'web', valid),
    backendTLSPolicy('edge/port', port, valid, '2026-02-01T00:00:00Z'),
    backendTLSPolicy('edge/port-too', port, valid, '2026-03-01T00:00:00Z'),
  );
  assert.equal(accepted('whole'), 'True/Accepted');
  assert.equal(accepted('port'), 'True/Accepted');
  assert.equal(accepted('port-too'), 'False/Conflicted');
  assert.deepEqual(upstreams(), ['edge/whole', 'edge/port']);
});

test('a policy that holds for some of its targets is accepted, and says for which it does not', async () => {
  const port = (sectionName: string) => ({ group: '', kind: 'Service', name: 'web', sectionName });
  const both = backendTLSPolicy('edge/both', port('https'), valid, '2026-02-01T00:00:00Z');
  await world.apply(backendTLSPolicy('edge/one', port('admin'), valid), {
    ...both,
    spec: { ...both.spec, targetRefs: [port('https'), port('admin')] },
  } as typeof both);
  const [condition] = verdict('both')?.ancestors[0]?.conditions ?? [];
  assert.equal(condition?.reason, 'Accepted');
  assert.match(condition?.message ?? '', /edge\/one/);
  assert.deepEqual(upstreams(), ['edge/both', 'edge/one']);
});

test('a policy of another namespace, or for another kind, does not mean the Service', async () => {
  await world.apply(
    backendTLSPolicy('shop/p', 'web', valid),
    backendTLSPolicy('edge/q', { group: 'example.com', kind: 'Service', name: 'web' }, valid),
  );
  assert.deepEqual(upstreams(), [undefined, undefined]);
});
