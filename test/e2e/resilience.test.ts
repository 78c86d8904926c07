import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { App, createNamespace, createService, deployApp, isReady, kinds, putApp } from './apps.ts';
import { controlPlanePods, killContainer, weftJson } from './control-plane.ts';
import { inboundHandshakes, sumOf } from './evidence.ts';
import { type TestMesh, until, useMesh } from './harness.ts';

const namespace = 'resilience';
let mesh: TestMesh;
let client: App;
let server: App;
const call = { kind: 'http', url: 'http://server/' } as const;

/** Runs `disturb` under a load of 200 requests per second and expects that no request fails. */
async function underLoad(disturb: () => Promise<void>): Promise<void> {
  const load = await client.startLoad(call, 200);
  await until('the load flows', async () => ((await load.report()).done > 200 ? true : undefined));
  await disturb();
  const settledAt = (await load.report()).sent + 200;
  await until('the load flows on', async () => ((await load.report()).sent > settledAt ? true : undefined));
  const report = await load.stop();
  assert.equal(report.failed, 0, JSON.stringify(report));
  assert.equal(report.done, report.sent);
}

function kubectl(...args: readonly string[]): Promise<unknown> {
  return mesh.cluster.kubectl(args);
}

suite('under load', () => {
  before(async () => {
    mesh = await useMesh();
    await createNamespace(mesh.api, namespace, true);
    await createService(mesh.api, namespace, 'server');
    [client, server] = await Promise.all([
      deployApp(mesh, namespace, { name: 'client' }),
      deployApp(mesh, namespace, { name: 'server', replicas: 2 }),
    ]);
    await until('calls succeed', async () => ((await client.call(call)).ok ? true : undefined));
  });

  test('a rolling restart loses no request', async () => {
    await underLoad(async () => {
      const replaced = new Set((await server.pods()).map((pod) => pod.metadata.name));
      await kubectl('-n', namespace, 'rollout', 'restart', 'deployment/server');
      await until(
        'all pods are new',
        async () => {
          const pods = await server.pods();
          return pods.length === 2 && pods.every((pod) => isReady(pod) && !replaced.has(pod.metadata.name))
            ? true
            : undefined;
        },
        120_000,
      );
    });
  });

  test('certificates rotate and no request fails', async () => {
    const address = await server.address();
    const expiry = (): Promise<number> =>
      sumOf(address, /^envoy_.*certificate.*expiration_unix_time_seconds/);
    const earlier = await expiry();
    assert.ok(earlier > 0);
    const handshakes = await inboundHandshakes(address);
    await underLoad(async () => {
      // A restarted kubelet asks for every certificate anew.
      await mesh.cluster.restartKubelet();
      await until(
        'the proxy has a later certificate',
        async () => ((await expiry()) > earlier ? true : undefined),
        120_000,
      );
    });
    assert.ok((await inboundHandshakes(address)) >= handshakes);
  });

  test('the death of one control-plane replica is not noticed, and pods can still be created', async () => {
    const [replica] = await controlPlanePods(mesh);
    await underLoad(async () => {
      await killContainer(mesh, replica, 'weft');
      const late = await deployApp(mesh, namespace, { name: 'born-during-the-failure' });
      assert.ok((await late.call(call)).ok);
    });
    await until(
      'both replicas are ready',
      async () => ((await controlPlanePods(mesh)).filter(isReady).length === 2 ? true : undefined),
      90_000,
    );
  });

  test('with every replica down for two minutes traffic goes on, pods wait, and afterwards nothing is sent twice', async () => {
    const scale = (replicas: number): Promise<unknown> =>
      kubectl('-n', 'weft-system', 'scale', 'deployment/weft', `--replicas=${replicas}`);
    const clientAddress = await client.address();
    const updates = (): Promise<number> =>
      sumOf(clientAddress, /^envoy_(cluster_manager_cds|listener_manager_lds)_update_success/);
    const earlier = await updates();
    await underLoad(async () => {
      await scale(0);
      await until(
        'no replica is left',
        async () => ((await controlPlanePods(mesh)).length === 0 ? true : undefined),
        60_000,
      );
      const gone = Date.now();
      const bare = {
        metadata: { name: 'too-early', namespace },
        spec: { containers: [{ name: 'app', image: mesh.image }] },
      };
      await assert.rejects(
        mesh.api.create(kinds.pod, bare),
        /weft/,
        'no pod of a meshed namespace starts without its proxy',
      );
      await putApp(mesh, namespace, { name: 'born-meanwhile' });
      await until(
        'two minutes have passed',
        async () => (Date.now() - gone > 120_000 ? true : undefined),
        150_000,
      );
      await scale(2);
      await until(
        'both replicas are ready',
        async () => ((await controlPlanePods(mesh)).filter(isReady).length === 2 ? true : undefined),
        90_000,
      );
    });
    const late = new App(mesh, namespace, 'born-meanwhile');
    await late.ready(1);
    assert.ok((await late.call(call)).ok);
    await until('the client is connected again', async () => {
      const status = await weftJson<{ proxies: readonly { proxy: string; synced: boolean }[] }>(
        mesh,
        'status',
      );
      return status.proxies.some((proxy) => proxy.proxy.includes('/client-') && proxy.synced)
        ? true
        : undefined;
    });
    assert.equal(await updates(), earlier, 'what the proxy holds was not sent again');
  });
});
