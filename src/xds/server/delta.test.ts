/** Delta ADS as a proxy sees it: what comes, in which order, and what does not come. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DeltaClient } from '../../../test/support/xds-client.ts';
import { startHarness, until, type XdsHarness } from '../../../test/support/xds-harness.ts';
import { edsCluster, endpoints, need, routes, stub } from '../../../test/support/xds-resources.ts';

let at: XdsHarness;

beforeEach(async () => {
  at = await startHarness();
});

afterEach(() => at.stop());

describe('what a proxy gets', () => {
  test('the lists of its workload by the wildcard, and nothing else', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    assert.deepEqual([...(await proxy.next('cluster')).names].sort(), ['svc/api', 'svc/web']);
    assert.deepEqual([...(await proxy.next('listener')).names].sort(), ['vl/api', 'vl/web']);
    await proxy.quiet();
    assert.equal(proxy.received.length, 3, 'clusters, listeners and the answer that quiet asks for');
  });

  test('the wildcard also by its name', async () => {
    const proxy = at.client();
    proxy.subscribe('cluster', '*');
    assert.equal((await proxy.next('cluster')).names.length, 2);
  });

  test('endpoints, routes and secrets that it names', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/web', 'svc/api');
    proxy.subscribe('route', 'web');
    proxy.subscribe('secret', 'identity');
    assert.deepEqual([...(await proxy.next('endpoints')).names].sort(), ['svc/api', 'svc/web']);
    assert.deepEqual((await proxy.next('route')).names, ['web']);
    assert.deepEqual((await proxy.next('secret')).names, ['identity']);
  });

  test('the bytes and versions of the translation, wrapped as the API says', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    const { message } = await proxy.next('cluster');
    for (const { name, version, resource } of message.resources) {
      const expected = at.fixture.resources.cluster.get(name);
      assert.equal(version, expected?.version);
      assert.equal(resource?.typeUrl, message.typeUrl);
      assert.deepEqual(Buffer.from(resource.value), Buffer.from(expected?.body ?? []));
    }
  });

  test('an empty answer to the wildcard where its workload uses nothing, since Envoy waits for one', async () => {
    at.list('a/Deployment/idle');
    const proxy = at.client('a/p/1', { cluster: 'idle' });
    proxy.subscribeAll();
    const [clusters, listeners] = [await proxy.next('cluster'), await proxy.next('listener')];
    assert.deepEqual([clusters.names, clusters.removed, listeners.names], [[], [], []]);
  });

  test('nothing before the lists of its workload exist, and all of them then', async () => {
    const proxy = at.client('a/p/1', { cluster: 'late' });
    proxy.subscribeAll();
    await proxy.identified(at.server);
    assert.equal(proxy.received.length, 0);
    at.list('a/Deployment/late', 'db');
    assert.deepEqual((await proxy.next('cluster')).names, ['svc/db']);
    assert.deepEqual((await proxy.next('listener')).names, ['vl/db']);
  });

  test('a name that does not exist yet is answered as removed, and sent when it exists', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('secret', 'trust');
    assert.deepEqual((await proxy.next('secret')).removed, ['trust']);
    at.fixture.put('secret', 'trust', { name: 'trust' });
    assert.deepEqual((await proxy.next('secret')).names, ['trust']);
  });

  test('a name that it asks for again, even if it has not changed', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('route', 'web');
    await proxy.next('route');
    proxy.subscribe('route', 'web');
    assert.deepEqual((await proxy.next('route')).names, ['web']);
  });
});

describe('what a proxy does not get', () => {
  test('a secret that nothing it holds refers to, such as the key of somebody else', async () => {
    at.fixture.put('secret', 'tls/shop/key', { name: 'tls/shop/key' });
    at.fixture.put('listener', 'vl/gateway', { name: 'vl/gateway' }, [
      { kind: 'secret', name: 'tls/shop/key' },
    ]);
    at.fixture.lists.set('g/Deployment/app', { clusters: [], listeners: ['vl/gateway'] });
    await at.fixture.graph.settled();
    const [gateway, other] = [at.client('g/p/1'), at.client('a/p/1')];
    for (const proxy of [gateway, other]) {
      proxy.subscribeAll();
      proxy.subscribe('secret', 'tls/shop/key');
    }
    assert.deepEqual((await gateway.next('secret')).names, ['tls/shop/key']);
    const answer = await other.next('secret');
    assert.deepEqual([answer.names, answer.removed], [[], ['tls/shop/key']]);
  });

  test('endpoints and routes of what its workload does not use: they do not exist for it', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/db', 'svc/web');
    proxy.subscribe('route', 'db');
    const answer = await proxy.next('endpoints');
    assert.deepEqual([answer.names, answer.removed], [['svc/web'], ['svc/db']]);
    assert.deepEqual((await proxy.next('route')).removed, ['db']);
    endpoints(at.fixture, 'svc/db', ['10.0.0.2:80']);
    await proxy.quiet();
    assert.ok(!proxy.names('endpoints').includes('svc/db'));
  });

  test('until its workload uses it', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/db');
    assert.deepEqual((await proxy.next('endpoints')).removed, ['svc/db']);
    at.list('a/Deployment/app', 'web', 'api', 'db');
    assert.deepEqual((await proxy.next('endpoints')).names, ['svc/db']);
  });

  test('clusters and listeners by name', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    await proxy.next('cluster');
    proxy.subscribe('cluster', 'svc/db');
    proxy.subscribe('listener', 'vl/db');
    await proxy.quiet();
    assert.ok(!proxy.names('cluster').includes('svc/db'));
    assert.ok(!proxy.names('listener').includes('vl/db'));
  });

  test('anything of a type it has unsubscribed', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('route', 'web', 'api');
    await proxy.next('route');
    proxy.request('route', { resourceNamesUnsubscribe: ['web'] });
    await proxy.quiet();
    routes(at.fixture, 'web', 'svc/api');
    routes(at.fixture, 'api', 'svc/web');
    assert.deepEqual((await proxy.next('route')).names, ['api']);
  });
});

describe('a change', () => {
  test('reaches exactly the proxies that hold the resource, as that one resource', async () => {
    const [first, second] = [at.client('a/p/1'), at.client('b/q/1')];
    for (const proxy of [first, second]) {
      proxy.subscribeAll();
      await proxy.next('listener');
    }
    edsCluster(at.fixture, 'svc/api', '9s');
    assert.deepEqual((await first.next('cluster')).names.length, 2);
    assert.deepEqual((await first.next('cluster')).names, ['svc/api']);
    await second.quiet();
    assert.ok(!second.names('cluster').includes('svc/api'));
  });

  test('removes what is deleted or no longer listed', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    await proxy.until(() => proxy.held.listener.size === 2, 'listeners');
    at.list('a/Deployment/app', 'web');
    await proxy.until(() => proxy.held.cluster.size === 1 && proxy.held.listener.size === 1, 'unlisted');
    at.fixture.resources.listener.delete('vl/web');
    await proxy.until(() => proxy.held.listener.size === 0, 'deleted');
  });

  test('while a response is in flight waits for its answer, and only the newest is sent', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    const first = await proxy.next('cluster');
    for (const timeout of ['2s', '3s', '4s']) {
      edsCluster(at.fixture, 'svc/web', timeout);
      await at.fixture.graph.settled();
    }
    await proxy.quiet();
    assert.equal(proxy.names('cluster').length, 2, 'nothing new yet');
    proxy.acknowledge(first);
    const second = await proxy.next('cluster');
    assert.deepEqual(second.names, ['svc/web']);
    assert.equal(second.message.resources[0]?.version, at.fixture.resources.cluster.get('svc/web')?.version);
    proxy.acknowledge(second);
    await proxy.quiet();
    assert.equal(proxy.names('cluster').length, 3);
  });

  test('that a later one takes back while it waits is not sent at all', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    const first = await proxy.next('cluster');
    at.list('a/Deployment/app', 'web', 'api', 'db');
    await at.fixture.graph.settled();
    at.list('a/Deployment/app', 'web', 'api');
    await at.fixture.graph.settled();
    proxy.acknowledge(first);
    await proxy.quiet();
    assert.ok(!proxy.names('cluster').includes('svc/db'));
  });

  test('of a cluster is followed by its endpoints, though they have not changed', async () => {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/web');
    await proxy.next('endpoints');
    edsCluster(at.fixture, 'svc/web', '9s');
    const resent = await proxy.next('endpoints');
    assert.deepEqual(resent.names, ['svc/web']);
    const order = proxy.received.map(({ kind, names }) => `${kind} ${names.join(' ')}`);
    assert.ok(
      order.lastIndexOf('cluster svc/web') < order.lastIndexOf('endpoints svc/web'),
      order.join(', '),
    );
  });

  test('of a cluster is followed by its endpoints even before the cluster is acknowledged', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/web');
    proxy.acknowledge(await proxy.next('cluster'));
    proxy.acknowledge(await proxy.next('endpoints'));
    edsCluster(at.fixture, 'svc/web', '9s');
    await proxy.next('cluster');
    assert.deepEqual(
      (await proxy.next('endpoints')).names,
      ['svc/web'],
      'Envoy acknowledges only when it has them',
    );
  });
});

describe('the order', () => {
  test('a listener and a route wait until the clusters they need are acknowledged', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.subscribe('route', 'web');
    const first = await proxy.next('cluster');
    await proxy.quiet();
    assert.deepEqual([proxy.names('listener'), proxy.names('route')], [[], []]);
    proxy.acknowledge(first);
    assert.equal((await proxy.next('listener')).names.length, 2);
    assert.deepEqual((await proxy.next('route')).names, ['web']);
  });

  test('a route that needs no cluster under way does not wait', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.subscribe('route', 'web');
    proxy.acknowledge(await proxy.next('cluster'));
    proxy.acknowledge(await proxy.next('route'));
    edsCluster(at.fixture, 'svc/api', '9s');
    await proxy.next('cluster');
    routes(at.fixture, 'web', 'svc/web', '/changed');
    assert.deepEqual((await proxy.next('route')).names, ['web']);
  });

  test('a cluster is removed only when listeners and routes are acknowledged', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.acknowledge(await proxy.next('cluster'));
    proxy.acknowledge(await proxy.next('listener'));
    at.list('a/Deployment/app', 'web');
    const listeners = await proxy.next('listener');
    assert.deepEqual(listeners.removed, ['vl/api']);
    await proxy.quiet();
    assert.ok(!proxy.received.some(({ kind, removed }) => kind === 'cluster' && removed.length > 0));
    proxy.acknowledge(listeners);
    assert.deepEqual((await proxy.next('cluster')).removed, ['svc/api']);
  });
});

describe('a proxy that reconnects', () => {
  async function settledProxy(): Promise<DeltaClient> {
    const proxy = at.client();
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/web', 'svc/api');
    proxy.subscribe('route', 'web', 'api');
    await proxy.until(() => proxy.held.route.size === 2 && proxy.held.endpoints.size === 2, 'all');
    await proxy.quiet();
    proxy.close();
    return proxy;
  }

  test('gets nothing that it still holds', async () => {
    const before = await settledProxy();
    const proxy = at.client();
    proxy.resume(before);
    await proxy.quiet();
    assert.deepEqual(
      proxy.received.map(({ kind }) => kind),
      ['secret'],
    );
    const [status] = at.server.proxies();
    assert.deepEqual(status?.held, { secret: 0, cluster: 2, endpoints: 2, listener: 2, route: 2 });
    await until(() => at.fixture.acks.get('route web')?.current === 1, 'it is counted');
  });

  test('gets what has changed meanwhile, and is told what is gone', async () => {
    const before = await settledProxy();
    at.list('a/Deployment/app', 'web', 'db');
    routes(at.fixture, 'web', 'svc/db');
    await at.fixture.graph.settled();
    const proxy = at.client();
    proxy.resume(before);
    await proxy.until(() => proxy.held.cluster.has('svc/db') && proxy.held.listener.has('vl/db'), 'the new');
    await proxy.until(
      () => !proxy.held.cluster.has('svc/api') && !proxy.held.listener.has('vl/api'),
      'the old',
    );
    await proxy.until(() => proxy.received.some(({ kind }) => kind === 'route'), 'the changed');
    await proxy.quiet();
    assert.deepEqual([proxy.names('cluster'), proxy.names('listener')], [['svc/db'], ['vl/db']]);
    assert.deepEqual([proxy.names('route'), proxy.names('endpoints')], [['web'], []]);
  });

  test('tells a server that has just started what it used, before anything is taken from it', async () => {
    stub(at.fixture, '10.9.0.1:80', 'vl/web', [need('cluster', 'svc/web'), need('listener', 'vl/web')]);
    const first = await settledProxy();
    const version = at.fixture.onDemand.get('vip/10.9.0.1:80')?.version ?? '';
    first.held.cluster.set('vip/10.9.0.1:80', version);
    const answer = at.fixture.onDemand.get('vip/10.9.0.1:80');
    assert.ok(answer);
    at.fixture.onDemand.delete('vip/10.9.0.1:80');
    at.list('a/Deployment/app');
    await at.fixture.graph.settled();
    at.fixture.onUse = (workload) => {
      at.list(workload, 'api', 'web');
      at.fixture.onDemand.set('vip/10.9.0.1:80', answer);
    };
    const proxy = at.client();
    proxy.resume(first, { cluster: ['vip/10.9.0.1:80'] });
    await proxy.quiet();
    assert.deepEqual(at.fixture.used, ['a/Deployment/app 10.9.0.1:80']);
    assert.deepEqual(
      proxy.received.filter(({ kind }) => kind !== 'secret'),
      [],
    );
  });

  test('keeps all of it, however late it comes to say what it used', async () => {
    const late = await startHarness({ limits: { silenceMs: 1 } });
    try {
      stub(late.fixture, '10.9.0.1:80', 'vl/web', [need('cluster', 'svc/web'), need('listener', 'vl/web')]);
      const first = late.client();
      first.subscribeAll();
      await first.until(() => first.held.cluster.size + first.held.listener.size === 4, 'all');
      first.close();
      const answer = late.fixture.onDemand.get('vip/10.9.0.1:80');
      assert.ok(answer);
      first.held.cluster.set('vip/10.9.0.1:80', answer.version);
      late.fixture.onDemand.delete('vip/10.9.0.1:80');
      late.list('a/Deployment/app');
      await late.fixture.graph.settled();
      late.fixture.onUse = (workload) => {
        late.list(workload, 'api', 'web');
        late.fixture.onDemand.set('vip/10.9.0.1:80', answer);
      };
      const proxy = late.client('a/q/2');
      proxy.subscribe('secret', 'identity');
      await proxy.next('secret');
      proxy.resume(first, { cluster: ['vip/10.9.0.1:80'] });
      await proxy.quiet();
      assert.deepEqual(
        proxy.received.filter(({ kind }) => kind !== 'secret'),
        [],
      );
    } finally {
      await late.stop();
    }
  });
});
