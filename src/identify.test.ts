import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { WeftError } from './base/errors.ts';
import { Graph } from './graph/graph.ts';
import { identify } from './identify.ts';
import type { TokenHolder, TokenVerdict } from './kube/token-review.ts';
import type { MeshPod, MeshSettings } from './mesh/model.ts';
import type { CertificatePeer, TokenPeer } from './xds/server/peer.ts';

const web = {
  namespace: 'shop',
  name: 'web-1',
  uid: 'u1',
  serviceAccount: 'web',
  workload: 'shop/Deployment/web',
  meshed: true,
} as MeshPod;
const uri = 'spiffe://cluster.local/ns/shop/sa/web';
const holder: TokenHolder = { namespace: 'shop', serviceAccount: 'web', podName: 'web-1', podUid: 'u1' };
const token: TokenPeer = { kind: 'token', token: () => 'a.b.c' };

function shows(identity: string): CertificatePeer {
  return { kind: 'certificate', uri: identity, subject: '', notBeforeMs: 0, notAfterMs: 0 };
}

async function world(patienceMs = 0) {
  const graph = new Graph({ onError: (error) => assert.fail(error) });
  const pods = graph.source<MeshPod>('pods');
  const settings = graph.source<MeshSettings>('settings');
  settings.set('default', { trustDomain: 'cluster.local' } as MeshSettings);
  pods.set('shop/web-1', web);
  pods.set('shop/plain', { ...web, name: 'plain', meshed: false });
  await graph.settled();
  const review = (): Promise<TokenVerdict> => Promise.resolve({ kind: 'accepted', holder });
  return { graph, pods, options: { pods, settings, patienceMs, review } };
}

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof WeftError && error.code === 'WEFT-XDS-20' && pattern.test(error.message);

suite('a connecting proxy', () => {
  test('is the pod of its node id when the certificate says its identity', async () => {
    const { options } = await world();
    assert.deepEqual(await identify(options, shows(uri), 'shop/web-1/u1'), {
      key: 'shop/web-1',
      uid: 'u1',
      workload: 'shop/Deployment/web',
      identity: uri,
    });
  });

  test('is refused with the identity of another workload', async () => {
    const { options } = await world();
    const other = shows('spiffe://cluster.local/ns/shop/sa/ledger');
    await assert.rejects(identify(options, other, 'shop/web-1/u1'), refused(/sa\/web.*sa\/ledger/));
  });

  test('is refused with an identity of another trust domain', async () => {
    const { options } = await world();
    await assert.rejects(
      identify(options, shows(uri.replace('cluster.local', 'evil')), 'shop/web-1/u1'),
      refused(/evil/),
    );
  });

  for (const nodeId of [
    '',
    'shop/web-1',
    'shop/web-1/u1/more',
    'shop/web-1/u2',
    'shop/nobody/u1',
    'shop/plain/u1',
  ]) {
    test(`is refused under the node id ${JSON.stringify(nodeId)}`, async () => {
      const { options } = await world();
      await assert.rejects(identify(options, shows(uri), nodeId), refused(/node id|not in the mesh/));
    });
  }

  test('may be known a moment later than it connects', async () => {
    const { graph, pods, options } = await world(5000);
    const found = identify(options, shows(uri), 'shop/web-2/u2');
    pods.set('shop/web-2', { ...web, name: 'web-2', uid: 'u2' });
    await graph.settled();
    assert.equal((await found).key, 'shop/web-2');
  });
});

suite('a proxy that shows a token', () => {
  test('is the pod that the token is bound to', async () => {
    const { options } = await world();
    assert.deepEqual(await identify(options, token, 'shop/web-1/u1'), {
      key: 'shop/web-1',
      uid: 'u1',
      workload: 'shop/Deployment/web',
      identity: uri,
    });
  });

  const others: readonly (readonly [string, Partial<TokenHolder>])[] = [
    ['another pod', { podName: 'web-2' }],
    ['an earlier pod of the same name', { podUid: 'u0' }],
    ['a pod of that name in another namespace', { namespace: 'other' }],
    ['the pod under another service account', { serviceAccount: 'ledger' }],
  ];
  for (const [whose, change] of others) {
    test(`is refused with that of ${whose}`, async () => {
      const { options } = await world();
      const review = (): Promise<TokenVerdict> =>
        Promise.resolve({ kind: 'accepted', holder: { ...holder, ...change } });
      await assert.rejects(
        identify({ ...options, review }, token, 'shop/web-1/u1'),
        refused(/token is that of/),
      );
    });
  }

  test('is refused with its own token when it asks for another pod', async () => {
    const { pods, options, graph } = await world();
    pods.set('shop/web-2', { ...web, name: 'web-2', uid: 'u2' });
    await graph.settled();
    await assert.rejects(identify(options, token, 'shop/web-2/u2'), refused(/token is that of/));
  });

  test('is refused when the API server does not accept the token, without a word of the token', async () => {
    const { options } = await world();
    const review = (): Promise<TokenVerdict> => Promise.resolve({ kind: 'refused', why: 'it has expired' });
    await assert.rejects(identify({ ...options, review }, token, 'shop/web-1/u1'), (error: unknown) => {
      assert.ok(error instanceof WeftError);
      assert.equal(error.code, 'WEFT-XDS-21');
      assert.match(error.message, /shop\/web-1 is refused: it has expired/);
      assert.doesNotMatch(error.message, /a\.b\.c/);
      return true;
    });
  });

  test('is told to come again while the API server cannot be asked', async () => {
    const { options } = await world();
    const review = (): Promise<TokenVerdict> => Promise.reject(new Error('connection refused'));
    await assert.rejects(identify({ ...options, review }, token, 'shop/web-1/u1'), { code: 'WEFT-XDS-22' });
  });
});
