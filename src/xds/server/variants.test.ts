/** Routes that the clients of one namespace get in the place of everyone else's. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DeltaClient } from '../../../test/support/xds-client.ts';
import { startHarness, until, type XdsHarness } from '../../../test/support/xds-harness.ts';
import { routes } from '../../../test/support/xds-resources.ts';

describe('routes for the clients of one namespace', () => {
  let at: XdsHarness;

  beforeEach(async () => {
    at = await startHarness();
  });
  afterEach(() => at.stop());

  /** Makes routes of `web` for the clients of namespace a, which match this prefix. */
  async function consume(prefix: string): Promise<string> {
    const { route } = at.fixture.resources;
    routes(at.fixture, 'own', 'svc/web', prefix);
    await at.fixture.graph.settled();
    const own = route.get('own');
    assert.ok(own);
    route.set('web@a', own);
    await at.fixture.graph.settled();
    return own.version;
  }

  function connect(id: string): DeltaClient {
    const proxy = at.client(id);
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/web');
    proxy.subscribe('route', 'web');
    return proxy;
  }

  const everyones = (): string => at.fixture.resources.route.get('web')?.version ?? '';
  const holds = (proxy: DeltaClient, version: string): Promise<void> =>
    proxy.until(() => proxy.held.route.get('web') === version, `version ${version}`);

  test('come and go under the name that their listener has, and leave all others alone', async () => {
    const [inside, outside] = [connect('a/p/1'), connect('b/q/1')];
    await Promise.all([inside, outside].map((proxy) => holds(proxy, everyones())));
    const seen = [inside.received.length, outside.received.length];
    const own = await consume('/own');
    await holds(inside, own);
    at.fixture.resources.route.delete('web@a');
    await holds(inside, everyones());
    await outside.quiet();
    assert.deepEqual(
      inside.received.slice(seen[0]).map(({ kind, names, removed }) => [kind, names, removed]),
      [
        ['route', ['web'], []],
        ['route', ['web'], []],
      ],
    );
    assert.deepEqual(
      outside.received.slice(seen[1]).filter(({ kind }) => kind !== 'secret'),
      [],
    );
  });

  test('are what a proxy gets that comes later, and what it need not get again when it comes back', async () => {
    const own = await consume('/own');
    const proxy = connect('a/p/1');
    await holds(proxy, own);
    const back = at.client('a/p/1');
    back.resume(proxy, { route: ['web'], endpoints: ['svc/web'] });
    await back.quiet();
    assert.deepEqual(back.names('route'), []);
  });

  test('are counted apart from those for everyone', async () => {
    const own = await consume('/own');
    const [inside, outside] = [connect('a/p/1'), connect('b/q/1')];
    await holds(inside, own);
    await holds(outside, everyones());
    const acks = (name: string): readonly (number | undefined)[] => {
      const found = at.fixture.acks.get(`route ${name}`);
      return [found?.holders, found?.current];
    };
    const both = (): string => JSON.stringify([acks('web@a'), acks('web')]);
    await until(() => both() === '[[1,1],[1,1]]', 'one holder each');
    at.fixture.resources.route.delete('web@a');
    await until(() => both() === '[[null,null],[2,2]]', 'two holders of one');
  });

  test('that the proxy rejects leave it with those for everyone', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    proxy.subscribeAll();
    proxy.acknowledge(await proxy.next('cluster'));
    proxy.acknowledge(await proxy.next('listener'));
    proxy.subscribe('route', 'web');
    proxy.acknowledge(await proxy.next('route'));
    const own = await consume('/own');
    const response = await proxy.next('route');
    proxy.reject(response, 'web: it is bad');
    await until(() => at.fixture.acks.get('route web@a')?.rejected?.version === own, 'the rejection');
    await until(() => at.fixture.acks.get('route web')?.current === 1, 'those for everyone are in force');
  });
});
