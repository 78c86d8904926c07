import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { mergeSlices } from './endpoints.ts';
import type { EndpointSliceSource, SliceEndpoint } from './sources.ts';
import { meshConfig, pod, podEndpoint, policy, service, slice } from './testing-objects.ts';
import { createTestMesh, type TestMesh } from './testing.ts';

let world: TestMesh;

beforeEach(() => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
});

const addresses = (key: string): readonly string[] | undefined =>
  world.mesh.endpoints.get(key)?.endpoints.map(({ address, port }) => `${address}:${port}`);

const identityOf = (name: string): string => `spiffe://cluster.local/ns/shop/sa/${name}`;

test('slices of one Service are merged, and an endpoint on its way between two is one', async () => {
  await world.apply(
    service('shop/web', '10.96.0.1'),
    slice('shop/web-a', 'web', [
      podEndpoint('shop/web-1', '10.0.0.2'),
      podEndpoint('shop/web-2', '10.0.0.10'),
    ]),
    slice('shop/web-b', 'web', [
      podEndpoint('shop/web-2', '10.0.0.10'),
      podEndpoint('shop/web-3', '10.0.0.1'),
    ]),
  );
  assert.deepEqual(addresses('shop/web:80'), ['10.0.0.1:8080', '10.0.0.10:8080', '10.0.0.2:8080']);
  await world.remove('EndpointSlice shop/web-a');
  assert.deepEqual(addresses('shop/web:80'), ['10.0.0.1:8080', '10.0.0.10:8080']);
});

test('a Service without endpoints has none, and one that is gone does not exist', async () => {
  await world.apply(service('shop/web', '10.96.0.1'));
  assert.deepEqual(world.mesh.endpoints.get('shop/web:80'), { endpoints: [], identities: [] });
  await world.remove('Service shop/web');
  assert.equal(world.mesh.endpoints.size, 0);
});

test('a port finds its number by name, which may differ from pod to pod', async () => {
  await world.apply(
    service('shop/web', '10.96.0.1', [
      { name: 'http', port: 80 },
      { name: 'metrics', port: 9090 },
    ]),
    slice(
      'shop/web-a',
      'web',
      [podEndpoint('shop/web-1', '10.0.0.1')],
      [
        { name: 'http', port: 8080 },
        { name: 'metrics', port: 1234 },
      ],
    ),
    slice('shop/web-b', 'web', [podEndpoint('shop/web-2', '10.0.0.2')], [{ name: 'http', port: 9999 }]),
  );
  assert.deepEqual(addresses('shop/web:80'), ['10.0.0.1:8080', '10.0.0.2:9999']);
  assert.deepEqual(addresses('shop/web:9090'), ['10.0.0.1:1234']);
});

test('an unnamed port finds the unnamed port of the slice', async () => {
  await world.apply(
    service('shop/web', '10.96.0.1', [{ port: 80 }]),
    slice('shop/web-a', 'web', [podEndpoint('shop/web-1', '10.0.0.1')], [{ port: 8080 }]),
  );
  assert.deepEqual(addresses('shop/web:80'), ['10.0.0.1:8080']);
});

const draining = { ready: false, serving: true, terminating: true };

test('endpoints that drain serve only where none is ready', async () => {
  const one = podEndpoint('shop/web-1', '10.0.0.1', draining);
  await world.apply(
    service('shop/web', '10.96.0.1'),
    slice('shop/web-a', 'web', [one, podEndpoint('shop/web-2', '10.0.0.2')]),
  );
  assert.deepEqual(addresses('shop/web:80'), ['10.0.0.2:8080']);
  await world.apply(
    slice('shop/web-a', 'web', [
      one,
      podEndpoint('shop/web-2', '10.0.0.2', { ready: false, serving: false }),
    ]),
  );
  assert.deepEqual(addresses('shop/web:80'), ['10.0.0.1:8080']);
});

test('endpoints made by hand for a Service without selector are plain', async () => {
  await world.apply(
    service('shop/db', '10.96.0.1', [{ name: 'http', port: 80 }]),
    slice('shop/db-manual', 'db', [{ addresses: ['192.0.2.1'] }]),
  );
  assert.deepEqual(world.mesh.endpoints.get('shop/db:80')?.endpoints, [
    { address: '192.0.2.1', port: 8080, zone: '' },
  ]);
});

