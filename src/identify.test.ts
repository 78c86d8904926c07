import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { WeftError } from './base/errors.ts';
import { Graph } from './graph/graph.ts';
import { identify } from './identify.ts';
import type { MeshPod, MeshSettings } from './mesh/model.ts';

const web = {
  namespace: 'shop',
  name: 'web-1',
  uid: 'u1',
  serviceAccount: 'web',
  workload: 'shop/Deployment/web',
  meshed: true,
} as MeshPod;
const uri = 'spiffe://cluster.local/ns/shop/sa/web';

async function world(patienceMs = 0) {
  const graph = new Graph({ onError: (error) => assert.fail(error) });
  const pods = graph.source<MeshPod>('pods');
  const settings = graph.source<MeshSettings>('settings');
  settings.set('default', { trustDomain: 'cluster.local' } as MeshSettings);
  pods.set('shop/web-1', web);
  pods.set('shop/plain', { ...web, name: 'plain', meshed: false });
  await graph.settled();
  return { graph, pods, options: { pods, settings, patienceMs } };
}

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof WeftError && error.code === 'WEFT-XDS-20' && pattern.test(error.message);

suite('a connecting proxy', () => {
  test('is the pod of its node id when the certificate says its identity', async () => {
    const { options } = await world();
    assert.deepEqual(await identify(options, { uri }, 'shop/web-1/u1'), {
      key: 'shop/web-1',
      uid: 'u1',
      workload: 'shop/Deployment/web',
      identity: uri,
    });
  });

  test('is refused with the identity of another workload', async () => {
    const { options } = await world();
    const other = { uri: 'spiffe://cluster.local/ns/shop/sa/ledger' };
    await assert.rejects(identify(options, other, 'shop/web-1/u1'), refused(/sa\/web.*sa\/ledger/));
  });

  test('is refused with an identity of another trust domain', async () => {
    const { options } = await world();
    await assert.rejects(
      identify(options, { uri: uri.replace('cluster.local', 'evil') }, 'shop/web-1/u1'),
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
      await assert.rejects(identify(options, { uri }, nodeId), refused(/node id|not in the mesh/));
    });
  }

  test('may be known a moment later than it connects', async () => {
    const { graph, pods, options } = await world(5000);
    const found = identify(options, { uri }, 'shop/web-2/u2');
    pods.set('shop/web-2', { ...web, name: 'web-2', uid: 'u2' });
    await graph.settled();
    assert.equal((await found).key, 'shop/web-2');
  });
});
