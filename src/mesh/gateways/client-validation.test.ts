/** spec.tls of a Gateway: which clients HTTPS listeners let in, and what the Gateway shows to backends. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { KubeGateway, ObjectRef } from '../kubernetes-gateways.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';
import {
  certificateFor,
  configMap,
  gateway,
  grant,
  httpsListener,
  listener,
  secret,
  summarize,
  tlsSecret,
  weftClass,
} from './testing.ts';

let world: TestMesh;

const pair = certificateFor('a.example');
const [one, two] = [certificateFor('one').chain, certificateFor('two').chain];
const ca = (name: string, rest: Partial<ObjectRef> = {}): ObjectRef => ({
  group: '',
  kind: 'ConfigMap',
  name,
  ...rest,
});
const validation = (refs: readonly ObjectRef[], mode?: string) => ({
  validation: { caCertificateRefs: refs, ...(mode === undefined ? {} : { mode }) },
});

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: assert.ifError }));
  await world.apply(
    weftClass,
    tlsSecret('edge/cert', pair),
    configMap('edge/one', { 'ca.crt': one }),
    configMap('edge/two', { 'ca.crt': two }),
    configMap('edge/garbage', { 'ca.crt': 'Hello world' }),
    configMap('vault/far', { 'ca.crt': one }),
  );
});

const listeners = [
  listener('http'),
  httpsListener('https', 'cert'),
  httpsListener('other', 'cert', { port: 8443 }),
];

async function judge(tls: NonNullable<KubeGateway['spec']>['tls']) {
  await world.apply(gateway('edge/public', listeners, tls === undefined ? {} : { tls }));
  const verdict = world.mesh.gateway.gatewayVerdicts.get('edge/public');
  const validationAt = (port: number) => {
    const found = world.mesh.gateway.gateways.get('edge/public')?.ports.find((each) => each.port === port);
    const own = found?.listeners[0]?.tls;
    return own?.mode === 'Terminate' ? own.clientValidation : undefined;
  };
  return {
    gateway: summarize(verdict?.conditions),
    listener: (name: string) => summarize(verdict?.listeners.find((each) => each.name === name)?.conditions),
    validationAt,
    ports: world.mesh.gateway.gateways.get('edge/public')?.ports.map(({ port }) => port),
  };
}

test('the default holds for every HTTPS port without a configuration of its own', async () => {
  const judged = await judge({
    frontend: {
      default: validation([ca('one')]),
      perPort: [{ port: 8443, tls: validation([ca('one'), ca('two')]) }],
    },
  });
  assert.deepEqual(judged.validationAt(443), { authorities: one, mode: 'AllowValidOnly' });
  assert.deepEqual(judged.validationAt(8443), { authorities: `${one}${two}`, mode: 'AllowValidOnly' });
  assert.equal(judged.gateway['InsecureFrontendValidationMode'], undefined);
});

test('a port may ask for nothing where the default asks', async () => {
  const judged = await judge({
    frontend: { default: validation([ca('one')]), perPort: [{ port: 8443, tls: {} }] },
  });
  assert.equal(judged.validationAt(8443), undefined);
  assert.deepEqual(judged.ports, [80, 443, 8443]);
});

test('where no authority holds, the listener is refused rather than open to all', async () => {
  const refs: readonly (readonly [ObjectRef, string])[] = [
    [ca('missing'), 'InvalidCACertificateRef'],
    [ca('garbage'), 'InvalidCACertificateRef'],
    [ca('one', { kind: 'Secret' }), 'InvalidCACertificateKind'],
    [ca('one', { group: 'example.com' }), 'InvalidCACertificateKind'],
    [ca('far', { namespace: 'vault' }), 'RefNotPermitted'],
  ];
  for (const [ref, reason] of refs) {
    const judged = await judge({ frontend: { default: validation([ref]) } });
    assert.deepEqual(judged.listener('https'), {
      Accepted: 'False/NoValidCACertificate',
      ResolvedRefs: `False/${reason}`,
      Programmed: 'False/Invalid',
    });
    assert.deepEqual(judged.listener('http'), {
      Accepted: 'True/Accepted',
      ResolvedRefs: 'True/ResolvedRefs',
    });
    assert.deepEqual(judged.ports, [80]);
    assert.equal(judged.gateway['Accepted'], 'True/ListenersNotValid');
  }
});

test('one authority that holds is enough to serve, and the other is still told', async () => {
  const judged = await judge({ frontend: { default: validation([ca('missing'), ca('one')]) } });
  assert.deepEqual(judged.validationAt(443), { authorities: one, mode: 'AllowValidOnly' });
  assert.equal(judged.listener('https')['ResolvedRefs'], 'False/InvalidCACertificateRef');
  assert.equal(judged.listener('https')['Accepted'], 'True/Accepted');
});

test('authorities of another namespace need a grant', async () => {
  const tls = { frontend: { default: validation([ca('far', { namespace: 'vault' })]) } };
  assert.equal((await judge(tls)).listener('https')['ResolvedRefs'], 'False/RefNotPermitted');
  await world.apply(grant('vault/g', { kind: 'Gateway', namespace: 'edge' }, { kind: 'ConfigMap' }));
  assert.equal((await judge(tls)).listener('https')['ResolvedRefs'], 'True/ResolvedRefs');
});

test('authorities are followed when their ConfigMap changes', async () => {
  const tls = { frontend: { default: validation([ca('one')]) } };
  await world.apply(configMap('edge/one', { 'ca.crt': two }));
  assert.equal((await judge(tls)).validationAt(443)?.authorities, two);
  await world.apply(configMap('edge/one', { 'ca.crt': '' }));
  assert.equal((await judge(tls)).listener('https')['Accepted'], 'False/NoValidCACertificate');
});

test('letting clients in without a valid certificate shows at the Gateway, for as long as it does', async () => {
  const insecure = { frontend: { default: validation([ca('one')], 'AllowInsecureFallback') } };
  const judged = await judge(insecure);
  assert.equal(judged.validationAt(443)?.mode, 'AllowInsecureFallback');
  assert.equal(judged.gateway['InsecureFrontendValidationMode'], 'True/ConfigurationChanged');
  const secure = await judge({ frontend: { default: validation([ca('one')], 'AllowValidOnly') } });
  assert.equal(secure.gateway['InsecureFrontendValidationMode'], undefined);
});

test('the certificate that a Gateway shows to backends is resolved, and what is wrong is told by the Gateway', async () => {
  const shows = async (ref: ObjectRef) => (await judge({ backend: { clientCertificateRef: ref } })).gateway;
  await world.apply(secret('edge/malformed', { 'tls.crt': 'Hello world', 'tls.key': 'Hello world' }));
  const cases: readonly (readonly [ObjectRef, string])[] = [
    [{ group: '', kind: 'Secret', name: 'missing' }, 'False/InvalidClientCertificateRef'],
    [{ group: '', kind: 'Secret', name: 'malformed' }, 'False/InvalidClientCertificateRef'],
    [{ group: 'wrong', kind: 'Secret', name: 'cert' }, 'False/InvalidClientCertificateRef'],
    [{ group: '', kind: 'Wrong', name: 'cert' }, 'False/InvalidClientCertificateRef'],
    [{ group: '', kind: 'Secret', name: 'cert', namespace: 'vault' }, 'False/RefNotPermitted'],
    [{ name: 'cert' }, 'True/ResolvedRefs'],
  ];
  for (const [ref, expected] of cases) {
    const conditions = await shows(ref);
    assert.equal(conditions['ResolvedRefs'], expected, JSON.stringify(ref));
    assert.equal(conditions['Accepted'], 'True/Accepted');
  }
  const { gateways, certificates } = world.mesh.gateway;
  assert.equal(gateways.get('edge/public')?.clientCertificate, 'edge/cert');
  assert.deepEqual(certificates.get('edge/cert'), pair);
});
