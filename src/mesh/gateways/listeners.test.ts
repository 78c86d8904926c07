/** What one Gateway alone may say of its listeners, and the conditions that follow; ListenerSets have their own file. */

import { gatewayNameLabel } from '../../base/names.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { KubeGateway, KubeGatewayClass, KubeListener } from '../kubernetes-gateways.ts';
import { pod, route } from '../testing-objects.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';
import { bySpecificity } from './listeners.ts';
import {
  certificateFor,
  gateway,
  grant,
  httpsListener,
  listener,
  secret,
  summarize,
  tlsSecret,
  weakCertificate,
  weftClass,
} from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: assert.ifError }));
  await world.apply(weftClass);
});

const pair = certificateFor('a.example');

async function judge(listeners: readonly KubeListener[], spec: KubeGateway['spec'] = {}) {
  await world.apply(gateway('edge/public', listeners, spec));
  const { gatewayVerdicts, gateways } = world.mesh.gateway;
  const verdict = gatewayVerdicts.get('edge/public');
  assert.ok(verdict !== undefined);
  const conditionsOf = (name: string) =>
    summarize(verdict.listeners.find((each) => each.name === name)?.conditions);
  return {
    verdict,
    gateway: summarize(verdict.conditions),
    listener: conditionsOf,
    served: gateways
      .get('edge/public')
      ?.ports.flatMap((port) => port.listeners.map(({ key }) => key.split('/').at(-1))),
  };
}

test('a Gateway of a class of another controller is none of ours', async () => {
  const other: KubeGatewayClass = {
    ...weftClass,
    metadata: { name: 'other' },
    spec: { controllerName: 'example.com/other' },
  };
  await world.apply(other, gateway('edge/public', [listener('http')], { gatewayClassName: 'other' }));
  assert.equal(world.mesh.gateway.gateways.size, 0);
  assert.equal(world.mesh.gateway.gatewayVerdicts.size, 0);
});

test('a Gateway becomes ours when its class does, and is given up with it', async () => {
  await world.remove('GatewayClass weft');
  await world.apply(gateway('edge/public', [listener('http')]));
  assert.equal(world.mesh.gateway.gateways.size, 0);
  await world.apply(weftClass);
  assert.equal(world.mesh.gateway.gateways.size, 1);
});

test('a Gateway whose class is missing goes on while its proxies run, and ends with another class', async () => {
  const labels = { [gatewayNameLabel]: 'public' };
  await world.apply(
    gateway('edge/public', [listener('http')]),
    pod('edge/public-weft-1', '10.0.0.1', { labels, serviceAccount: 'public-weft' }),
  );
  const before = world.mesh.gateway.gateways.get('edge/public');
  await world.remove('GatewayClass weft');
  assert.deepEqual(world.mesh.gateway.gateways.get('edge/public'), before);
  const told = world.mesh.gateway.gatewayVerdicts.get('edge/public')?.conditions[0]?.message ?? '';
  assert.match(told, /GatewayClass weft is missing/);

  const foreign: KubeGatewayClass = { ...weftClass, spec: { controllerName: 'example.com/other' } };
  await world.apply(foreign);
  assert.equal(world.mesh.gateway.gateways.size, 0);
});

test('what a Gateway means is kept in order: ports by number, listeners by how specific they are', async () => {
  await world.apply(tlsSecret('edge/cert', pair));
  await judge([
    listener('any'),
    listener('wild', { hostname: '*.Example.com' }),
    listener('named', { hostname: 'a.example.com' }),
    httpsListener('https', 'cert', { hostname: 'a.example' }),
    listener('dns', { protocol: 'UDP', port: 53 }),
    listener('tcp', { protocol: 'TCP', port: 53 }),
  ]);
  assert.deepEqual(world.mesh.gateway.gateways.get('edge/public'), {
    namespace: 'edge',
    name: 'public',
    ports: [
      { port: 53, transport: 'tcp', listeners: [{ key: 'edge/public/tcp', protocol: 'TCP' }] },
      { port: 53, transport: 'udp', listeners: [{ key: 'edge/public/dns', protocol: 'UDP' }] },
      {
        port: 80,
        transport: 'tcp',
        listeners: [
          { key: 'edge/public/named', protocol: 'HTTP', hostname: 'a.example.com' },
          { key: 'edge/public/wild', protocol: 'HTTP', hostname: '*.example.com' },
          { key: 'edge/public/any', protocol: 'HTTP' },
        ],
      },
      {
        port: 443,
        transport: 'tcp',
        listeners: [
          {
            key: 'edge/public/https',
            protocol: 'HTTPS',
            hostname: 'a.example',
            tls: { mode: 'Terminate', certificates: ['edge/cert'] },
          },
        ],
      },
    ],
  });
  assert.deepEqual(world.mesh.gateway.certificates.get('edge/cert'), pair);
});

