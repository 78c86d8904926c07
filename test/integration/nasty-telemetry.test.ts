/**
 * Policies of telemetry made of odd values, through the mesh's model, its translation and the xDS server to real Envoys, a
 * gateway's and a client's: Envoy rejects nothing, and requests go on. A failure prints its seed;
 * `WEFT_BAD_INPUT_SEED=<seed>` repeats that round alone.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRandom } from '../../src/graph/random.ts';
import { routeOf } from '../../src/mesh/routes/testing.ts';
import { MeshProxy } from '../support/mesh-proxy.ts';
import { someNastyConfig, someNastyPolicy } from '../support/nasty-telemetry.ts';

const onlySeed = process.env['WEFT_BAD_INPUT_SEED'];
const seeds = onlySeed === undefined ? Array.from({ length: 120 }, (_, i) => i + 1) : [Number(onlySeed)];

const host = 'innocent.example.com';
const route = routeOf('HTTPRoute', 'infra/innocent', {
  parents: [{ name: 'web', namespace: 'infra', sectionName: 'http' }],
  hostnames: [host],
  rules: [{ backendRefs: [{ name: 'innocent', namespace: 'shop', port: 80 }] }],
});

let proxy: MeshProxy;

before(async () => {
  proxy = await MeshProxy.start();
  await proxy.world.apply(route);
  await proxy.atRest();
});

after(() => proxy?.close());

test('whatever policies say, Envoy takes it, and requests are served', async () => {
  const gatewayAPI = 'gateway.networking.k8s.io';
  let accepted = 0;
  for (const seed of seeds) {
    const random = createRandom(seed);
    await proxy.world.apply(
      someNastyConfig(random),
      someNastyPolicy(random, 'infra/gateway', [
        { group: gatewayAPI, kind: 'Gateway', name: 'web' },
        { group: gatewayAPI, kind: 'HTTPRoute', name: 'innocent' },
      ]),
      someNastyPolicy(random, 'shop/client', [{ group: 'apps', kind: 'Deployment', name: 'client' }]),
    );
    await proxy.atRest();
    // What Envoy quotes of a listener comes before why it refuses it.
    const faults = proxy.takeFaults().map((fault) => fault.slice(-500));
    assert.deepEqual(faults, [], `seed ${seed}`);
    // Where there is no permission to refer to the backend, the gateway itself answers.
    assert.ok([200, 500].includes((await proxy.get(host)).status), `seed ${seed}`);
    for (const [, verdict] of proxy.world.mesh.telemetryVerdicts.entries()) {
      if (verdict.accepted.status) accepted++;
    }
  }
  // Many were good, so that something of them was asked of Envoy.
  assert.ok(accepted > seeds.length / 2 || onlySeed !== undefined, `${accepted} policies were accepted`);
});