test('an endpoint shows an identity exactly when its pod is meshed and its workload speaks TLS of the mesh', async () => {
  await world.apply(
    service('shop/web', '10.96.0.1'),
    slice('shop/web-a', 'web', [
      podEndpoint('shop/web-1', '10.0.0.1'),
      podEndpoint('shop/old-1', '10.0.0.2'),
    ]),
    pod('shop/web-1', '10.0.0.1', { serviceAccount: 'web' }),
    pod('shop/old-1', '10.0.0.2', { serviceAccount: 'old', meshed: false }),
  );
  const seen = () => world.mesh.endpoints.get('shop/web:80')?.identities;
  assert.deepEqual(seen(), [identityOf('web')]);
  await world.apply(pod('shop/old-1', '10.0.0.2', { serviceAccount: 'old' }));
  assert.deepEqual(seen(), [identityOf('old'), identityOf('web')]);
  await world.apply(policy('shop/off', { mode: 'Disabled' }));
  assert.deepEqual(seen(), []);
  await world.apply(policy('shop/off', { mode: 'Strict' }));
  assert.deepEqual(seen(), [identityOf('old'), identityOf('web')]);
});

test('identities follow the trust domain', async () => {
  await world.apply(
    service('shop/web', '10.96.0.1'),
    slice('shop/web-a', 'web', [podEndpoint('shop/web-1', '10.0.0.1')]),
    pod('shop/web-1', '10.0.0.1', { serviceAccount: 'web' }),
    meshConfig({ trustDomain: 'corp.example' }),
  );
  assert.deepEqual(world.mesh.endpoints.get('shop/web:80')?.identities, [
    'spiffe://corp.example/ns/shop/sa/web',
  ]);
});

test('several Services on one pod, and one Service over several workloads, each have their endpoints', async () => {
  await world.apply(
    service('shop/web', '10.96.0.1'),
    service('shop/all', '10.96.0.2'),
    slice('shop/web-a', 'web', [podEndpoint('shop/web-1', '10.0.0.1')]),
    slice('shop/all-a', 'all', [
      podEndpoint('shop/web-1', '10.0.0.1'),
      podEndpoint('shop/api-1', '10.0.0.2'),
    ]),
    pod('shop/web-1', '10.0.0.1', { serviceAccount: 'web' }),
    pod('shop/api-1', '10.0.0.2', { serviceAccount: 'api' }),
  );
  assert.deepEqual(world.mesh.endpoints.get('shop/web:80')?.identities, [identityOf('web')]);
  assert.deepEqual(world.mesh.endpoints.get('shop/all:80')?.identities, [
    identityOf('api'),
    identityOf('web'),
  ]);
});

function dualStack(
  family: 'IPv4' | 'IPv6',
  endpoints: readonly (readonly [string, string?])[],
): EndpointSliceSource {
  const sliceEndpoints = endpoints.map(
    ([address, podName]): SliceEndpoint => ({
      address,
      ready: true,
      draining: false,
      zone: '',
      ...(podName === undefined ? {} : { pod: podName }),
    }),
  );
  return { service: 'shop/web', family, ports: [{ name: 'http', port: 80 }], endpoints: sliceEndpoints };
}

test('a pod with addresses of both families is one endpoint, by the primary family', () => {
  const slices = [
    dualStack('IPv4', [['10.0.0.1', 'shop/a'], ['10.0.0.2', 'shop/b'], ['192.0.2.1']]),
    dualStack('IPv6', [['fd00::1', 'shop/a'], ['fd00::3', 'shop/c'], ['fd00::9']]),
  ];
  const merged = (family: 'IPv4' | 'IPv6') =>
    mergeSlices(slices, { portName: 'http', protocol: 'http' }, family).map(({ address }) => address);
  assert.deepEqual(merged('IPv4'), ['10.0.0.1', '10.0.0.2', '192.0.2.1', 'fd00::3', 'fd00::9']);
  assert.deepEqual(merged('IPv6'), ['10.0.0.2', '192.0.2.1', 'fd00::1', 'fd00::3', 'fd00::9']);
});
