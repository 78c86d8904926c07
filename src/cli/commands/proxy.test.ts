import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, meshCluster } from '../testing.ts';
import type { ProxyDetail } from '../../xds/server/server.ts';

const resources = [
  { kind: 'cluster', name: 'service/shop/api/80', version: 'c1', current: true },
  { kind: 'listener', name: 'vip/10.96.0.7:80', version: 'l1', current: false },
  { kind: 'listener', name: 'gone', version: undefined, current: true },
] as const;

function clusterWith(details: Readonly<Record<string, Partial<ProxyDetail>>>) {
  const cluster = meshCluster();
  for (const [replica, detail] of Object.entries(details)) {
    cluster.answers.set(replica, {
      '/v1/proxies/shop/web-1': { ...connected('shop/web-1'), resources, ...detail },
    });
  }
  return cluster;
}

test('What a proxy holds is listed with whether it has acknowledged it', async () => {
  const cluster = clusterWith({ 'weft-b': {} });
  for (const line of ['proxy config shop/web-1', 'proxy config web-1 -n shop']) {
    const { out, exitCode } = await cluster.run(line);
    assert.equal(exitCode, 0);
    assert.match(out, /^cluster {3}service\/shop\/api\/80 {2}c1 {7}yes$/m);
    assert.match(out, /^listener {2}vip\/10\.96\.0\.7:80 {5}l1 {7}no$/m);
    assert.match(out, /^listener {2}gone {17}removed {2}yes$/m);
  }
});

test('--kind leaves out the others, in JSON too', async () => {
  const { out } = await clusterWith({ 'weft-a': {} }).run('proxy config shop/web-1 --kind cluster -o json');
  assert.deepEqual((JSON.parse(out) as ProxyDetail).resources, [resources[0]]);
});

test('Of two replicas that know it the one it connected to last is believed', async () => {
  const cluster = clusterWith({
    'weft-a': { connectedForMs: 90_000, resources: [] },
    'weft-b': { connectedForMs: 1_000 },
  });
  assert.match((await cluster.run('proxy config shop/web-1')).out, /service\/shop\/api\/80/);
});

test('A pod whose proxy nobody knows is told with exit code 2', async () => {
  const { exitCode, err } = await clusterWith({}).run('proxy config shop/web-1');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-02: No replica has a proxy of pod shop\/web-1 connected\./);
});
