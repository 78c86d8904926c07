import { gatewayNameLabel } from '../base/names.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { gatewayLabelValue, gatewayResourceName } from './gateways/names.ts';
import { gateway, listener } from './gateways/testing.ts';
import { pod, podEndpoint, service, slice } from './testing-objects.ts';
import { createTestMesh, type TestMesh } from './testing.ts';

let world: TestMesh;

beforeEach(() => {
  world = createTestMesh(new Graph({ onError: assert.ifError }));
});

const labels = { [gatewayNameLabel]: 'public' };

test('a pod with the label and the service account of a Gateway is one of its proxies', async () => {
  await world.apply(
    gateway('edge/public', [listener('http')]),
    pod('edge/public-weft-1', '10.0.0.1', { labels, serviceAccount: 'public-weft' }),
  );
  assert.equal(world.mesh.pods.get('edge/public-weft-1')?.workload, 'edge/Gateway/public');
  assert.equal(world.mesh.workloads.get('edge/Gateway/public')?.serviceAccount, 'public-weft');
});

test('the label alone makes no pod a proxy of a Gateway, nor does the service account alone', async () => {
  await world.apply(
    gateway('edge/public', [listener('http')]),
    pod('edge/thief-1', '10.0.0.1', { labels, serviceAccount: 'thief' }),
    pod('edge/other-1', '10.0.0.2', { serviceAccount: 'public-weft' }),
    pod('shop/far-1', '10.0.0.3', { labels, serviceAccount: 'public-weft' }),
  );
  assert.equal(world.mesh.pods.get('edge/thief-1')?.workload, 'edge/Deployment/thief');
  assert.equal(world.mesh.pods.get('edge/other-1')?.workload, 'edge/Deployment/other');
  assert.equal(world.mesh.pods.get('shop/far-1')?.workload, 'shop/Deployment/far');
});

test('a service account that is called like a Gateway of another class proves nothing', async () => {
  await world.apply(
    gateway('edge/public', [listener('http')]),
    pod('edge/thief-1', '10.0.0.1', { labels, serviceAccount: 'public-other' }),
  );
  assert.equal(world.mesh.pods.get('edge/thief-1')?.workload, 'edge/Deployment/thief');
});

test('proxies of a Gateway with a very long name are known too', async () => {
  const name = 'g'.repeat(253);
  await world.apply(
    gateway(`edge/${name}`, [listener('http')]),
    pod('edge/g-1', '10.0.0.1', {
      labels: { [gatewayNameLabel]: gatewayLabelValue(name) },
      serviceAccount: gatewayResourceName(name, 'weft'),
    }),
  );
  assert.equal(world.mesh.pods.get('edge/g-1')?.workload, `edge/Gateway/${name}`);
});

test('nobody speaks TLS of the mesh to a gateway', async () => {
  await world.apply(
    gateway('edge/public', [listener('http')]),
    pod('edge/public-weft-1', '10.0.0.1', { labels, serviceAccount: 'public-weft' }),
    service('edge/public-weft', '10.96.0.1'),
    slice('edge/public-weft-1', 'public-weft', [podEndpoint('edge/public-weft-1', '10.0.0.1')]),
  );
  assert.deepEqual(world.mesh.endpoints.get('edge/public-weft:80')?.identities, []);
});
