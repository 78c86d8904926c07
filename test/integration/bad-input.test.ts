/**
 * Objects as bad as an API server lets them be, through the mesh's model, its translation and the xDS server to real Envoys:
 * whatever is wrong with one object, Envoy rejects nothing, nothing stands still, and others are served. A failure
 * prints its seed; `WEFT_BAD_INPUT_SEED=<seed>` repeats that round alone.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createRandom } from '../../src/graph/random.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { tlsSecret } from '../../src/mesh/gateways/testing.ts';
import { routeOf } from '../../src/mesh/routes/testing.ts';
import { MeshProxy } from '../support/mesh-proxy.ts';
import { certificates, someNastyListeners, someNastyPart, someNastyTLS } from '../support/nasty-gateways.ts';
import { someNastyRoute } from '../support/nasty-routes.ts';
import { freePort } from '../support/ports.ts';

const onlySeed = process.env['WEFT_BAD_INPUT_SEED'];
const seeds = onlySeed === undefined ? Array.from({ length: 250 }, (_, i) => i + 1) : [Number(onlySeed)];

const http = [{ name: 'web', namespace: 'infra', sectionName: 'http' }];
const host = 'innocent.example.com';
const innocent = routeOf('HTTPRoute', 'shop/innocent', {
  parents: http,
  hostnames: [host],
  rules: [{ backendRefs: [{ name: 'innocent', port: 80 }] }],
});

const nameOf = ({ kind, metadata: { namespace, name } }: KubeObject): string =>
  `${kind} ${namespace}/${name}`;

describe('bad input', () => {
  let proxy: MeshProxy;
  let extraPorts: readonly number[];

  before(async () => {
    proxy = await MeshProxy.start();
    extraPorts = [await freePort(), await freePort(), proxy.ports.https, proxy.ports.tls];
    await proxy.world.apply(innocent);
    await proxy.atRest();
  });

  after(() => proxy?.close());

  /** That nothing was rejected, nothing failed, and the innocent route is served. */
  async function isHarmless(message: string): Promise<void> {
    await proxy.atRest();
    assert.deepEqual(proxy.takeFaults(), [], message);
    assert.deepEqual(await proxy.get(host), { status: 200, body: 'innocent' }, message);
  }

  test('routes, listeners, certificates and policies made of odd values harm nobody else', async () => {
    let served = 0;
    for (const seed of seeds) {
      const random = createRandom(seed);
      const routes = [someNastyRoute(random, 'shop/one'), someNastyRoute(random, 'shop/two')];
      const parts = [someNastyPart(random, extraPorts), someNastyPart(random, extraPorts)];
      await proxy.listeners(someNastyListeners(random, extraPorts), someNastyTLS(random, extraPorts));
      await proxy.world.apply(...routes, ...parts);
      await isHarmless(`seed ${seed}`);
      for (const [, { hosts }] of proxy.world.mesh.gateway.listenerHosts.entries()) {
        served += hosts.flatMap(({ rules }) => rules).filter(({ backends }) => backends.length > 0).length;
      }
      await proxy.world.remove(...[...routes, ...parts].map(nameOf));
    }
    // Some rules held, so that something of them was asked of Envoy.
    assert.ok(served > seeds.length || onlySeed !== undefined, `${served} rules were served`);
    await proxy.restore();
  });

  /** The serial number of the certificate that a new connection is shown; undefined where it is refused. */
  async function shownSerial(): Promise<string | undefined> {
    const socket = connectTls({ host: '127.0.0.1', port: proxy.ports.https, rejectUnauthorized: false });
    try {
      await once(socket, 'secureConnect');
      return socket.getPeerCertificate().serialNumber;
    } catch {
      return undefined;
    } finally {
      socket.destroy();
    }
  }

  test('a Secret in use may become anything and go, and its listener follows it', async () => {
    const [good] = certificates;
    assert.ok(good !== undefined);
    for (const [index, pair] of certificates.entries()) {
      await proxy.world.apply(tlsSecret('infra/web', pair));
      await isHarmless(`certificate ${index}`);
    }
    await proxy.world.apply(tlsSecret('infra/web', good));
    await isHarmless('good again');
    const before = await shownSerial();
    assert.notEqual(before, undefined);
    await proxy.world.remove('Secret infra/web');
    await isHarmless('deleted');
    assert.equal(await shownSerial(), undefined);
    await proxy.world.apply(tlsSecret('infra/web', good));
    await isHarmless('restored');
    assert.equal(await shownSerial(), before);
  });

  test('ten thousand rules on one hostname hold beside the others, and can be changed', async () => {
    const routes = Array.from({ length: 80 }, (_, route) => manyRules(route, 'v1'));
    await proxy.world.apply(...routes);
    await isHarmless('10,240 rules');
    const last = '/r79/rule15/match7';
    assert.equal((await proxy.get('many.example.com', last)).body, 'v1');
    await proxy.world.apply(manyRules(79, 'v2'));
    await isHarmless('changed');
    assert.equal((await proxy.get('many.example.com', last)).body, 'v2');
    assert.equal((await proxy.get('many.example.com', '/r0/rule0/match7')).body, 'v1');
    await proxy.world.remove(...routes.map(nameOf));
    await isHarmless('removed');
  });

  test('sixteen thousand large expressions do not keep Envoy from what others change', async () => {
    const expressions = Array.from({ length: 16 }, (_, i) => ({
      type: 'RegularExpression',
      name: `h${i}`,
      value: '[a-z]{0,900}',
    }));
    const routes = Array.from({ length: 8 }, (_, route) => {
      const matches = Array.from({ length: 64 }, (__, i) => ({
        path: { value: `/${i}` },
        headers: expressions,
      }));
      const rules = [{ matches }, { matches }, { backendRefs: [{ name: 'v1', port: 80 }] }];
      return routeOf('HTTPRoute', `shop/large-${route}`, {
        parents: http,
        hostnames: ['large.example.com'],
        rules,
      });
    });
    await proxy.world.apply(...routes);
    await isHarmless('large expressions');
    assert.equal((await proxy.get('large.example.com')).body, 'v1');
    const verdict = proxy.world.mesh.routeVerdicts.get('HTTPRoute/shop/large-0|0');
    assert.match(verdict?.partiallyInvalid?.message ?? '', /too large together/);
    await proxy.world.remove(...routes.map(nameOf));
    await isHarmless('removed');
  });

  test('a thousand hostnames below a wildcard with a thousand rules become no million rules', async () => {
    const wide = Array.from({ length: 10 }, (_, route) => manyRules(route, 'v2', '*.example.org'));
    const narrow = Array.from({ length: 1000 }, (_, index) =>
      routeOf('HTTPRoute', `shop/narrow-${index}`, {
        parents: http,
        hostnames: [`h${index}.example.org`],
        rules: [{ matches: [{ path: { value: '/a' } }], backendRefs: [{ name: 'v1', port: 80 }] }],
      }),
    );
    await proxy.world.apply(...wide, ...narrow);
    await isHarmless('hostnames times rules');
    const name = `gateway/infra/web/tcp:${proxy.ports.http}`;
    const bytes = proxy.translation.resources.route.get(name)?.body.length ?? 0;
    assert.ok(bytes < 2_000_000, `${bytes} bytes`);
    for (const [requested, path, answer] of [
      ['h7.example.org', '/a', 'v1'],
      ['H7.Example.ORG:8080', '/a/b', 'v1'],
      ['h7.example.org', '/r3/rule4/match7', 'v2'],
      ['other.example.org', '/r3/rule4/match7', 'v2'],
      ['other.example.org', '/a', ''],
      ['h7.example.org.example.org', '/a', ''],
      ['h7.example.org', '/nowhere', ''],
    ] as const) {
      assert.equal((await proxy.get(requested, path)).body, answer, `${requested}${path}`);
    }
    await proxy.world.remove(...[...wide, ...narrow].map(nameOf));
    await isHarmless('removed');
  });
});

/** As many as the schema allows, 16 rules of 8 matches, most of them by an expression too. */
function manyRules(route: number, backend: string, hostname = 'many.example.com'): KubeObject {
  const rules = Array.from({ length: 16 }, (_, rule) => ({
    matches: Array.from({ length: 8 }, (__, match) => ({
      path: { type: 'PathPrefix', value: `/r${route}/rule${rule}/match${match}` },
      ...(match === 7
        ? {}
        : { headers: [{ name: 'x', type: 'RegularExpression', value: `(a|b*)*${route}.{0,${rule + 1}}` }] }),
    })),
    backendRefs: [{ name: backend, port: 80 }],
  }));
  return routeOf('HTTPRoute', `shop/many-${route}`, {
    parents: http,
    hostnames: [hostname],
    rules,
  });
}
