/**
 * The xDS server against the real Envoy, over real mutual TLS and with real connections: the behaviour of
 * Envoy that the server's rules are made for, each as a test.
 */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { pushedResources } from '../../src/xds/server/metrics.ts';
import { EnvoyUnderTest } from '../support/envoy.ts';
import { freePort } from '../support/ports.ts';
import {
  createFixture,
  identityIn,
  type RunningServer,
  serveFixture,
  type XdsFixture,
} from '../support/xds-fixture.ts';
import {
  edsCluster,
  endpoints,
  httpListener,
  need,
  onDemandListener,
  routes,
  stub,
} from '../support/xds-resources.ts';

/** Longer than anything takes, shorter than the 15 s that Envoy waits for a resource that does not come. */
const promptMs = 5_000;

/** Two services behind one upstream, one of them in use from the start. */
function fill(fixture: XdsFixture, upstreamPort: number, portal: number): void {
  for (const name of ['web', 'api']) {
    edsCluster(fixture, `svc/${name}`);
    endpoints(fixture, `svc/${name}`, [`127.0.0.1:${upstreamPort}`]);
    httpListener(fixture, `internal/${name}`, name);
    routes(fixture, name, `svc/${name}`);
  }
  onDemandListener(fixture, 'outbound', portal);
  fixture.lists.set('a/Deployment/app', { clusters: ['svc/web'], listeners: ['internal/web', 'outbound'] });
  fixture.onUse = (_, destination) => {
    if (destination !== `127.0.0.1:${portal}`) return;
    const listeners = ['internal/api', 'internal/web', 'outbound'];
    fixture.lists.set('a/Deployment/app', { clusters: ['svc/api', 'svc/web'], listeners });
    stub(fixture, destination, 'internal/api', [
      need('cluster', 'svc/api'),
      need('listener', 'internal/api'),
    ]);
  };
}