test('hostnames are tried from the most specific to none', () => {
  const names = [undefined, '*.com', '*.b.com', '*.a.b.com', 'b.com', 'a.b.com'];
  const sorted = names.toSorted(bySpecificity);
  assert.deepEqual(sorted, ['a.b.com', 'b.com', '*.a.b.com', '*.b.com', '*.com', undefined]);
});

test('kinds that a listener cannot take are named, the others stay', async () => {
  const kinds = (...names: string[]) => ({ allowedRoutes: { kinds: names.map((kind) => ({ kind })) } });
  const { verdict, ...judged } = await judge([
    listener('none', kinds('NoSuchRoute')),
    listener('some', { port: 81, ...kinds('HTTPRoute', 'TLSRoute') }),
    listener('foreign', {
      port: 82,
      allowedRoutes: { kinds: [{ group: 'example.com', kind: 'HTTPRoute' }] },
    }),
    listener('plain', { port: 83 }),
  ]);
  const supported = verdict.listeners.map(({ supportedKinds }) => supportedKinds.map(({ kind }) => kind));
  assert.deepEqual(supported, [[], ['HTTPRoute'], [], ['HTTPRoute', 'GRPCRoute']]);
  assert.equal(judged.listener('none')['ResolvedRefs'], 'False/InvalidRouteKinds');
  assert.equal(judged.listener('some')['ResolvedRefs'], 'False/InvalidRouteKinds');
  assert.equal(judged.listener('foreign')['ResolvedRefs'], 'False/InvalidRouteKinds');
  assert.equal(judged.listener('plain')['ResolvedRefs'], 'True/ResolvedRefs');
  assert.equal(judged.gateway['ResolvedRefs'], 'False/ListenersNotResolved');
});

test('listeners of TLS take TLSRoutes alone, whether they terminate it or not', async () => {
  const kinds = { allowedRoutes: { kinds: [{ kind: 'TCPRoute' }, { kind: 'TLSRoute' }] } };
  const { verdict, listener: conditions } = await judge([
    listener('through', { protocol: 'TLS', port: 443, tls: { mode: 'Passthrough' }, ...kinds }),
    listener('ended', { protocol: 'TLS', port: 444, tls: { mode: 'Terminate' } }),
  ]);
  const supported = verdict.listeners.map(({ supportedKinds }) => supportedKinds.map(({ kind }) => kind));
  assert.deepEqual(supported, [['TLSRoute'], ['TLSRoute']]);
  assert.equal(conditions('through')['ResolvedRefs'], 'False/InvalidRouteKinds');
});

test('a protocol that is not known costs the listener, and the Gateway where there is no other', async () => {
  const both = await judge([listener('http'), listener('odd', { protocol: 'INVALID', port: 1111 })]);
  assert.equal(both.gateway['Accepted'], 'True/ListenersNotValid');
  assert.equal(both.listener('odd')['Accepted'], 'False/UnsupportedProtocol');
  assert.equal(both.listener('http')['Accepted'], 'True/Accepted');
  assert.deepEqual(both.verdict.listeners[1]?.supportedKinds, []);
  assert.deepEqual(both.served, ['http']);

  const alone = await judge([listener('odd', { protocol: 'INVALID', port: 1111 })]);
  assert.equal(alone.gateway['Accepted'], 'False/ListenersNotValid');
  assert.equal(alone.gateway['Programmed'], 'False/Invalid');
  assert.deepEqual(alone.served, []);
});

test('a protocol is known by its own name, not by one that every object of JavaScript has', async () => {
  const judged = await judge([listener('http'), listener('odd', { protocol: 'toString', port: 1111 })]);
  assert.equal(judged.listener('odd')['Accepted'], 'False/UnsupportedProtocol');
  assert.deepEqual(judged.served, ['http']);
});

test('ports of the proxy itself are not to be had, but for UDP', async () => {
  const judged = await judge([
    listener('http', { port: 15021 }),
    listener('tcp', { port: 15020, protocol: 'TCP' }),
    listener('udp', { port: 15021, protocol: 'UDP' }),
  ]);
  assert.equal(judged.listener('http')['Accepted'], 'False/PortUnavailable');
  assert.equal(judged.listener('tcp')['Accepted'], 'False/PortUnavailable');
  assert.deepEqual(judged.served, ['udp']);
});

