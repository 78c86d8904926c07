/** Calls in which the client sends on and on: what arrives, in which order, and how they end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import {
  createFixture,
  identityIn,
  type RunningServer,
  serveFixture,
} from '../../../test/support/xds-fixture.ts';
import { until } from '../../../test/support/xds-harness.ts';
import { xdsError } from './errors.ts';
import type { Peer } from './peer.ts';

const path = '/test.Service/Listen';
const fixture = createFixture();
let running: RunningServer;
let session: ClientHttp2Session;
let heard: string[] = [];
let closed = 0;
let hold: Promise<void> | undefined;

const listen = (peer: Peer) => ({
  take: async (message: Buffer) => {
    await hold;
    if (message.toString() === 'bad') throw xdsError('WEFT-XDS-15', 'It is not yours.');
    heard.push(`${peer.kind} ${message.toString()}`);
  },
  closed: () => {
    closed += 1;
  },
});

before(async () => {
  running = await serveFixture(fixture, { streams: new Map([[path, listen]]) });
  const own = running.pki.issue(`URI:${identityIn('a')}`);
  session = connect(`https://127.0.0.1:${running.port}`, {
    ca: running.pki.ca,
    servername: 'localhost',
    key: own.key,
    cert: own.cert,
  });
  session.on('error', () => undefined);
  await once(session, 'connect');
});

after(async () => {
  session.destroy();
  await running.server.close();
  running.pki.remove();
});

function begin(): { readonly stream: ClientHttp2Stream; readonly status: Promise<string> } {
  heard = [];
  closed = 0;
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
  stream.on('error', () => undefined);
  stream.resume();
  const status = new Promise<string>((resolve) => {
    stream.on('trailers', (fields) => resolve(String(fields['grpc-status'])));
  });
  return { stream, status };
}

function frame(text: string): Buffer {
  const framed = Buffer.concat([Buffer.alloc(5), Buffer.from(text)]);
  framed.writeUInt32BE(Buffer.byteLength(text), 1);
  return framed;
}

describe('a call in which the client sends on and on', () => {
  test('hands over messages in order and one at a time, however they were cut', async () => {
    const { stream, status } = begin();
    const { promise, resolve } = Promise.withResolvers<void>();
    hold = promise;
    const bytes = Buffer.concat([frame('one'), frame('two'), frame('three')]);
    stream.write(bytes.subarray(0, 7));
    stream.write(bytes.subarray(7));
    resolve();
    await until(() => heard.length === 3, 'three messages');
    assert.deepEqual(heard, ['certificate one', 'certificate two', 'certificate three']);
    assert.equal(closed, 0);
    stream.end();
    assert.equal(await status, '0');
    assert.equal(closed, 1);
  });

  test('ends with the status of what refuses a message, and hears nothing more', async () => {
    const { stream, status } = begin();
    stream.write(Buffer.concat([frame('good'), frame('bad'), frame('never')]));
    assert.notEqual(await status, '0');
    assert.deepEqual(heard, ['certificate good']);
    assert.equal(closed, 1);
  });

  test('is over when its client is gone without a word', async () => {
    const { stream } = begin();
    stream.write(frame('hello'));
    await until(() => heard.length === 1, 'a message');
    stream.destroy();
    await until(() => closed === 1, 'the end');
  });

  test('that ends within a message is refused', async () => {
    const { stream, status } = begin();
    stream.end(frame('whole').subarray(0, 7));
    assert.notEqual(await status, '0');
    assert.deepEqual(heard, []);
  });
});
