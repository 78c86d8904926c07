import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podSni, serviceSni, variantKey } from './names.ts';

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