test('a hostname that is none, or a port that is none, costs the listener', async () => {
  const judged = await judge([
    listener('good'),
    listener('dot', { hostname: 'a.example.' }),
    listener('inner', { hostname: 'a.*.example' }),
    listener('none', { port: 0 }),
    listener('beyond', { port: 65_536 }),
  ]);
  assert.equal(judged.listener('dot')['Accepted'], 'False/UnsupportedValue');
  assert.equal(judged.listener('inner')['Accepted'], 'False/UnsupportedValue');
  assert.equal(judged.listener('none')['Accepted'], 'False/PortUnavailable');
  assert.equal(judged.listener('beyond')['Accepted'], 'False/PortUnavailable');
  assert.deepEqual(judged.served, ['good']);
});

test('options of TLS that nobody knows are refused rather than passed over', async () => {
  const tls = { certificateRefs: [{ name: 'cert' }], options: { 'example.com/min-version': '1.3' } };
  const judged = await judge([httpsListener('https', 'cert', { tls })]);
  assert.equal(judged.listener('https')['Accepted'], 'False/UnsupportedValue');
});

test('protocols that cannot share a port are both refused', async () => {
  const judged = await judge([
    listener('http'),
    listener('tcp', { protocol: 'TCP' }),
    listener('udp', { protocol: 'UDP' }),
  ]);
  for (const name of ['http', 'tcp']) {
    assert.equal(judged.listener(name)['Accepted'], 'False/ProtocolConflict');
    assert.equal(judged.listener(name)['Conflicted'], 'True/ProtocolConflict');
    assert.equal(judged.listener(name)['Programmed'], 'False/ProtocolConflict');
  }
  assert.deepEqual(judged.served, ['udp']);
  assert.equal(judged.gateway['Accepted'], 'True/ListenersNotValid');
});

test('HTTPS and TLS share a port by server name, but not the same name', async () => {
  await world.apply(tlsSecret('edge/cert', pair));
  const through = { protocol: 'TLS', port: 443, tls: { mode: 'Passthrough' } };
  const judged = await judge([
    httpsListener('a', 'cert', { hostname: 'a.example' }),
    listener('b', { ...through, hostname: 'b.example' }),
    httpsListener('same', 'cert', { hostname: 'c.example' }),
    listener('same-too', { ...through, hostname: 'C.example' }),
  ]);
  assert.deepEqual(judged.served, ['a', 'b']);
  assert.equal(judged.listener('same')['Conflicted'], 'True/HostnameConflict');
  assert.equal(judged.listener('same-too')['Accepted'], 'False/HostnameConflict');
});

test('a certificate that cannot be used leaves the listener with its kinds and routes, and without service', async () => {
  const toGateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' };
  const refs = {
    missing: { group: '', kind: 'Secret', name: 'missing' },
    group: { group: 'wrong', kind: 'Secret', name: 'cert' },
    kind: { group: '', kind: 'WrongKind', name: 'cert' },
    malformed: { group: '', kind: 'Secret', name: 'malformed' },
    mixed: { group: '', kind: 'Secret', name: 'mixed' },
    weak: { group: '', kind: 'Secret', name: 'weak' },
    keyless: { group: '', kind: 'Secret', name: 'keyless' },
  };
  await world.apply(
    tlsSecret('edge/cert', pair),
    secret('edge/malformed', { 'tls.crt': 'Hello world', 'tls.key': 'Hello world' }),
    tlsSecret('edge/mixed', { ...pair, privateKey: certificateFor('b.example').privateKey }),
    tlsSecret('edge/weak', weakCertificate()),
    secret('edge/keyless', { 'tls.crt': pair.chain }),
    route('edge/r', [toGateway], []),
  );
  const judged = await judge(
    Object.entries(refs).map(([name, ref], i) => httpsListener(name, ref, { port: 443 + i })),
  );
  for (const { name, supportedKinds, attachedRoutes } of judged.verdict.listeners) {
    assert.equal(judged.listener(name)['ResolvedRefs'], 'False/InvalidCertificateRef', name);
    assert.equal(judged.listener(name)['Programmed'], 'False/Invalid', name);
    assert.equal(judged.listener(name)['Accepted'], 'True/Accepted', name);
    assert.equal(supportedKinds[0]?.kind, 'HTTPRoute');
    assert.equal(attachedRoutes, 1);
  }
  assert.deepEqual(judged.served, []);
  assert.equal(judged.gateway['ResolvedRefs'], 'False/ListenersNotResolved');
  assert.equal(JSON.stringify(judged.verdict).includes('PRIVATE KEY'), false);
});

