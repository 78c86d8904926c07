/** What a proxy rejects: the last good version stays in force, and the bad one is tried nowhere else. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DeltaClient, Received } from '../../../test/support/xds-client.ts';
import { startHarness, until, type XdsHarness } from '../../../test/support/xds-harness.ts';
import { edsCluster, endpoints } from '../../../test/support/xds-resources.ts';
import type { ResourceKind } from '../resource.ts';

let at: XdsHarness;

beforeEach(async () => {
  at = await startHarness();
});

afterEach(() => at.stop());

function version(kind: ResourceKind, name: string): string {
  return at.fixture.resources[kind].get(name)?.version ?? '';
}

/** Acknowledges everything except what contains one of these versions. */
async function serve(
  proxy: DeltaClient,
  bad: ReadonlySet<string>,
  message: (names: string[]) => string,
): Promise<void> {
  let seen = 0;
  for (;;) {
    const response: Received | undefined = proxy.received[seen];
    if (response === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      if (proxy.closed) return;
      continue;
    }
    seen++;
    const culprits = response.message.resources.filter((resource) => bad.has(resource.version));
    if (culprits.length > 0) proxy.reject(response, message(culprits.map(({ name }) => name)));
    else if (response.kind !== 'secret') proxy.acknowledge(response);
  }
}

const byName = (names: string[]): string =>
  `Error adding/updating cluster(s) ${names.map((name) => `${name}: bad`).join(', ')}`;
const anonymous = (): string => 'something in it is wrong';

