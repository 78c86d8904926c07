import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { appContainer, createNamespace, deployApp, isReady, kinds, type Pod, put } from './apps.ts';
import { type TestMesh, until, useMesh } from './harness.ts';

const meshed = 'inject-on';
const plain = 'inject-off';
let mesh: TestMesh;

suite('pods of a labelled namespace', () => {
  before(async () => {
    mesh = await useMesh();
    await createNamespace(mesh.api, meshed, true);
    await createNamespace(mesh.api, plain, false);
  });

  test('start in the order redirect, Envoy ready, own init containers, application', async () => {
    const own = {
      name: 'own-init',
      image: mesh.image,
      imagePullPolicy: 'Never',
      command: ['/usr/local/bin/node', '-e', '0'],
    };
    const app = await deployApp(mesh, meshed, { name: 'ordered', podSpec: { initContainers: [own] } });
    const [pod] = await app.ready(1);
    assert.ok(pod !== undefined);
    assert.deepEqual(
      pod.spec.initContainers?.map((container) => container.name),
      ['weft-redirect', 'weft-proxy', 'own-init'],
    );
    assert.equal(pod.spec.initContainers?.[1]?.restartPolicy, 'Always');
    const status = new Map(
      [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])].map((one) => [
        one.name,
        one,
      ]),
    );
    const redirectEnd = status.get('weft-redirect')?.state.terminated?.finishedAt ?? '';
    const proxyStart = status.get('weft-proxy')?.state.running?.startedAt ?? '';
    const initStart = status.get('own-init')?.state.terminated?.startedAt ?? '';
    const appStart = status.get('app')?.state.running?.startedAt ?? '';
    assert.ok(
      redirectEnd <= proxyStart && proxyStart <= initStart && initStart <= appStart,
      JSON.stringify([redirectEnd, proxyStart, initStart, appStart]),
    );
    assert.ok(status.get('weft-proxy')?.ready, 'the sidecar counts as ready: 2/2');
  });

  test('complete when their job is done', async () => {
    await put(mesh.api, kinds.job, {
      metadata: { name: 'once', namespace: meshed },
      spec: {
        backoffLimit: 0,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [
              {
                name: 'work',
                image: mesh.image,
                imagePullPolicy: 'Never',
                command: ['/usr/local/bin/node', '-e', 'setTimeout(() => process.exit(0), 200)'],
              },
            ],
          },
        },
      },
    });
    const status = await until('the job completes', async () => {
      const job = await mesh.api.get<{
        metadata: { name: string };
        status?: { succeeded?: number; failed?: number };
      }>(kinds.job, 'once', meshed);
      return job?.status?.succeeded === undefined && job?.status?.failed === undefined
        ? undefined
        : job.status;
    });
    assert.equal(status.succeeded, 1);
  });

  test('stay untouched where the namespace has no label', async () => {
    const app = await deployApp(mesh, plain, { name: 'alone' });
    const [pod] = await app.ready(1);
    assert.equal(pod?.spec.initContainers, undefined);
    assert.equal(pod?.metadata.annotations?.['weft.dev/proxy'], undefined);
  });

  test('stay untouched where the pod says disabled', async () => {
    const app = await deployApp(mesh, meshed, {
      name: 'opted-out',
      labels: { 'weft.dev/inject': 'disabled' },
    });
    const [pod] = await app.ready(1);
    assert.equal(pod?.spec.initContainers, undefined);
  });

  test('join the mesh by their own label in a namespace without one', async () => {
    const app = await deployApp(mesh, plain, { name: 'opted-in', labels: { 'weft.dev/inject': 'enabled' } });
    const [pod] = await app.ready(1);
    assert.deepEqual(
      pod?.spec.initContainers?.map((container) => container.name),
      ['weft-redirect', 'weft-proxy'],
    );
  });

  test('are refused with a code when they ask for the mesh and the host network', async () => {
    const create = mesh.api.create(kinds.pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'host', namespace: meshed, labels: { 'weft.dev/inject': 'enabled' } },
      spec: { hostNetwork: true, containers: [appContainer(mesh.image, 'v1')] },
    } as never);
    await assert.rejects(create, /WEFT-POD-\d+.*hostNetwork/s);
  });

  test('run outside the mesh on the host network when only the namespace asks, and the user is told why', async () => {
    const { stdout, stderr } = await mesh.cluster.exec(
      [mesh.cluster.binaries.kubectl, '--kubeconfig', mesh.cluster.kubeconfigPath, 'apply', '-f', '-'],
      {
        input: JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'host', namespace: meshed },
          spec: {
            hostNetwork: true,
            containers: [
              {
                ...appContainer(mesh.image, 'v1'),
                command: ['/usr/local/bin/node', '-e', 'setInterval(() => {}, 1000)'],
                readinessProbe: undefined,
              },
            ],
          },
        }),
      },
    );
    assert.match(stdout, /created/);
    assert.match(stderr, /Warning: WEFT-POD-01: .*network/);
    const pod = await until('the host-network pod runs', async () => {
      const found = await mesh.api.get<Pod>(kinds.pod, 'host', meshed);
      return found !== undefined && isReady(found) ? found : undefined;
    });
    assert.equal(pod.spec.initContainers, undefined);
  });
});
