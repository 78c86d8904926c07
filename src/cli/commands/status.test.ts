import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { connected, meshCluster, nowMs } from '../testing.ts';
import { proxyRows } from './status.ts';

const status = (replica: string, ...proxies: ReturnType<typeof connected>[]) => ({
  replica,
  version: '0.1.0',
  leading: false,
  nowMs,
  proxies,
});

test('Proxies of all replicas are listed, sorted by name', () => {
  const rows = proxyRows([
    status('b', connected('shop/web-2')),
    status('a', connected('shop/web-1'), connected('bank/api-1')),
  ]);
  assert.deepEqual(
    rows.map(({ proxy, replica }) => [proxy, replica]),
    [
      ['bank/api-1', 'a'],
      ['shop/web-1', 'a'],
      ['shop/web-2', 'b'],
    ],
  );
});

test('A proxy that moved while the replicas were asked counts where it connected last', () => {
  const old = connected('shop/web-1', { connectedForMs: 90_000 });
  const recent = connected('shop/web-1', { connectedForMs: 2_000 });
  for (const answers of [
    [status('a', old), status('b', recent)],
    [status('b', recent), status('a', old)],
  ]) {
    const rows = proxyRows(answers);
    assert.deepEqual([rows.length, rows[0]?.replica, rows[0]?.connectedSeconds], [1, 'b', 2]);
  }
});

test('A replica whose clock is wrong is believed all the same how long a proxy has been with it', () => {
  const ahead = {
    ...status('a', connected('shop/web-1', { connectedForMs: 60_000 })),
    nowMs: nowMs + 7_200_000,
  };
  const right = status('b', connected('shop/web-1', { connectedForMs: 2_000 }));
  assert.deepEqual(
    proxyRows([ahead, right]).map(({ replica, connectedSeconds }) => [replica, connectedSeconds]),
    [['b', 2]],
  );
});

test('A proxy that reconnected and was sent nothing is in sync; one that holds nothing yet is not', () => {
  const nothing = { secret: 0, cluster: 0, endpoints: 0, listener: 0, route: 0 };
  const rows = proxyRows([
    status(
      'a',
      connected('shop/back', { lastAckAgoMs: undefined }),
      connected('shop/new', { held: nothing }),
    ),
  ]);
  assert.deepEqual(
    rows.map(({ synced }) => synced),
    [true, false],
  );
});

test('Replicas and proxies are shown as tables, with exit code 0 while everything is in sync', async () => {
  const cluster = meshCluster();
  cluster.addPod('shop/web-1');
  const { out, exitCode } = await cluster.run('status');
  assert.match(out, /^weft-a {3}0\.1\.0 {4}yes {4}1$/m);
  assert.match(out, /^weft-b {3}0\.1\.0 {4}no {5}0$/m);
  assert.match(out, /^shop\/web-1 {2}shop\/Deployment\/web {2}yes .* 5m$/m);
  assert.equal(exitCode, 0);
});

test('A proxy that waits or has rejected something makes the exit code 1', async () => {
  for (const [change, shown] of [
    [{ pending: 4 }, /4 pending/],
    [{ nacks: 2 }, /rejected 2/],
  ] as const) {
    const cluster = meshCluster();
    cluster.addPod('shop/web-1', change);
    const { out, exitCode } = await cluster.run('status');
    assert.match(out, shown);
    assert.equal(exitCode, 1);
  }
});

test('With -n only proxies of that namespace are shown and judged', async () => {
  const cluster = meshCluster();
  cluster.addPod('shop/web-1', { pending: 4 });
  cluster.addPod('shop-two/web-1');
  const { out, exitCode } = await cluster.run('status -n shop-two');
  assert.match(out, /^shop-two\/web-1/m);
  assert.doesNotMatch(out, /^shop\/web-1/m);
  assert.equal(exitCode, 0);
  assert.match((await cluster.run('status -n nobody')).out, /^No proxy of namespace nobody is connected\.$/m);
});

test('JSON and YAML say the same as the table, for programs', async () => {
  const cluster = meshCluster();
  cluster.addPod('shop/web-1');
  const json = JSON.parse((await cluster.run('status -o json')).out) as {
    readonly replicas: readonly object[];
    readonly proxies: readonly Record<string, unknown>[];
  };
  assert.deepEqual(json.replicas[0], { replica: 'weft-a', version: '0.1.0', leading: true, proxies: 1 });
  assert.equal(json.proxies[0]?.['connectedSeconds'], 300);
  assert.deepEqual(parse((await cluster.run('status -o yaml')).out), json);
});

test('A certificate shows how much of its life is left, by the clock of the replica', async () => {
  const hourMs = 3_600_000;
  const cluster = meshCluster();
  const certificate = (remainingMs: number) => ({
    certificate: { notBeforeMs: nowMs + remainingMs - 24 * hourMs, notAfterMs: nowMs + remainingMs },
  });
  cluster.addPod('shop/web-1', certificate(20 * hourMs));
  cluster.addPod('shop/web-2', certificate(-3 * hourMs));
  const { certificate: _, ...unknown } = connected('shop/web-3');
  cluster.status('weft-b').proxies.push(unknown);
  cluster.clockMs += 50 * hourMs;
  const { out } = await cluster.run('status');
  assert.match(out, /^shop\/web-1 .* 20h left of 24h {2}5m$/m);
  assert.match(out, /^shop\/web-2 .* expired 3h ago {3}5m$/m);
  assert.match(out, /^shop\/web-3 .* unknown {10}5m$/m);
});