describe('a version that a proxy rejects', () => {
  test('is not sent again, neither there nor to proxies that come later, and the last good one is', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    const bad = new Set<string>();
    void serve(proxy, bad, byName);
    proxy.subscribeAll();
    await until(() => at.fixture.acks.get('cluster svc/web')?.current === 1, 'first');
    const good = version('cluster', 'svc/web');
    edsCluster(at.fixture, 'svc/web', '9s');
    await at.fixture.graph.settled();
    bad.add(version('cluster', 'svc/web'));
    const acks = () => at.fixture.acks.get('cluster svc/web');
    await until(() => acks()?.rejected !== undefined, 'rejected');
    assert.equal(acks()?.rejected?.version, version('cluster', 'svc/web'));
    assert.match(acks()?.rejected?.message ?? '', /svc\/web: bad/);
    await until(() => acks()?.current === 1, 'the last good one is in force');
    const later = at.client('b/q/1');
    later.subscribeAll();
    await later.until(() => later.held.cluster.size === 1, 'the later proxy');
    assert.equal(later.held.cluster.get('svc/web'), good);
    await proxy.quiet();
    assert.equal(proxy.names('cluster').filter((name) => name === 'svc/web').length, 2);
  });

  test('is forgotten when another one comes', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    const bad = new Set<string>();
    void serve(proxy, bad, byName);
    proxy.subscribeAll();
    await until(() => at.fixture.acks.get('cluster svc/web')?.current === 1, 'first');
    edsCluster(at.fixture, 'svc/web', '9s');
    await at.fixture.graph.settled();
    bad.add(version('cluster', 'svc/web'));
    await until(() => at.fixture.acks.get('cluster svc/web')?.rejected !== undefined, 'rejected');
    edsCluster(at.fixture, 'svc/web', '8s');
    await at.fixture.graph.settled();
    await proxy.until(
      () => proxy.held.cluster.get('svc/web') === version('cluster', 'svc/web'),
      'the next one',
    );
    const acks = () => at.fixture.acks.get('cluster svc/web');
    await until(() => acks()?.rejected === undefined && acks()?.current === 1, 'in force');
    edsCluster(at.fixture, 'svc/web', '9s');
    await at.fixture.graph.settled();
    await until(() => acks()?.rejected !== undefined, 'the rejected version, if it comes back, is known');
    await proxy.quiet();
    assert.equal(proxy.names('cluster').filter((name) => name === 'svc/web').length, 3);
  });

  test('does not hold back what came with it', async () => {
    const proxy = at.client('a/p/1', { acknowledge: false });
    const bad = new Set([version('cluster', 'svc/api')]);
    void serve(proxy, bad, byName);
    proxy.subscribeAll();
    await proxy.until(() => proxy.held.cluster.has('svc/web'), 'the good one');
    await until(() => at.fixture.acks.get('cluster svc/api')?.rejected !== undefined, 'the bad one is known');
    assert.equal(at.fixture.acks.get('cluster svc/web')?.rejected, undefined);
    await until(() => at.fixture.acks.get('cluster svc/web')?.current === 1, 'the good one is counted');
    assert.ok(!proxy.held.cluster.has('svc/api'));
  });

  for (const count of [1, 2]) {
    test(`is found among others where the proxy names none, ${count} at a time`, async () => {
      const names = Array.from({ length: 20 }, (_, index) => `s${String(index).padStart(2, '0')}`);
      for (const name of names) at.service(name);
      at.list('a/Deployment/app', ...names);
      await at.fixture.graph.settled();
      const culprits = ['svc/s03', 'svc/s17'].slice(0, count);
      const bad = new Set(culprits.map((name) => version('endpoints', name)));
      const proxy = at.client('a/p/1', { acknowledge: false });
      void serve(proxy, bad, anonymous);
      proxy.subscribeAll();
      proxy.subscribe('endpoints', ...names.map((name) => `svc/${name}`));
      await proxy.until(() => proxy.held.endpoints.size === names.length - count, 'all the others');
      const rejected = (name: string) => at.fixture.acks.get(`endpoints ${name}`)?.rejected !== undefined;
      await until(() => culprits.every(rejected), 'the culprits are known');
      assert.deepEqual(names.map((name) => `svc/${name}`).filter(rejected), culprits);
      const nacks = at.server.proxy('a/p')?.nacks ?? 0;
      assert.ok(nacks <= count * 6, `${nacks} rejections to find ${count} of 20`);
    });
  }

  test('stays with those who accept it, so that one proxy cannot take it from all others', async () => {
    const [first, second] = [at.client('a/p/1'), at.client('b/q/1', { acknowledge: false })];
    const bad = new Set<string>();
    void serve(second, bad, byName);
    for (const proxy of [first, second]) proxy.subscribeAll();
    await first.until(() => first.held.cluster.size === 2, 'first');
    await second.until(() => second.held.cluster.size === 1, 'second');
    edsCluster(at.fixture, 'svc/web', '9s');
    await at.fixture.graph.settled();
    const next = version('cluster', 'svc/web');
    bad.add(next);
    await first.until(() => first.held.cluster.get('svc/web') === next, 'accepted');
    const acks = () => at.fixture.acks.get('cluster svc/web');
    await until(() => acks()?.rejected !== undefined && acks()?.current === 1, 'rejected');
    await Promise.all([first.quiet(), second.quiet()]);
    assert.equal(first.held.cluster.get('svc/web'), next);
    assert.equal(second.names('cluster').filter((name) => name === 'svc/web').length, 2);
    const later = at.client('a/r/1');
    later.subscribeAll();
    await later.until(() => later.held.cluster.get('svc/web') === next, 'the later proxy');
    second.close();
    await until(() => acks()?.rejected === undefined, 'nobody rejects it any more');
  });

  test('of endpoints is answered as missing to a proxy that has no earlier one', async () => {
    endpoints(at.fixture, 'svc/web', ['10.0.0.99:80']);
    await at.fixture.graph.settled();
    const bad = new Set([version('endpoints', 'svc/web')]);
    const proxy = at.client('a/p/1', { acknowledge: false });
    void serve(proxy, bad, anonymous);
    proxy.subscribeAll();
    proxy.subscribe('endpoints', 'svc/web');
    await until(() => at.fixture.acks.get('endpoints svc/web')?.rejected !== undefined, 'rejected');
    const later = at.client('b/q/1');
    later.subscribeAll();
    later.subscribe('endpoints', 'svc/web');
    assert.deepEqual((await later.next('endpoints')).removed, ['svc/web']);
  });
});
