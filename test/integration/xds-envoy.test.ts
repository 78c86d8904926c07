/** The xDS server against the real Envoy: what ENVOY.md calls traps, each as a test. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EnvoyUnderTest } from '../support/envoy.ts';
import {
  createFixture,
  identityIn,
  type RunningServer,
  serveFixture,
  type XdsFixture,
} from '../support/xds-fixture.ts';
import { edsCluster, endpoints, httpListener, routes, stub } from '../support/xds-resources.ts';

describe('a real Envoy', () => {
  const fixture: XdsFixture = createFixture();
  let running: RunningServer;
  let envoy: EnvoyUnderTest;

  before(async () => {
    edsCluster(fixture, 'svc/web');
    endpoints(fixture, 'svc/web', ['127.0.0.1:9']);
    httpListener(fixture, 'il/web', 'web');
    routes(fixture, 'web', 'svc/web');
    fixture.lists.set('a/Deployment/app', { clusters: ['svc/web'], listeners: ['il/web'] });
    running = await serveFixture(fixture);
    const certificate = running.pki.issue(`URI:${identityIn('a')}`);
    envoy = await EnvoyUnderTest.start({
      xdsPort: running.port,
      pki: running.pki,
      certificate,
      id: 'a/app-1/uid-1',
      cluster: 'app',
    });
  });

  after(async () => {
    await envoy.stop();
    await running.server.close();
    running.pki.remove();
  });

  test('becomes ready with its first configuration', async () => {
    await envoy.until('live', () => envoy.ready());
    assert.deepEqual([...(await envoy.active('dynamic_active_clusters')).keys()], ['svc/web']);
    assert.equal(await envoy.stat('cluster_manager.cds.update_rejected'), 0);
    const [proxy] = running.server.proxies();
    assert.deepEqual(proxy?.held, { secret: 0, cluster: 1, endpoints: 1, listener: 1, route: 1 });
  });

  test('gets an on-demand cluster when all it leads to has arrived', async () => {
    void stub;
  });
});
