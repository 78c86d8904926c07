/** The network side: who is let in, what is refused and how. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createTestAuthority, type TestCertificate } from '../../../test/support/pki.ts';
import { DeltaClient, deltaMethod } from '../../../test/support/xds-client.ts';
import {
  createFixture,
  identityIn,
  type RunningServer,
  serveFixture,
} from '../../../test/support/xds-fixture.ts';
import { until } from '../../../test/support/xds-harness.ts';
import { edsCluster, endpoints } from '../../../test/support/xds-resources.ts';

const fixture = createFixture();
let running: RunningServer;
let own: TestCertificate;

before(async () => {
  fixture.lists.set('a/Deployment/app', { clusters: ['svc/web'], listeners: [] });
  edsCluster(fixture, 'svc/web');
  endpoints(fixture, 'svc/web', ['10.0.0.1:80']);
  await fixture.graph.settled();
  running = await serveFixture(fixture, {
    limits: { maxMessageBytes: 10_000, maxNames: 100, unprovenMs: 300 },
  });
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

interface Shown {
  readonly key?: string;
  readonly cert?: string;
  readonly session?: Buffer;
}

function tlsClient(port: number, credentials: Shown): TLSSocket {
  const options = {
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: running.pki.ca,
    ALPNProtocols: ['h2'],
  };
  return connectTls({ ...options, ...credentials });
}

/** Resolves when the server has closed the connection, with all that it said before. */
async function turnedAway(credentials: Shown): Promise<Buffer> {
  const socket = tlsClient(running.port, credentials);
  const said: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => said.push(chunk));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(said);
}

