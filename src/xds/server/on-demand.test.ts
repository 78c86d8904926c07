/** Clusters on demand: a connection waits in the proxy until all that it needs has arrived. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startHarness, type XdsHarness } from '../../../test/support/xds-harness.ts';
import { edsCluster, endpoints, need, stub } from '../../../test/support/xds-resources.ts';
import { destinationOf } from './on-demand.ts';

describe('the name of an on-demand cluster', () => {
  for (const [name, destination] of [
    ['vip/10.96.0.1:80', '10.96.0.1:80'],
    ['vip/[fd00::1]:65535', '[fd00::1]:65535'],
  ] as const) {
    test(`${name} means ${destination}`, () => assert.equal(destinationOf(name), destination));
  }
  for (const name of [
    'vip/',
    'vip/10.96.0.1',
    'vip/10.96.0.1:0',
    'vip/10.96.0.1:080',
    'vip/10.96.0.1:65536',
    'vip/10.96.0.256:80',
    'vip/010.96.0.1:80',
    'vip/web.shop:80',
    'vip/fd00::1:80',
    'vip/[fd00::1%eth0]:80',
    'vip/[10.96.0.1]:80',
    'vip/10.96.0.1:80@a',
    'vip/10.96.0.1:80/x',
    'vip/ 10.96.0.1:80',
    '10.96.0.1:80',
  ]) {
    test(`${name} means nothing`, () => assert.equal(destinationOf(name), undefined));
  }
});

const vip = 'vip/10.9.0.1:80';

describe('an on-demand cluster', () => {
  let at: XdsHarness;

  beforeEach(async () => {
    at = await startHarness();
    at.fixture.onUse = (workload) => {
      at.list(workload, 'web', 'api', 'db');
      stub(at.fixture, '10.9.0.1:80', 'vl/db', [need('cluster', 'svc/db'), need('listener', 'vl/db')]);
    };
  });

  afterEach(() => at.stop());

  test('is answered when the proxy has acknowledged all that it leads to, step by step', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.acknowledge(await proxy.next('cluster'));
    proxy.acknowledge(await proxy.next('listener'));
    proxy.subscribe('cluster', vip);
    const clusters = await proxy.next('cluster');
    assert.deepEqual(clusters.names, ['svc/db']);
    assert.deepEqual(at.fixture.used, ['a/Deployment/app 10.9.0.1:80']);
    proxy.subscribe('endpoints', 'svc/db');
    proxy.acknowledge(clusters);
    const listeners = await proxy.next('listener');
    assert.deepEqual(listeners.names, ['vl/db']);
    proxy.acknowledge(listeners);
    proxy.acknowledge(await proxy.next('endpoints'));
    await proxy.quiet();
    assert.ok(!proxy.names('cluster').includes(vip), 'the route of its listener has not been asked for yet');
    proxy.subscribe('route', 'db');
    const routes = await proxy.next('route');
    await proxy.quiet();
    assert.ok(!proxy.names('cluster').includes(vip), 'the route is not acknowledged yet');
    proxy.acknowledge(routes);
    assert.deepEqual((await proxy.next('cluster')).names, [vip]);
  });

  test('with endpoints of its own gets these after it, as Envoy asks for them then', async () => {
    at.fixture.onUse = () => {
      edsCluster(at.fixture, vip);
      const value = at.fixture.resources.cluster.get(vip);
      at.fixture.resources.cluster.delete(vip);
      endpoints(at.fixture, vip, ['10.0.0.1:80']);
      if (value !== undefined) at.fixture.onDemand.set(vip, value);
    };
    edsCluster(at.fixture, vip);
    await at.fixture.graph.settled();
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('cluster', vip);
    await proxy.until(() => proxy.held.cluster.has(vip), 'the answer');
    proxy.subscribe('endpoints', vip);
    assert.deepEqual((await proxy.next('endpoints')).names, [vip]);
  });

  test('is not removed when its destination is not used any more', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/db');
    proxy.subscribe('route', 'db');
    proxy.subscribe('cluster', vip);
    await proxy.until(() => proxy.held.cluster.has(vip), 'the answer');
    at.list('a/Deployment/app', 'web');
    at.fixture.onDemand.delete(vip);
    await proxy.until(() => !proxy.held.cluster.has('svc/db'), 'the rest is removed');
    await proxy.quiet();
    assert.ok(proxy.held.cluster.has(vip));
    assert.ok(!proxy.received.some(({ removed }) => removed.includes(vip)));
  });

  test('is not sent to proxies that did not ask for it', async () => {
    const [asking, other] = [at.client('a/p/1'), at.client('a/q/1')];
    for (const proxy of [asking, other]) {
      proxy.subscribeAll();
      proxy.subscribe('endpoints', 'svc/db');
      proxy.subscribe('route', 'db');
    }
    asking.subscribe('cluster', vip);
    await asking.until(() => asking.held.cluster.has(vip), 'the answer');
    await other.until(() => other.held.cluster.has('svc/db'), 'what a sibling uses');
    await other.quiet();
    assert.ok(!other.names('cluster').includes(vip));
  });

  test('of a malformed name is not answered, and the stream goes on', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('cluster', 'vip/not-an-address:80', 'vip/10.0.0.1:99999');
    await proxy.quiet();
    assert.deepEqual(at.fixture.used, []);
    assert.deepEqual(
      proxy.received.filter(
        ({ kind, names }) => kind === 'cluster' && names.some((name) => name.startsWith('vip/')),
      ),
      [],
    );
  });
});
