/** Methods beside ADS: who may call them, what is refused, and that a call is answered with what the method says. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { registry } from '../../base/metrics.ts';
import type { TestCertificate } from '../../../test/support/pki.ts';
import {
  createFixture,
  identityIn,
  type RunningServer,
  serveFixture,
} from '../../../test/support/xds-fixture.ts';
import { until } from '../../../test/support/xds-harness.ts';
import { xdsError } from './errors.ts';
import type { Peer } from './peer.ts';

const path = '/test.Service/Echo';
const fixture = createFixture();
let running: RunningServer;
let own: TestCertificate;
let peers: Peer[] = [];

function echo(peer: Peer, message: Buffer): Promise<Uint8Array> {
  peers.push(peer);
  if (peer.kind === 'token' && peer.token() !== 'good') {
    return Promise.reject(xdsError('WEFT-XDS-15', 'The token is not good.'));
  }
  if (message.toString() === 'fail') throw new Error('it broke');
  return Promise.resolve(Buffer.concat([Buffer.from('echo '), message]));
}

before(async () => {
  const limits = { maxMessageBytes: 10_000, unprovenMs: 300 };
  // `async` makes of what is thrown a rejection.
  const methods = new Map([[path, async (peer: Peer, message: Buffer) => echo(peer, message)]]);
  running = await serveFixture(fixture, { limits, methods });
  own = running.pki.issue(`URI:${identityIn('a')}`);
});

after(async () => {
  await running.server.close();
  running.pki.remove();
});

async function session(certificate?: TestCertificate): Promise<ClientHttp2Session> {
  const shown = certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert };
  const options = { ca: running.pki.ca, servername: 'localhost', ...shown };
  const made = connect(`https://127.0.0.1:${running.port}`, options);
  made.on('error', () => undefined);
  await once(made, 'connect');
  return made;
}

interface Answer {
  readonly status: string | undefined;
  readonly message: string;
  readonly body: string;
}

function frame(text: string, flag = 0): Buffer {
  const framed = Buffer.concat([Buffer.alloc(5), Buffer.from(text)]);
  framed[0] = flag;
  framed.writeUInt32BE(Buffer.byteLength(text), 1);
  return framed;
}

/** @param ends whether the client says that it has nothing more to send */
async function call(
  over: ClientHttp2Session,
  bytes: Buffer,
  headers: Record<string, string> = {},
  ends = true,
): Promise<Answer> {
  const stream = over.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    ...headers,
  });
  const fields: Record<string, string> = {};
  const parts: Buffer[] = [];
  const take = (more: IncomingHttpHeaders): void => {
    for (const [name, value] of Object.entries(more)) fields[name] = String(value);
  };
  stream.on('response', take);
  stream.on('trailers', take);
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('error', () => undefined);
  if (ends) stream.end(bytes);
  else stream.write(bytes);
  await new Promise((resolve) => stream.once('close', resolve));
  return {
    status: fields['grpc-status'],
    message: decodeURIComponent(fields['grpc-message'] ?? ''),
    body: Buffer.concat(parts).subarray(5).toString(),
  };
}

async function callOnce(bytes: Buffer, headers: Record<string, string> = {}, ends = true): Promise<Answer> {
  const over = await session(own);
  const answer = await call(over, bytes, headers, ends);
  over.destroy();
  return answer;
}

describe('a method beside ADS', () => {
  test('is answered, and knows by the certificate who calls: the same object in all calls of a connection', async () => {
    const over = await session(own);
    peers = [];
    assert.deepEqual(await call(over, frame('a')), { status: '0', message: '', body: 'echo a' });
    assert.deepEqual(await call(over, frame('')), { status: '0', message: '', body: 'echo ' });
    const [first, second] = peers;
    assert.ok(first?.kind === 'certificate');
    assert.equal(first.uri, identityIn('a'));
    assert.equal(first.subject, 'CN=x');
    assert.equal(first, second);
    over.destroy();
  });

  test('takes a message that comes in pieces', async () => {
    const over = await session(own);
    const stream = over.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    for (const byte of frame('pieces')) stream.write(Buffer.from([byte]));
    stream.end();
    await once(stream, 'close');
    assert.equal(Buffer.concat(parts).subarray(5).toString(), 'echo pieces');
    over.destroy();
  });

  test('proves a connection with a token, which lasts from then on', async () => {
    const over = await session();
    assert.equal((await call(over, frame('a'), { authorization: 'Bearer good' })).status, '0');
    const idle = await session();
    // As long as a connection may last by itself.
    await once(idle, 'close');
    assert.equal((await call(over, frame('b'), { authorization: 'Bearer good' })).status, '0');
    over.destroy();
  });

  test('does not prove a connection whose token it refuses', async () => {
    const over = await session();
    assert.equal((await call(over, frame('a'), { authorization: 'Bearer bad' })).status, '16');
    await once(over, 'close');
  });
});

describe('what is refused', () => {
  test('a caller who shows nothing', async () => {
    const over = await session();
    const answer = await call(over, frame('a'));
    assert.equal(answer.status, '16');
    assert.match(answer.message, /^WEFT-XDS-15: /);
    over.destroy();
  });

  for (const [what, bytes, status, message] of [
    ['a compressed message', frame('a', 1), '3', /^WEFT-XDS-06: .*compressed/],
    ['two messages', Buffer.concat([frame('a'), frame('b')]), '3', /^WEFT-XDS-06: .*more than one/],
    ['no message', Buffer.alloc(0), '3', /^WEFT-XDS-06: .*ends before/],
    ['half a message', frame('a message').subarray(0, 9), '3', /^WEFT-XDS-06: .*ends before/],
    [
      'a message and a half',
      Buffer.concat([frame('a'), Buffer.from([0])]),
      '3',
      /^WEFT-XDS-06: .*ends before/,
    ],
    ['a message beyond the limit', frame('x'.repeat(10_001)), '8', /^WEFT-XDS-07: /],
    ['what the method fails on', frame('fail'), '13', /it broke/],
  ] as const) {
    test(what, async () => {
      const answer = await callOnce(bytes);
      assert.equal(answer.status, status);
      assert.match(answer.message, message);
    });
  }

  test('a client that never comes to an end', async () => {
    const answer = await callOnce(frame('a message').subarray(0, 9), {}, false);
    assert.equal(answer.status, '8');
    assert.match(answer.message, /^WEFT-XDS-07: .*not complete/);
  });

  test('and all of it is counted by code, without disturbing anybody else on the connection', async () => {
    const over = await session(own);
    await call(over, frame('a', 1));
    assert.equal((await call(over, frame('a'))).status, '0');
    over.destroy();
    const metric = await registry.getSingleMetric('weft_xds_calls_total')?.get();
    const counted = new Map(
      metric?.values
        .filter(({ labels }) => labels['method'] === path)
        .map(({ labels, value }) => [labels['code'], value]),
    );
    assert.equal(counted.get('WEFT-XDS-06'), 6);
    assert.equal(counted.get('WEFT-XDS-07'), 2);
    assert.equal(counted.get('WEFT-XDS-13'), 1);
    assert.ok(Number(counted.get('')) >= 6);
  });

  test('a client that goes away before it is done leaves nothing behind', async () => {
    const over = await session(own);
    const before = peers.length;
    const stream = over.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    stream.on('error', () => undefined);
    stream.write(frame('a').subarray(0, 5));
    over.destroy();
    const again = await session(own);
    assert.equal((await call(again, frame('still there'))).body, 'echo still there');
    await until(() => peers.length === before + 1, 'only the second call came to the method');
    again.destroy();
  });
});
