import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUpstream, podSni, serviceSni, upstreamName, variantKey } from './names.ts';

test('the server name of a service port says port, service and namespace, and ends in the suffix of the mesh', () => {
  assert.equal(serviceSni('shop/web:80'), 'p80.web.shop.weft');
  assert.equal(podSni(8080), 'p8080.pod.weft');
});

test('the longest possible server name is one that DNS and TLS allow', () => {
  const sni = serviceSni(`${'n'.repeat(63)}/${'s'.repeat(63)}:65535`);
  assert.ok(sni.length <= 253);
  assert.ok(sni.split('.').every((label) => label.length <= 63));
});

test('a variant has the namespace of its clients behind it', () => {
  assert.equal(variantKey('[fd00::1]:80'), '[fd00::1]:80');
  assert.equal(variantKey('10.0.0.1:80', 'blue'), '10.0.0.1:80@blue');
});

const upstreams = [
  [{}, 'svc/shop/web:80'],
  [{ http2: true }, 'svc/shop/web:80+http2'],
  [{ edge: true }, 'svc/shop/web:80+edge'],
  [{ tls: 'shop/policy.v1' }, 'svc/shop/web:80+tls=shop/policy.v1'],
  [
    { http2: true, tls: 'shop/policy', clientCertificate: 'infra/client' },
    'svc/shop/web:80+http2+tls=shop/policy+certificate=infra/client',
  ],
] as const;
for (const [upstream, name] of upstreams) {
  test(`${name} says how it is called, and is read as it was written`, () => {
    assert.equal(upstreamName('shop/web:80', upstream), name);
    assert.deepEqual(parseUpstream(name.slice('svc/'.length)), { key: 'shop/web:80', upstream });
  });
}

test('a port of UDP keeps its key in the name of a cluster', () => {
  const name = upstreamName('shop/dns:53/udp', { edge: true });
  assert.equal(parseUpstream(name.slice('svc/'.length)).key, 'shop/dns:53/udp');
});
