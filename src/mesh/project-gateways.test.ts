import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, gateway, listener, listenerSet, secret, weftClass } from './gateways/testing.ts';
import type { KubeBackendTLSPolicy, KubeConfigMap, KubeGatewayClass } from './kubernetes-gateways.ts';
import {
  projectBackendTLSPolicy,
  projectConfigMap,
  projectGateway,
  projectGatewayAPI,
  projectGatewayClass,
  projectListenerSet,
  projectTLSSecret,
} from './project-gateways.ts';

test('a class tells whether Weft is its controller', () => {
  assert.deepEqual(projectGatewayClass(weftClass), { ours: true, generation: 1 });
  const other: KubeGatewayClass = { ...weftClass, spec: { controllerName: 'example.com/other' } };
  assert.equal(projectGatewayClass(other).ours, false);
  assert.equal(projectGatewayClass({ metadata: { name: 'empty' } }).ours, false);
});

test('Gateways of every class are kept: a class may become ours later', () => {
  const projected = projectGateway(gateway('edge/public', [listener('http')], { gatewayClassName: 'other' }));
  assert.equal(projected.className, 'other');
  assert.equal(projected.spec.listeners?.length, 1);
  assert.equal(projectGateway({ metadata: { name: 'x', namespace: 'y' } }).className, '');
});

test('a ListenerSet is its parent and its listeners', () => {
  const { parentRef, listeners } = projectListenerSet(
    listenerSet('shop/set', 'edge/public', [listener('http')]),
  );
  assert.equal(`${parentRef.namespace}/${parentRef.name}`, 'edge/public');
  assert.equal(listeners.length, 1);
  assert.deepEqual(projectListenerSet({ metadata: { name: 'x' } }).listeners, []);
});

test('of a Secret the certificate and the key are kept, of other types nothing', () => {
  const tls = secret('edge/cert', { 'tls.crt': 'chain', 'tls.key': 'key', 'ca.crt': 'other' });
  assert.deepEqual(projectTLSSecret(tls), { chain: 'chain', privateKey: 'key' });
  assert.deepEqual(projectTLSSecret(secret('edge/cert', {})), { chain: '', privateKey: '' });
  assert.equal(projectTLSSecret({ ...tls, type: 'Opaque' }), undefined);
});

test('of a ConfigMap the authorities are kept, and nothing of the one that every namespace has', () => {
  assert.deepEqual(projectConfigMap(configMap('edge/ca', { 'ca.crt': 'pem', big: 'x'.repeat(1000) })), {
    authorities: 'pem',
  });
  assert.equal(projectConfigMap(configMap('edge/other', { big: 'x' })), undefined);
  assert.equal(projectConfigMap(configMap('edge/kube-root-ca.crt', { 'ca.crt': 'pem' })), undefined);
  const binary: KubeConfigMap = {
    metadata: { name: 'ca', namespace: 'edge' },
    binaryData: { 'ca.crt': Buffer.from('pem').toString('base64') },
  };
  assert.deepEqual(projectConfigMap(binary), { authorities: 'pem' });
});

test('a BackendTLSPolicy without a specification means nothing', () => {
  const policy: KubeBackendTLSPolicy = { metadata: { name: 'p', namespace: 'edge', generation: 3 } };
  assert.deepEqual(projectBackendTLSPolicy(policy), {
    namespace: 'edge',
    name: 'p',
    createdAt: '',
    generation: 3,
    targetRefs: [],
    validation: {},
  });
});

test('a definition tells its release and channel, or that it does not', () => {
  const annotations = {
    'gateway.networking.k8s.io/bundle-version': 'v1.6.3',
    'gateway.networking.k8s.io/channel': 'standard',
  };
  assert.deepEqual(projectGatewayAPI({ metadata: { name: 'x', annotations } }), {
    bundleVersion: 'v1.6.3',
    channel: 'standard',
  });
  assert.deepEqual(projectGatewayAPI({ metadata: { name: 'x' } }), { bundleVersion: '', channel: '' });
});
