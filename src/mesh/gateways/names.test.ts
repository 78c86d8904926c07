import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayLabelValue, gatewayResourceName } from './names.ts';

const rfc1035 = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

test('the objects of a Gateway are named after it and its class', () => {
  assert.equal(gatewayResourceName('public', 'weft'), 'public-weft');
  assert.equal(gatewayLabelValue('public'), 'public');
});

test('names that cannot name a Service become legal ones, each still its own', () => {
  const gateways = ['a'.repeat(253), `${'a'.repeat(252)}b`, '1st', 'a.b', 'a-b.', 'x'.repeat(59)];
  const names = gateways.map((gateway) => gatewayResourceName(gateway, 'weft'));
  for (const name of names) assert.match(name, rfc1035);
  assert.equal(new Set(names).size, names.length);
  assert.notEqual(gatewayResourceName('a.b', 'c'), gatewayResourceName('a', 'b-c'));
});

test('a long name of a Gateway becomes a legal label value, still its own', () => {
  const values = ['a'.repeat(253), `${'a'.repeat(252)}b`, `${'a.'.repeat(40)}b`].map(gatewayLabelValue);
  for (const value of values) assert.match(value, /^[a-z0-9]([-._a-z0-9]{0,61}[a-z0-9])?$/);
  assert.equal(new Set(values).size, values.length);
  assert.equal(gatewayLabelValue('a.b'), 'a.b');
});