test('a listener is served with those of its certificates that hold, and follows them', async () => {
  await world.apply(tlsSecret('edge/cert', pair));
  const ref = (name: string) => ({ group: '', kind: 'Secret', name });
  const tls = { certificateRefs: [ref('cert'), ref('later')] };
  const listeners = [httpsListener('https', 'cert', { tls })];
  const before = await judge(listeners);
  assert.equal(before.listener('https')['ResolvedRefs'], 'False/InvalidCertificateRef');
  assert.deepEqual(before.served, ['https']);

  await world.apply(tlsSecret('edge/later', certificateFor('b.example')));
  const after = await judge(listeners);
  assert.equal(after.listener('https')['ResolvedRefs'], 'True/ResolvedRefs');

  await world.remove('Secret edge/cert', 'Secret edge/later');
  const gone = await judge(listeners);
  assert.equal(gone.listener('https')['ResolvedRefs'], 'False/InvalidCertificateRef');
  assert.deepEqual(gone.served, []);
  assert.equal(world.mesh.gateway.certificates.size, 0);
});

test('a certificate of another namespace needs a grant, which is not told from a missing Secret before', async () => {
  const ref = { group: '', kind: 'Secret', name: 'cert', namespace: 'vault' };
  const judged = async () => (await judge([httpsListener('https', ref)])).listener('https')['ResolvedRefs'];
  assert.equal(await judged(), 'False/RefNotPermitted');
  await world.apply(tlsSecret('vault/cert', pair));
  assert.equal(await judged(), 'False/RefNotPermitted');
  const from = { kind: 'Gateway', namespace: 'edge' };
  for (const wrong of [
    grant('vault/g', from, { kind: 'Secret', name: 'other' }),
    grant('vault/g', { ...from, namespace: 'shop' }, { kind: 'Secret' }),
    grant('vault/g', { ...from, kind: 'ListenerSet' }, { kind: 'Secret' }),
    grant('vault/g', { ...from, group: 'example.com' }, { kind: 'Secret' }),
    grant('vault/g', from, { kind: 'Service' }),
    grant('edge/g', from, { kind: 'Secret' }),
  ]) {
    await world.apply(wrong);
    assert.equal(await judged(), 'False/RefNotPermitted', JSON.stringify(wrong));
  }
  await world.apply(grant('vault/g', from, { kind: 'Secret', name: 'cert' }));
  assert.equal(await judged(), 'True/ResolvedRefs');
  await world.apply(grant('vault/g', from, { kind: 'Secret' }));
  assert.equal(await judged(), 'True/ResolvedRefs');
  await world.remove('ReferenceGrant vault/g');
  assert.equal(await judged(), 'False/RefNotPermitted');
});

test('certificates that no Gateway names are not kept', async () => {
  await world.apply(tlsSecret('shop/private', pair));
  assert.equal(world.mesh.gateway.certificates.size, 0);
});

test('addresses of a kind or form that cannot be given cost the Gateway, empty ones do not', async () => {
  const accepted = async (address: { type?: string; value?: string }) =>
    (await judge([listener('http')], { addresses: [address] })).gateway['Accepted'];
  assert.equal(await accepted({ type: 'test/fake-invalid-type', value: 'x' }), 'False/UnsupportedAddress');
  assert.equal(await accepted({ type: 'IPAddress', value: 'x' }), 'False/UnsupportedAddress');
  assert.equal(await accepted({ type: 'IPAddress' }), 'True/Accepted');
  assert.equal(await accepted({ value: 'fd00::1' }), 'True/Accepted');
});

test('the generation of a verdict is that of the Gateway that was judged', async () => {
  await world.apply(gateway('edge/public', [listener('http')], {}, 7));
  assert.equal(world.mesh.gateway.gatewayVerdicts.get('edge/public')?.generation, 7);
});

test('routes are counted at listeners that are served and at those that are not', async () => {
  const toGateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' };
  const first = [listener('http'), listener('odd', { port: 15021 })];
  await world.apply(
    route('edge/one', [toGateway], []),
    route('edge/two', [{ ...toGateway, sectionName: 'odd' }], []),
  );
  const { verdict } = await judge(first);
  assert.deepEqual(
    verdict.listeners.map(({ attachedRoutes }) => attachedRoutes),
    [1, 2],
  );
});
