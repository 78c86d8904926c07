import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeshSettings } from '../../mesh/model.ts';
import { outbound } from './listener-outbound.ts';
import { decode, path, testSettings } from './testing.ts';

const listener = (settings: Partial<MeshSettings> = {}) =>
  decode('listener', outbound({ ...testSettings, ...settings }));

test('only addresses in the ranges of the mesh are asked for, in an order that does not depend on the settings', () => {
  const ranges = ['10.96.0.0/12', 'fd00::/8'];
  const json = listener({ meshCIDRs: ranges });
  assert.deepEqual(path(json, 'filterChains', 0, 'filterChainMatch', 'prefixRanges'), [
    { addressPrefix: '10.96.0.0', prefixLen: 12 },
    { addressPrefix: 'fd00::', prefixLen: 8 },
  ]);
  assert.deepEqual(listener({ meshCIDRs: [...ranges].reverse() }), json);
});

test('without ranges nothing is asked for, rather than everything', () => {
  assert.equal(listener({ meshCIDRs: [] })['filterChains'], undefined);
});

test('what lies outside passes through where the mesh allows it, and finds no chain where it does not', () => {
  const passthrough = ['defaultFilterChain', 'filters', 0, 'typedConfig', 'cluster'];
  assert.equal(path(listener(), ...passthrough), 'passthrough');
  assert.equal(listener({ outbound: 'Deny' })['defaultFilterChain'], undefined);
});

test('it is bound to loopback of both families only, also where the pod has no IPv6', () => {
  const json = listener();
  assert.equal(path(json, 'address', 'socketAddress', 'address'), '127.0.0.1');
  assert.equal(path(json, 'additionalAddresses', 0, 'address', 'socketAddress', 'address'), '::1');
  assert.equal(json['freebind'], true);
});

test('the proxy asks by the address that the application called', () => {
  const state = path(listener(), 'filterChains', 0, 'filters', 0, 'typedConfig', 'onNewConnection', 0);
  assert.equal(path(state, 'objectKey'), 'envoy.tcp_proxy.cluster');
  assert.equal(
    path(state, 'formatString', 'textFormatSource', 'inlineString'),
    'vip/%DOWNSTREAM_LOCAL_ADDRESS%',
  );
});

test('settings that are not about the network change nothing', () => {
  const one = outbound(testSettings);
  const other = outbound({
    ...testSettings,
    mtls: 'Strict',
    trustDomain: 'other',
    proxy: { ...testSettings.proxy, image: 'x' },
  });
  assert.equal(one.version, other.version);
});
