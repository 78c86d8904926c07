import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { pod, podEndpoint, policy, service, slice } from './testing-objects.ts';
import { createTestMesh, type TestMesh } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
  await world.apply(
    service('shop/web', '10.96.0.1', [
      { name: 'http', port: 80 },
      { name: 'tcp', port: 90 },
    ]),
    slice(
      'shop/web-a',
      'web',
      [podEndpoint('shop/web-1', '10.0.0.1')],
      [
        { name: 'http', port: 8080 },
        { name: 'tcp', port: 9090 },
      ],
    ),
    pod('shop/web-1', '10.0.0.1', { serviceAccount: 'web' }),
  );
});

const at = (key: string) => world.mesh.destinations.get(key);

test('only what some workload uses is a destination, and it goes with the last user', async () => {
  assert.equal(world.mesh.destinations.size, 0);
  await world.use('shop/Deployment/a', '10.96.0.1:80');
  await world.use('shop/Deployment/b', '10.96.0.1:80', '10.96.0.1:90');
  assert.deepEqual([...world.mesh.destinations.keys()].sort(), ['10.96.0.1:80', '10.96.0.1:90']);
  await world.use('shop/Deployment/b');
  assert.deepEqual([...world.mesh.destinations.keys()], ['10.96.0.1:80']);
  await world.use('shop/Deployment/a');
  assert.equal(world.mesh.destinations.size, 0);
});

test('workloads of a namespace that use the same are one user, whose key begins with the namespace', async () => {
  const users = () =>
    world.mesh.usedBy.get('10.96.0.1:80')?.map(({ key, value: { destinations } }) => {
      return [key.slice(0, key.indexOf('/')), destinations];
    });
  const [one, both] = [['10.96.0.1:80'], ['10.96.0.1:80', '10.96.0.1:90']];
  for (const workload of ['shop/Deployment/a', 'shop/Deployment/b', 'data/Deployment/a']) {
    await world.use(workload, ...one);
  }
  assert.deepEqual(users(), [
    ['data', one],
    ['shop', one],
  ]);
  await world.use('data/Deployment/a', ...both);
  assert.deepEqual(users(), [
    ['data', both],
    ['shop', one],
  ]);
  await world.use('shop/Deployment/a');
  await world.use('data/Deployment/a');
  assert.deepEqual(users(), [['shop', one]]);
  await world.use('shop/Deployment/b');
  assert.equal(world.mesh.destinations.size, 0);
});

test('an address that is neither a Service nor a pod is no destination, until it is', async () => {
  await world.use('shop/Deployment/a', '10.96.0.2:80', '10.96.0.1:81', '1.1.1.1:443', 'nonsense');
  assert.equal(world.mesh.destinations.size, 0);
  await world.apply(service('shop/new', '10.96.0.2'));
  assert.equal(at('10.96.0.2:80')?.kind, 'service');
});

test('both addresses of a dual-stack Service lead to it', async () => {
  await world.apply(service('shop/two', '10.96.0.2', undefined, { clusterIPs: ['10.96.0.2', 'fd00::2'] }));
  await world.use('shop/Deployment/a', '10.96.0.2:80', '[fd00::2]:80');
  assert.deepEqual(at('[fd00::2]:80'), {
    kind: 'service',
    address: 'fd00::2',
    port: 80,
    servicePort: 'shop/two:80',
    protocol: 'http',
  });
});

test('the address of a pod leads to it alone, read as its Services say', async () => {
  await world.use('shop/Deployment/a', '10.0.0.1:8080', '10.0.0.1:9090', '10.0.0.1:7000', '10.0.0.1:3306');
  assert.deepEqual(at('10.0.0.1:8080'), {
    kind: 'pod',
    address: '10.0.0.1',
    port: 8080,
    pod: 'shop/web-1',
    protocol: 'http',
    identity: 'spiffe://cluster.local/ns/shop/sa/web',
  });
  assert.equal(at('10.0.0.1:9090')?.protocol, 'tcp');
  assert.equal(at('10.0.0.1:7000')?.protocol, 'detect');
  assert.equal(at('10.0.0.1:3306')?.protocol, 'tcp');
});

test('calls to a headless Service are calls to its pods', async () => {
  await world.apply(
    service('shop/peers', 'None', [{ name: 'grpc', port: 7000 }]),
    slice('shop/peers-a', 'peers', [podEndpoint('shop/web-1', '10.0.0.1')], [{ name: 'grpc', port: 7000 }]),
  );
  await world.use('shop/Deployment/a', '10.0.0.1:7000');
  assert.equal(at('10.0.0.1:7000')?.protocol, 'grpc');
  assert.equal(at('10.0.0.1:7000')?.kind, 'pod');
});

test('a pod that does not speak TLS of the mesh has no identity', async () => {
  await world.use('shop/Deployment/a', '10.0.0.1:8080');
  await world.apply(policy('shop/off', { mode: 'Disabled' }));
  assert.equal('identity' in (at('10.0.0.1:8080') ?? {}), false);
  await world.remove('MutualTLSPolicy shop/off');
  await world.apply(pod('shop/web-1', '10.0.0.1', { meshed: false }));
  assert.equal('identity' in (at('10.0.0.1:8080') ?? {}), false);
});

const holder = (key: string): string | undefined => {
  const destination = at(key);
  return destination?.kind === 'pod' ? destination.pod : undefined;
};

test('an address that is used again belongs to the running pod, and of two to the newer', async () => {
  await world.use('shop/Deployment/a', '10.0.0.1:8080');
  await world.apply(
    pod('shop/web-1', '10.0.0.1', { deletedAt: '2026-01-03T00:00:00Z', createdAt: '2026-01-02T00:00:00Z' }),
    pod('shop/api-1', '10.0.0.1', { createdAt: '2026-01-01T00:00:00Z' }),
  );
  assert.equal(holder('10.0.0.1:8080'), 'shop/api-1');
  await world.apply(pod('shop/zzz-1', '10.0.0.1', { createdAt: '2026-01-04T00:00:00Z' }));
  assert.equal(holder('10.0.0.1:8080'), 'shop/zzz-1');
  await world.remove('Pod shop/zzz-1', 'Pod shop/api-1');
  assert.equal(holder('10.0.0.1:8080'), 'shop/web-1');
  await world.apply(pod('shop/web-1', '10.0.0.1', { phase: 'Succeeded' }));
  assert.equal(at('10.0.0.1:8080'), undefined);
});

test('the address of a node is not that of the pods on its network', async () => {
  await world.apply(pod('shop/agent-1', '192.168.0.1', { hostNetwork: true }));
  await world.use('shop/Deployment/a', '192.168.0.1:80');
  assert.equal(at('192.168.0.1:80'), undefined);
});

test('an address in transit between two Services leads to one of them', async () => {
  await world.use('shop/Deployment/a', '10.96.0.1:80');
  await world.apply(service('shop/aaa', '10.96.0.1', [{ name: 'grpc', port: 80 }]));
  assert.equal(at('10.96.0.1:80')?.protocol, 'grpc');
  await world.remove('Service shop/aaa');
  assert.equal(at('10.96.0.1:80')?.protocol, 'http');
});
