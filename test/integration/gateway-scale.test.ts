/**
 * A gateway with 500 listeners and 1,000 routes, from Kubernetes objects to requests: what one change costs, in
 * computations and resources and not in time, and what requests notice of many.
 */

import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../src/kube/types.ts';
import { httpsListener, listener, listenerSet } from '../../src/mesh/gateways/testing.ts';
import type { KubeListener } from '../../src/mesh/kubernetes-gateways.ts';
import { routeOf } from '../../src/mesh/routes/testing.ts';
import { resourceKinds } from '../../src/xds/resource.ts';
import { MeshProxy } from '../support/mesh-proxy.ts';

/** Half of them HTTP, half HTTPS; as many as the schema allows stand in one object. */
const listenerCount = 500;
const listenersPerObject = 50;
const setOf = (index: number): string => `set-${Math.floor(index / listenersPerObject)}`;
const hostOf = (index: number): string => `h${index}.example.com`;

const all = { allowedRoutes: { namespaces: { from: 'All' } } };

describe('a gateway of 500 listeners and 1,000 routes', () => {
  let proxy: MeshProxy;

  function listenerAt(index: number): KubeListener {
    const { http, https } = proxy.ports;
    const hostname = hostOf(index);
    return index % 2 === 0
      ? listener(`l${index}`, { hostname, port: http, ...all })
      : httpsListener(`l${index}`, { name: 'web', namespace: 'infra' }, { hostname, port: https, ...all });
  }

  /** Two for each listener: one for a path, one for everything else. */
  function routeAt(index: number, path: string, backend: string): KubeObject {
    const parent = { kind: 'ListenerSet', namespace: 'shop', name: setOf(index), sectionName: `l${index}` };
    return routeOf('HTTPRoute', `shop/r${index}${path.replaceAll('/', '-')}`, {
      parents: [parent],
      hostnames: [hostOf(index)],
      rules: [{ matches: [{ path: { value: path } }], backendRefs: [{ name: backend, port: 80 }] }],
    });
  }

  function isAtRest(): void {
    assert.deepEqual(proxy.takeFaults(), []);
  }

  before(async () => {
    proxy = await MeshProxy.start();
  });

  after(() => proxy?.close());

  test('has all of it, and answers for each', async (t) => {
    const indexes = Array.from({ length: listenerCount }, (_, index) => index);
    const sets = Map.groupBy(indexes, setOf);
    const routes = indexes.flatMap((index) => [routeAt(index, '/', 'v1'), routeAt(index, '/a', 'v2')]);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await proxy.world.apply(
      grantOfSecret,
      ...[...sets].map(([name, members]) =>
        listenerSet(`shop/${name}`, 'infra/web', members.map(listenerAt)),
      ),
      ...routes,
    );
    await proxy.atRest();
    delay.disable();
    t.diagnostic(`everything at once: longest stall ${(delay.max / 1e6).toFixed(0)} ms`);
    isAtRest();
    const agent = new Agent({ keepAlive: true });
    for (const index of indexes.filter((each) => each % 2 === 0)) {
      assert.deepEqual(await proxy.get(hostOf(index), '/a', agent), { status: 200, body: 'v2' });
    }
    assert.equal(proxy.world.mesh.gateway.listenerHosts.size, 2 + listenerCount);
    agent.destroy();
  });

  /** What was encoded anew, and how often hosts were put together for a listener. */
  async function costOf(change: () => Promise<void>) {
    const encoded: string[] = [];
    const stops = resourceKinds.map((kind) =>
      proxy.translation.resources[kind].subscribe((changes) => {
        for (const { key } of changes) encoded.push(`${kind} ${key}`);
      }),
    );
    const hosts = () =>
      proxy.graph.stats().collections.find(({ name }) => name === 'xds/gateway-hosts')?.recomputations ?? 0;
    const before = hosts();
    await change();
    await proxy.atRest();
    for (const stop of stops) stop();
    return { encoded, hosts: hosts() - before };
  }

  test('a change of one route encodes the hosts of one listener and one resource', async () => {
    const { http } = proxy.ports;
    const plain = await costOf(() => proxy.world.apply(routeAt(248, '/a', 'v1')));
    assert.deepEqual(plain, { encoded: [`route gateway/infra/web/tcp:${http}`], hosts: 1 });
    const secured = await costOf(() => proxy.world.apply(routeAt(249, '/a', 'v1')));
    assert.deepEqual(secured, { encoded: ['route gateway/infra/web/shop/set-4/l249'], hosts: 1 });
    isAtRest();
    assert.equal((await proxy.get(hostOf(248), '/a')).body, 'v1');
    assert.equal((await proxy.get(hostOf(246), '/a')).body, 'v2');
  });

  test('a hundred routes change, ten per second: no request fails, and each ends at its new backend', async (t) => {
    const changed = Array.from({ length: 100 }, (_, index) => 2 * index);
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const done = new AbortController();
    const wrong: string[] = [];
    let requests = 0;
    const load = Array.from({ length: 4 }, async (_, worker) => {
      for (let turn = worker; !done.signal.aborted; turn++) {
        const host = hostOf(2 * ((turn * 7) % changed.length));
        const { status, body } = await proxy
          .get(host, '/', agent)
          .catch((error: unknown) => ({ status: 0, body: String(error) }));
        requests++;
        if (status !== 200 || (body !== 'v1' && body !== 'v2')) wrong.push(`${host}: ${status} ${body}`);
      }
    });
    const { encoded } = await costOf(async () => {
      for (const index of changed) {
        await proxy.world.apply(routeAt(index, '/', 'v2'));
        await sleep(100);
      }
    });
    done.abort();
    await Promise.all(load);
    delay.disable();
    t.diagnostic(`${requests} requests; longest stall ${(delay.max / 1e6).toFixed(0)} ms`);
    assert.deepEqual(wrong, []);
    assert.ok(requests > changed.length);
    assert.equal(encoded.length, changed.length);
    for (const index of changed) assert.equal((await proxy.get(hostOf(index), '/', agent)).body, 'v2');
    isAtRest();
    agent.destroy();
  });
});

/** ListenerSets of `shop` show the certificate of the Gateway's namespace. */
const grantOfSecret: KubeObject & { readonly spec: object } = {
  kind: 'ReferenceGrant',
  metadata: { namespace: 'infra', name: 'secrets' },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'ListenerSet', namespace: 'shop' }],
    to: [{ group: '', kind: 'Secret' }],
  },
};