async function sentSoFar(): Promise<number> {
  const { values } = await pushedResources.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

describe('a real Envoy', () => {
  let fixture: XdsFixture;
  let running: RunningServer;
  let envoy: EnvoyUnderTest;
  let upstream: Server;
  let portal: number;

  /** A request through the listener whose cluster is asked for on demand. */
  const call = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${portal}/`, { signal: AbortSignal.timeout(promptMs) });
    return `${response.status} ${await response.text()}`;
  };

  const isActive = (name: string, version: string | undefined): Promise<void> =>
    envoy.until(`${name} is active in version ${version}`, async () => {
      return (await envoy.active('dynamic_active_clusters')).get(name) === version;
    });

  before(async () => {
    upstream = createServer((_, response) => response.end('hello'));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    portal = await freePort();
    fixture = createFixture();
    fill(fixture, (upstream.address() as AddressInfo).port, portal);
    running = await serveFixture(fixture);
    envoy = await EnvoyUnderTest.start({
      xdsPort: running.port,
      pki: running.pki,
      shows: running.pki.issue(`URI:${identityIn('a')}`),
      id: 'a/app-1/uid-1',
      cluster: 'app',
    });
  });

  after(async () => {
    await envoy.stop();
    await running.server.close();
    running.pki.remove();
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
  });

  test('becomes ready with what its workload uses, and holds nothing else', async () => {
    await envoy.until('live', () => envoy.ready());
    assert.deepEqual([...(await envoy.active('dynamic_active_clusters')).keys()], ['svc/web']);
    const [proxy] = running.server.proxies();
    assert.deepEqual(proxy?.held, { secret: 0, cluster: 1, endpoints: 1, listener: 2, route: 1 });
    assert.equal(proxy.pending, 0);
  });

  test('is answered on its first connection to a destination it never used', async () => {
    const startedAt = performance.now();
    assert.equal(await call(), '200 hello');
    assert.ok(performance.now() - startedAt < promptMs);
    assert.deepEqual(fixture.used, [`a/Deployment/app 127.0.0.1:${portal}`]);
    const clusters = [...(await envoy.active('dynamic_active_clusters')).keys()].sort();
    assert.deepEqual(clusters, ['svc/api', 'svc/web', `vip/127.0.0.1:${portal}`]);
  });

  test('takes a changed cluster into use at once, because its endpoints follow it', async () => {
    edsCluster(fixture, 'svc/web', '3s');
    await fixture.graph.settled();
    const startedAt = performance.now();
    await isActive('svc/web', fixture.resources.cluster.get('svc/web')?.version);
    assert.ok(performance.now() - startedAt < promptMs, 'Envoy waited for endpoints that did not come');
    await envoy.until('acknowledged', () => Promise.resolve(running.server.proxies()[0]?.pending === 0));
  });

  for (const [kind, spoil, heal] of [
    ['cluster', () => edsCluster(fixture, 'svc/web', '-3s'), () => edsCluster(fixture, 'svc/web', '4s')],
    [
      'listener',
      () => httpListener(fixture, 'internal/web', 'web', ''),
      () => httpListener(fixture, 'internal/web', 'web', 'x'),
    ],
    ['route', () => routes(fixture, 'web', ''), () => routes(fixture, 'web', 'svc/api')],
    [
      'endpoints',
      () => endpoints(fixture, 'svc/web', ['nowhere:80']),
      () => endpoints(fixture, 'svc/web', ['127.0.0.1:1']),
    ],
  ] as const) {
    test(`keeps the last good ${kind} where the next one is rejected, until a better one comes`, async () => {
      const name = { cluster: 'svc/web', listener: 'internal/web', route: 'web', endpoints: 'svc/web' }[kind];
      const good = fixture.resources[kind].get(name)?.version;
      spoil();
      const acks = () => fixture.acks.get(`${kind} ${name}`);
      await envoy.until('rejected', () => Promise.resolve(acks()?.rejected !== undefined));
      assert.equal(acks()?.rejected?.version, fixture.resources[kind].get(name)?.version);
      assert.ok((acks()?.rejected?.message ?? '').length > 10);
      await envoy.until('at rest', () => Promise.resolve(running.server.proxies()[0]?.pending === 0));
      const held = running.server
        .proxy('a/app-1')
        ?.resources.find((one) => one.kind === kind && one.name === name);
      assert.deepEqual(held, { kind, name, version: good, current: true });
      heal();
      await envoy.until('healed', () => {
        const now = acks();
        return Promise.resolve(now?.rejected === undefined && now?.current === 1);
      });
      assert.equal(await call(), '200 hello');
    });
  }

  test('keeps an on-demand cluster whose destination is not used any more', async () => {
    const before = await sentSoFar();
    fixture.lists.set('a/Deployment/app', { clusters: ['svc/web'], listeners: ['internal/web', 'outbound'] });
    fixture.onDemand.delete(`vip/127.0.0.1:${portal}`);
    await envoy.until('removed', async () => !(await envoy.active('dynamic_active_clusters')).has('svc/api'));
    assert.ok((await envoy.active('dynamic_active_clusters')).has(`vip/127.0.0.1:${portal}`));
    assert.equal(await sentSoFar(), before, 'removals alone were due');
    fixture.onUse('a/Deployment/app', `127.0.0.1:${portal}`);
    await envoy.until('back', async () => (await call()) === '200 hello');
  });

  test('gets nothing again from a server that has restarted, and what it used is known there again', async () => {
    await envoy.until('at rest', () => Promise.resolve(running.server.proxies()[0]?.pending === 0));
    const updates = ['cluster_manager.cds', 'listener_manager.lds'].map(
      (prefix) => `${prefix}.update_success`,
    );
    const countUpdates = () => Promise.all(updates.map((name) => envoy.stat(name)));
    const before = [await countUpdates(), await sentSoFar()];
    const { port, pki } = running;
    await running.server.close();
    const fresh = createFixture();
    for (const kind of ['cluster', 'endpoints', 'listener', 'route'] as const) {
      for (const [name, value] of fixture.resources[kind].entries()) fresh.resources[kind].set(name, value);
    }
    fresh.lists.set('a/Deployment/app', { clusters: ['svc/web'], listeners: ['internal/web', 'outbound'] });
    fresh.onUse = (...used) => {
      const at = `vip/127.0.0.1:${portal}`;
      const answer = fixture.onDemand.get(at);
      assert.ok(answer);
      fresh.onDemand.set(at, answer);
      const lists = fixture.lists.get(used[0]);
      assert.ok(lists);
      fresh.lists.set(used[0], lists);
    };
    running = await serveFixture(fresh, { pki, port });
    const all = { secret: 0, cluster: 3, endpoints: 2, listener: 3, route: 2 };
    await envoy.until('reconnected', () => {
      const [proxy] = running.server.proxies();
      return Promise.resolve(JSON.stringify(proxy?.held) === JSON.stringify(all) && proxy?.pending === 0);
    });
    assert.deepEqual(fresh.used, [`a/Deployment/app 127.0.0.1:${portal}`]);
    assert.deepEqual([await countUpdates(), await sentSoFar()], before);
    assert.equal(await call(), '200 hello');
    fixture = fresh;
  });

  test('goes on after the server has new certificates', async () => {
    const { pki } = running;
    const { key, cert } = pki.issue('URI:spiffe://cluster.local/ns/weft-system/sa/control,DNS:localhost');
    running.server.updateTls({ key, cert, ca: pki.ca });
    routes(fixture, 'web', 'svc/web');
    const acks = () => fixture.acks.get('route web');
    const version = fixture.resources.route.get('web')?.version;
    await envoy.until('acknowledged', () => Promise.resolve(acks()?.current === 1));
    await envoy.until('in force', () => {
      const held = running.server.proxy('a/app-1')?.resources.find(({ name }) => name === 'web');
      return Promise.resolve(held?.current === true && held.version !== version);
    });
  });
});
