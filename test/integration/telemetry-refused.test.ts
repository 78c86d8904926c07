/**
 * Who sends garbage, or reports for another, over a connection that is otherwise good: it is refused by the gRPC status, and
 * neither its own configuration nor anybody else's report suffers.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { metricsMethod } from '../../src/telemetry/intake.ts';
import { http, report } from '../../src/telemetry/testing.ts';
import { telemetryWorld, type TelemetryWorld } from '../../src/telemetry/testing-world.ts';
import type { TestCertificate } from '../support/pki.ts';
import { DeltaClient } from '../support/xds-client.ts';
import { createFixture, identityIn, type RunningServer, serveFixture } from '../support/xds-fixture.ts';
import { edsCluster, endpoints } from '../support/xds-resources.ts';

describe('a report over mutual TLS', () => {
  const fixture = createFixture();
  let world: TelemetryWorld;
  let running: RunningServer;
  let web: TestCertificate;

  before(async () => {
    world = await telemetryWorld({ services: ['a/api:80'] });
    fixture.lists.set('a/Deployment/app', { clusters: ['svc/web'], listeners: [] });
    edsCluster(fixture, 'svc/web');
    endpoints(fixture, 'svc/web', ['10.0.0.1:80']);
    await fixture.graph.settled();
    running = await serveFixture(fixture, { methods: world.telemetry.methods });
    web = running.pki.issue(`URI:${identityIn('a')}`, '/O=a/OU=v1/CN=Deployment\\/app');
  });
  after(async () => {
    await running.server.close();
    running.pki.remove();
    world.telemetry.close();
  });

  async function send(certificate: TestCertificate, message: Buffer): Promise<string> {
    const { key, cert } = certificate;
    const options = { ca: running.pki.ca, servername: 'localhost', key, cert };
    const session = connect(`https://127.0.0.1:${running.port}`, options);
    const stream = session.request({
      ':method': 'POST',
      ':path': metricsMethod,
      'content-type': 'application/grpc',
    });
    let status = '';
    const take = (fields: { readonly 'grpc-status'?: unknown }): void => {
      if (typeof fields['grpc-status'] === 'string') status = fields['grpc-status'];
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.resume();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
    await once(stream, 'close');
    session.destroy();
    return status;
  }

  const good = http({ side: 'client', peer: 'a/Deployment/api', service: 'a/api:80', durations: [1, 2, 3] });

  test('is counted for the workload in the subject of the certificate', async () => {
    assert.equal(await send(web, report([good], world.clock.now())), '0');
    world.pass(10_000);
    const { rows } = await world.ask({ groupBy: ['source', 'sourceVersion'] });
    assert.deepEqual(
      rows.map(({ group, requests }) => [...Object.values(group), requests]),
      [['a/Deployment/app', 'v1', 3]],
    );
  });

  test('is refused where it is garbage, and the sender keeps its configuration', async () => {
    const { ca } = running.pki;
    const proxy = new DeltaClient({ port: running.port, ca, certificate: web, id: 'a/p/1' });
    proxy.subscribeAll();
    await proxy.next('cluster');
    assert.equal(await send(web, Buffer.from('garbage that is no message')), '3');
    assert.equal(await send(web, report([good], world.clock.now()).subarray(0, 100)), '3');
    edsCluster(fixture, 'svc/web', '7s');
    assert.deepEqual((await proxy.next('cluster')).names, ['svc/web']);
    proxy.close();
    assert.equal(await send(web, report([good], world.clock.now())), '0');
  });

  test('is refused from a certificate of the mesh that is no workload, or whose subject is in another namespace', async () => {
    const nobody = running.pki.issue(`URI:${identityIn('b')}`);
    const liar = running.pki.issue(`URI:${identityIn('b')}`, '/O=a/CN=Deployment\\/app');
    for (const certificate of [nobody, liar]) {
      assert.equal(await send(certificate, report([good], world.clock.now())), '7');
    }
  });
});
