/** How the server lives: pings, new certificates, connections that are dead, and its end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createTestAuthority, type TestCertificate } from '../../../test/support/pki.ts';
import { DeltaClient } from '../../../test/support/xds-client.ts';
import {
  createFixture,
  identityIn,
  type RunningServer,
  serveFixture,
  serverNames,
} from '../../../test/support/xds-fixture.ts';
import { until } from '../../../test/support/xds-harness.ts';
import { edsCluster, endpoints } from '../../../test/support/xds-resources.ts';
import { createLogger } from '../../base/log.ts';
import * as metrics from './metrics.ts';

const fixture = createFixture();
let running: RunningServer;
let own: TestCertificate;

before(async () => {
  fixture.lists.set('a/Deployment/app', { clusters: ['svc/web'], listeners: [] });
  edsCluster(fixture, 'svc/web');
  endpoints(fixture, 'svc/web', ['10.0.0.1:80']);
  await fixture.graph.settled();
  running = await serveFixture(fixture);
  own = running.pki.issue(`URI:${identityIn('a')}`);
});

after(async () => {
  await running.server.close();
  running.pki.remove();
});

function client(options: Partial<ConstructorParameters<typeof DeltaClient>[0]> = {}): DeltaClient {
  return new DeltaClient({
    port: running.port,
    ca: running.pki.ca,
    certificate: own,
    id: 'a/p/1',
    ...options,
  });
}

function tlsClient(port: number, credentials: TestCertificate): TLSSocket {
  const options = {
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: running.pki.ca,
    ALPNProtocols: ['h2'],
  };
  return connectTls({ ...options, ...credentials });
}

async function rawSession(): Promise<ClientHttp2Session> {
  const { key, cert } = own;
  const options = { ca: running.pki.ca, servername: 'localhost', key, cert };
  const session = connect(`https://127.0.0.1:${running.port}`, options);
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

/** PING frames that are not answers (RFC 9113, section 6.7). */
function pingsIn(received: Buffer): number {
  let count = 0;
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    if (received[at + 3] === 6 && received[at + 4] === 0) count += 1;
  }
  return count;
}

describe('the server', () => {
  test('answers pings, as often as they come', async () => {
    const session = await rawSession();
    for (let count = 0; count < 50; count++) {
      await new Promise<void>((resolve, reject) => {
        session.ping((error) => (error === null ? resolve() : reject(error)));
      });
    }
    session.destroy();
  });

  test('presents a new certificate and trusts a new authority without a restart', async () => {
    const next = createTestAuthority();
    const established = client();
    established.subscribeAll();
    await established.next('cluster');
    const { key, cert } = next.issue(serverNames);
    running.server.updateTls({ key, cert, ca: next.ca + running.pki.ca });
    const proxy = client({ ca: next.ca, certificate: next.issue(`URI:${identityIn('a')}`), id: 'a/next/1' });
    proxy.subscribeAll();
    assert.deepEqual((await proxy.next('cluster')).names, ['svc/web']);
    edsCluster(fixture, 'svc/web', '8s');
    assert.deepEqual((await established.next('cluster')).names, ['svc/web'], 'open streams go on');
    for (const one of [proxy, established]) one.close();
    await until(() => running.server.proxies().length === 0, 'it has left');
    const first = running.pki.issue(serverNames);
    running.server.updateTls({ key: first.key, cert: first.cert, ca: running.pki.ca });
    next.remove();
  });

  test('closes a connection that does not answer its pings', async () => {
    const impatient = await serveFixture(fixture, { pki: running.pki, limits: { pingMs: 100 } });
    const socket = tlsClient(impatient.port, own);
    await once(socket, 'secureConnect');
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    socket.resume();
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    await impatient.server.close();
  });

  test('keeps a connection that answers no ping but goes on talking', async () => {
    const impatient = await serveFixture(fixture, { pki: running.pki, limits: { pingMs: 600 } });
    const socket = tlsClient(impatient.port, own);
    await once(socket, 'secureConnect');
    socket.on('error', () => undefined);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
    const ping = Buffer.concat([Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]), Buffer.alloc(8)]);
    const talking = setInterval(() => socket.write(ping), 10);
    await until(() => pingsIn(received) > 2 || socket.destroyed, 'several pings are unanswered');
    clearInterval(talking);
    assert.equal(socket.destroyed, false);
    await new Promise((resolve) => socket.once('close', resolve));
    await impatient.server.close();
  });

  test('counts each handshake that it refuses, and logs the same refusal once a minute', async () => {
    let text = '';
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const { server, port } = await serveFixture(fixture, {
      pki: running.pki,
      log: createLogger('warn', sink),
    });
    const counted = async (): Promise<number> =>
      (await metrics.refusedStreams.get()).values.find(({ labels }) => labels.code === 'WEFT-XDS-14')
        ?.value ?? 0;
    const before = await counted();
    for (let count = 0; count < 5; count++) {
      const stranger = connectPlain(port, '127.0.0.1', () => stranger.write('no handshake of TLS'));
      await once(stranger, 'close');
    }
    assert.equal(await counted(), before + 5);
    assert.equal(text.match(/a stream was refused/g)?.length, 1, text);
    const lost = connectPlain(port, '127.0.0.1', () => lost.write('GET / HTTP/1.1\r\n\r\n'));
    await once(lost, 'close');
    await until(() => text.match(/a stream was refused/g)?.length === 2, 'another reason is another line');
    await server.close();
  });

  test('says that it goes, ends the streams, and lets nobody in any more', async () => {
    const going = await serveFixture(fixture, { pki: running.pki, limits: { drainMs: 20 } });
    const proxies = ['p1', 'p2', 'p3'].map((pod) => client({ port: going.port, id: `a/${pod}/1` }));
    for (const proxy of proxies) proxy.subscribeAll();
    for (const proxy of proxies) await proxy.next('cluster');
    const session = connect(`https://127.0.0.1:${going.port}`, {
      ...own,
      ca: running.pki.ca,
      servername: 'localhost',
    });
    await once(session, 'connect');
    const goaway = once(session, 'goaway');
    const closed = going.server.close();
    assert.equal((await goaway)[0], constants.NGHTTP2_NO_ERROR);
    for (const proxy of proxies) {
      const status = await proxy.status;
      assert.equal(status.code, 14);
      proxy.close();
    }
    await closed;
    assert.deepEqual(going.server.proxies(), []);
    await assert.rejects(once(connectTls({ port: going.port, host: '127.0.0.1' }), 'secureConnect'), {
      code: 'ECONNREFUSED',
    });
  });
});