/** A connection without a gRPC library, to send what no library would. */
async function rawSession(): Promise<ClientHttp2Session> {
  const { key, cert } = own;
  const options = { ca: running.pki.ca, servername: 'localhost', key, cert };
  const session = connect(`https://127.0.0.1:${running.port}`, options);
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

interface RawAnswer {
  readonly status: number;
  readonly grpcStatus: string | undefined;
  readonly message: string;
}

async function rawCall(bytes: Buffer, headers: Record<string, string> = {}): Promise<RawAnswer> {
  const session = await rawSession();
  const stream = session.request({
    ':method': 'POST',
    ':path': deltaMethod,
    'content-type': 'application/grpc',
    ...headers,
  });
  const answer: Record<string, string | number | string[] | undefined> = {};
  stream.on('response', (fields) => Object.assign(answer, fields));
  stream.on('trailers', (fields) => Object.assign(answer, fields));
  stream.on('error', () => undefined);
  stream.resume();
  stream.write(bytes);
  await new Promise((resolve) => stream.once('close', resolve));
  session.destroy();
  const { ':status': status, 'grpc-status': grpcStatus, 'grpc-message': message = '' } = answer;
  return {
    status: Number(status),
    grpcStatus: grpcStatus?.toString(),
    message: decodeURIComponent(String(message)),
  };
}

function frame(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

describe('who is let in', () => {
  test('a proxy with the certificate of its own pod', async () => {
    const proxy = client();
    proxy.subscribeAll();
    assert.deepEqual((await proxy.next('cluster')).names, ['svc/web']);
    const [status] = running.server.proxies();
    assert.deepEqual(
      [status?.proxy, status?.identity, status?.workload],
      ['a/p', identityIn('a'), 'a/Deployment/app'],
    );
    proxy.close();
    await until(() => running.server.proxies().length === 0, 'it has left');
  });

  for (const token of [undefined, 'not a token']) {
    test(`nobody without a certificate who shows ${token ?? 'nothing'} in its place`, async () => {
      const proxy = client({ certificate: undefined, ...(token === undefined ? {} : { token }) });
      proxy.subscribeAll();
      const status = await proxy.status;
      assert.equal(status.code, 16);
      assert.match(status.details, /^WEFT-XDS-15: /);
      proxy.close();
    });
  }

  test('nobody without a certificate whose token is that of another', async () => {
    const proxy = client({ certificate: undefined, token: 'b' });
    proxy.subscribeAll();
    const status = await proxy.status;
    assert.equal(status.code, 7);
    assert.match(status.details, /^WEFT-XDS-20: /);
    proxy.close();
  });

  test('a proxy with its token alone, whose connection lasts once it is let in', async () => {
    const proxy = client({ certificate: undefined, token: 'a' });
    proxy.subscribeAll();
    assert.deepEqual((await proxy.next('cluster')).names, ['svc/web']);
    // Longer than a connection without a certificate may last by itself, which the next test shows.
    await turnedAway({});
    assert.ok(running.server.proxy('a/p') !== undefined);
    proxy.close();
    await until(() => running.server.proxies().length === 0, 'it has left');
  });

  test('nobody for long who never says who it is', async () => {
    await turnedAway({});
  });

  test('nobody with a certificate of another authority', async () => {
    const other = createTestAuthority();
    const certificate = other.issue(`URI:${identityIn('a')}`);
    assert.equal((await turnedAway(certificate)).length, 0);
    const proxy = client({ certificate });
    proxy.subscribeAll();
    assert.equal((await proxy.status).code, 14);
    assert.equal(proxy.received.length, 0);
    proxy.close();
    other.remove();
  });

  test('nobody later by a session in which such a certificate was shown: there is nothing to resume', async () => {
    const other = createTestAuthority();
    const socket = tlsClient(running.port, other.issue(`URI:${identityIn('a')}`));
    socket.on('error', () => undefined);
    const tickets: Buffer[] = [];
    socket.on('session', (ticket) => tickets.push(ticket));
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    other.remove();
    assert.deepEqual(tickets, []);
  });

  test('a proxy anew at each connection: no session is resumed', async () => {
    const once = async (session?: Buffer): Promise<readonly [boolean, Buffer | undefined]> => {
      const socket = tlsClient(running.port, { key: own.key, cert: own.cert, ...(session && { session }) });
      let given: Buffer | undefined;
      socket.on('session', (next) => {
        given = next;
      });
      // The server's settings come behind all that belongs to the handshake.
      await new Promise((resolve) => socket.once('data', resolve));
      const reused = socket.isSessionReused();
      socket.destroy();
      return [reused, given];
    };
    const [, session] = await once();
    const [reused] = await once(session);
    assert.equal(reused, false);
  });

  for (const [what, names] of [
    ['no URI', 'DNS:localhost'],
    ['two URIs', `URI:${identityIn('a')},URI:${identityIn('b')}`],
    ['a URI of another scheme', 'URI:https://cluster.local/ns/a/sa/default'],
  ] as const) {
    test(`nobody whose certificate has ${what}`, async () => {
      const proxy = client({ certificate: running.pki.issue(names) });
      proxy.subscribeAll();
      const status = await proxy.status;
      assert.equal(status.code, 16);
      assert.match(status.details, /^WEFT-XDS-01: /);
      proxy.close();
    });
  }

  test('nobody who speaks for the pod of another workload', async () => {
    const proxy = client({ id: 'b/q/1' });
    proxy.subscribeAll();
    const status = await proxy.status;
    assert.equal(status.code, 7);
    assert.match(status.details, /^WEFT-XDS-20: spiffe:/);
    assert.equal(proxy.received.length, 0);
    proxy.close();
  });

  test('nobody who speaks for a pod that does not exist', async () => {
    const proxy = client({ id: 'a/unknown/1' });
    proxy.subscribeAll();
    const status = await proxy.status;
    assert.equal(status.code, 7);
    assert.match(status.details, /^WEFT-XDS-20: There is no pod/);
    proxy.close();
  });

  test('the newer of two streams of one pod', async () => {
    const older = client();
    older.subscribeAll();
    await older.next('cluster');
    const newer = client();
    newer.subscribeAll();
    await newer.next('cluster');
    const status = await older.status;
    assert.equal(status.code, 10);
    assert.match(status.details, /^WEFT-XDS-12: /);
    assert.equal(running.server.proxies().length, 1);
    older.close();
    newer.close();
    await until(() => running.server.proxies().length === 0, 'it has left');
  });
});

describe('what is refused', () => {
  const methods = [
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
    '/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters',
  ];
  for (const method of methods) {
    test(`the method ${method}`, async () => {
      const proxy = client({ method });
      proxy.subscribeAll();
      const status = await proxy.status;
      assert.equal(status.code, 12);
      assert.match(status.details, /^WEFT-XDS-04: /);
      proxy.close();
    });
  }

  test('a type that is not served', async () => {
    const proxy = client();
    proxy.request('cluster', { typeUrl: 'type.googleapis.com/envoy.service.runtime.v3.Runtime' });
    const status = await proxy.status;
    assert.equal(status.code, 3);
    assert.match(status.details, /^WEFT-XDS-05: .*Runtime/);
    proxy.close();
  });

  test('a first message that names no node', async () => {
    const answer = await rawCall(frame(Buffer.from([0x12, 1, 0x61])));
    assert.deepEqual([answer.status, answer.grpcStatus], [200, '3']);
    assert.match(answer.message, /^WEFT-XDS-06: /);
  });

  test('bytes that are no message', async () => {
    const answer = await rawCall(frame(Buffer.from([0xff, 0xff, 0xff, 0x7f, 1, 2, 3])));
    assert.equal(answer.grpcStatus, '3');
    assert.match(answer.message, /^WEFT-XDS-06: /);
  });

  test('a compressed message', async () => {
    const answer = await rawCall(frame(Buffer.from([0]), 1));
    assert.equal(answer.grpcStatus, '3');
    assert.match(answer.message, /^WEFT-XDS-06: .*compressed/);
  });

  test('a message that is announced as longer than the limit, before it has come', async () => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(10_001, 1);
    const answer = await rawCall(prefix);
    assert.equal(answer.grpcStatus, '8');
    assert.match(answer.message, /^WEFT-XDS-07: /);
  });

  test('more names than the limit', async () => {
    const proxy = client();
    proxy.subscribe('endpoints', ...Array.from({ length: 60 }, (_, index) => `x${index}`));
    proxy.subscribe('endpoints', ...Array.from({ length: 60 }, (_, index) => `y${index}`));
    const status = await proxy.status;
    assert.equal(status.code, 8);
    assert.match(status.details, /^WEFT-XDS-07: /);
    proxy.close();
  });

  test('HTTP that is not gRPC', async () => {
    const answer = await rawCall(Buffer.from('{}'), { 'content-type': 'application/json' });
    assert.deepEqual([answer.status, answer.grpcStatus], [415, undefined]);
  });

  test('and none of it disturbs the others', async () => {
    const proxy = client();
    proxy.subscribeAll();
    await proxy.next('cluster');
    await rawCall(Buffer.from('garbage that is not even framed'));
    edsCluster(fixture, 'svc/web', '7s');
    assert.deepEqual((await proxy.next('cluster')).names, ['svc/web']);
    proxy.close();
    await until(() => running.server.proxies().length === 0, 'it has left');
  });
});
