/** Listeners that the proxies of some workloads get in the place of everyone else's. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DeltaClient } from '../../../test/support/xds-client.ts';
import { startHarness, until, type XdsHarness } from '../../../test/support/xds-harness.ts';
import { httpListener, need, routes, stub } from '../../../test/support/xds-resources.ts';

describe('listeners for the workloads of one profile', () => {
  let at: XdsHarness;

  beforeEach(async () => {
    at = await startHarness();
    const { listener } = at.fixture.resources;
    httpListener(at.fixture, 'other', 'web', 'other');
    await at.fixture.graph.settled();
    const other = listener.get('other');
    assert.ok(other);
    listener.set('vl/web@p', { ...other, name: 'vl/web@p' });
    listener.delete('other');
    await at.fixture.graph.settled();
  });
  afterEach(() => at.stop());

  const version = (key: string): string => at.fixture.resources.listener.get(key)?.version ?? '';
  const own = (): string => version('vl/web@p');
  const everyones = (): string => version('vl/web');
  const lists = (...listeners: readonly string[]): void =>
    at.fixture.lists.set('a/Deployment/app', { clusters: ['svc/api', 'svc/web'], listeners });

  function connect(id: string): DeltaClient {
    const proxy = at.client(id);
    proxy.subscribeAll();
    return proxy;
  }

  const holds = (proxy: DeltaClient, wanted: string): Promise<void> =>
    proxy.until(() => proxy.held.listener.get('vl/web') === wanted, `version ${wanted}`);

  test('take the place of the others under their name, and give it back, without ever being away', async () => {
    const [inside, outside] = [connect('a/p/1'), connect('b/q/1')];
    await Promise.all([inside, outside].map((proxy) => holds(proxy, everyones())));
    const seen = [inside.received.length, outside.received.length];
    lists('vl/api', 'vl/web@p');
    await holds(inside, own());
    lists('vl/api', 'vl/web');
    await holds(inside, everyones());
    await Promise.all([inside.quiet(), outside.quiet()]);
    const after = (proxy: DeltaClient, index: number) =>
      proxy.received
        .slice(seen[index])
        .filter(({ kind }) => kind === 'listener')
        .map(({ names, removed }) => [names, removed]);
    assert.deepEqual(after(inside, 0), [
      [['vl/web'], []],
      [['vl/web'], []],
    ]);
    assert.deepEqual(after(outside, 1), []);
  });

  test('are what a proxy gets that comes later, and what it need not get again when it comes back', async () => {
    lists('vl/api', 'vl/web@p');
    const proxy = connect('a/p/1');
    await holds(proxy, own());
    const back = at.client('a/p/1');
    back.resume(proxy, { route: ['web'], endpoints: ['svc/web'] });
    await back.quiet();
    assert.deepEqual(back.names('listener'), []);
  });

  test('are sent again to a proxy that was told of others meanwhile', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.acknowledge(await proxy.next('cluster'));
    proxy.acknowledge(await proxy.next('listener'));
    lists('vl/api', 'vl/web@p');
    const response = await proxy.next('listener');
    lists('vl/api', 'vl/web');
    await at.fixture.graph.settled();
    proxy.acknowledge(response);
    proxy.acknowledge(await proxy.next('listener'));
    await holds(proxy, everyones());
    await until(() => at.fixture.acks.get('listener vl/web')?.current === 1, 'in force again');
  });

  test('leave the proxy with those for everyone when it rejects them', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.acknowledge(await proxy.next('cluster'));
    proxy.acknowledge(await proxy.next('listener'));
    lists('vl/api', 'vl/web@p');
    proxy.reject(await proxy.next('listener'), 'vl/web: it is bad');
    await until(() => at.fixture.acks.get('listener vl/web@p')?.rejected !== undefined, 'the rejection');
    await proxy.quiet();
    assert.deepEqual(
      proxy.received.filter(({ kind, removed }) => kind === 'listener' && removed.length > 0),
      [],
    );
  });

  test('go when their workload no longer uses what they are for', async () => {
    lists('vl/api', 'vl/web@p');
    const proxy = connect('a/p/1');
    await holds(proxy, own());
    lists('vl/api');
    await proxy.until(() => !proxy.held.listener.has('vl/web'), 'its removal');
  });

  test('entitle to the routes that they need, and hold back answers that lead to them', async () => {
    const { fixture } = at;
    routes(fixture, 'own', 'svc/web');
    httpListener(fixture, 'other', 'own', 'another');
    await fixture.graph.settled();
    const other = fixture.resources.listener.get('other');
    assert.ok(other);
    fixture.resources.listener.set('vl/web@p', other);
    lists('vl/api', 'vl/web@p');
    stub(fixture, '10.0.0.9:80', 'vl/web', [need('listener', 'vl/web')]);
    await fixture.graph.settled();
    const proxy = connect('a/p/1');
    proxy.subscribe('route', 'own');
    proxy.subscribe('endpoints', 'svc/web');
    proxy.subscribe('cluster', 'vip/10.0.0.9:80');
    await proxy.until(() => proxy.held.route.has('own'), 'the routes of its own listener');
    await proxy.until(() => proxy.held.cluster.has('vip/10.0.0.9:80'), 'the answer');
    const order = proxy.received.flatMap(({ names }) => names);
    assert.ok(order.indexOf('vl/web') < order.indexOf('vip/10.0.0.9:80'));
  });
});
