import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { meshConfig, pod, podEndpoint, service, slice } from './testing-objects.ts';
import { createTestMesh, type TestMesh } from './testing.ts';

let world: TestMesh;

beforeEach(() => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
});

test('only meshed pods make a workload, and it goes with the last of them', async () => {
  await world.apply(
    pod('shop/web-1', '10.0.0.1'),
    pod('shop/web-2', '10.0.0.2', { meshed: false }),
    pod('shop/old-1', '10.0.0.3', { meshed: false }),
  );
  assert.deepEqual([...world.mesh.workloads.keys()], ['shop/Deployment/web']);
  assert.equal(world.mesh.pods.get('shop/old-1')?.workload, 'shop/Deployment/old');
  await world.remove('Pod shop/web-1');
  assert.equal(world.mesh.workloads.size, 0);
});

test('a workload takes its service account from its newest pod', async () => {
  await world.apply(
    pod('shop/web-9', '10.0.0.1', { serviceAccount: 'before', createdAt: '2026-01-01T00:00:00Z' }),
    pod('shop/web-1', '10.0.0.2', { serviceAccount: 'after', createdAt: '2026-01-02T00:00:00Z' }),
  );
  assert.equal(world.mesh.workloads.get('shop/Deployment/web')?.serviceAccount, 'after');
});

test('pods have the zone of their node and the version of their labels', async () => {
  await world.apply(
    { kind: 'Node', metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'z9' } } },
    pod('shop/web-1', '10.0.0.1', { labels: { version: 'v1' } }),
    pod('shop/web-2', '10.0.0.2', {
      labels: { version: 'v1', 'app.kubernetes.io/version': '1.2' },
      node: 'node-2',
    }),
  );
  const { pods } = world.mesh;
  assert.deepEqual([pods.get('shop/web-1')?.zone, pods.get('shop/web-1')?.version], ['z9', 'v1']);
  assert.deepEqual([pods.get('shop/web-2')?.zone, pods.get('shop/web-2')?.version], ['', '1.2']);
});

test('a port of the pods is opaque when every Service that leads to it says so', async () => {
  await world.apply(
    pod('shop/db-1', '10.0.0.1'),
    service('shop/db', '10.96.0.1', [
      { name: 'postgres', port: 5432 },
      { name: 'http', port: 80 },
      { name: 'smtp', port: 25 },
    ]),
    slice(
      'shop/db-a',
      'db',
      [podEndpoint('shop/db-1', '10.0.0.1', { ready: false })],
      [
        { name: 'postgres', port: 15432 },
        { name: 'http', port: 8080 },
        { name: 'smtp', port: 2525 },
      ],
    ),
    service('shop/mail', '10.96.0.2', [{ name: 'http', port: 80 }]),
    slice('shop/mail-a', 'mail', [podEndpoint('shop/db-1', '10.0.0.1')], [{ name: 'http', port: 2525 }]),
  );
  const ports = () => {
    const policy = world.mesh.workloads.get('shop/Deployment/db')?.mtls;
    return [policy?.tcpPorts, policy?.httpPorts];
  };
  assert.deepEqual(ports(), [[15432], [2525, 8080]]);
  await world.remove('Service shop/mail');
  assert.deepEqual(ports(), [[2525, 15432], [8080]]);
});

test('the mesh default decides where no policy does', async () => {
  await world.apply(pod('shop/web-1', '10.0.0.1'), meshConfig({ mtls: { mode: 'Strict' } }));
  assert.deepEqual(world.mesh.workloads.get('shop/Deployment/web')?.mtls, {
    mode: 'Strict',
    tcpPorts: [],
    httpPorts: [],
  });
});
