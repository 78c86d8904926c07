import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { listen } from './running.ts';
import { acceptWebSocket, decodeFrame, encodeFrame, openWebSocket } from './websocket.ts';

let server: Server;
let address = '';

before(async () => {
  server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) => {
    acceptWebSocket(request, socket as Socket, head, (text, connection) => connection.send(`heard ${text}`));
  });
  address = `127.0.0.1:${await listen(server, 0)}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

for (const length of [0, 1, 125, 126, 300, 60_000]) {
  test(`a message of ${length} bytes comes back`, async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const connection = await openWebSocket(address, '/', {}, resolve);
    connection.send('x'.repeat(length));
    assert.equal(await promise, `heard ${'x'.repeat(length)}`);
    connection.close(1000);
  });
}

test('both ends of a connection learn that it was closed', async () => {
  const connection = await openWebSocket(address, '/', {}, () => {});
  const closed = new Promise<void>((resolve) => connection.onClosed(resolve));
  connection.close(1000);
  await closed;
  assert.equal(connection.open, false);
});

test('a server that does not upgrade is an error', async () => {
  const plain = createServer((_request, response) => response.writeHead(200).end());
  const port = await listen(plain, 0);
  await assert.rejects(
    openWebSocket(`127.0.0.1:${port}`, '/', {}, () => {}),
    /answered 200/,
  );
  plain.close();
});

test('an upgrade without a key is answered 400', async () => {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 /);
});

test('a frame that has not arrived whole is waited for', () => {
  const whole = encodeFrame(1, Buffer.from('hello'), true);
  for (let size = 0; size < whole.length; size++)
    assert.equal(decodeFrame(whole.subarray(0, size)), undefined);
  assert.equal(decodeFrame(whole)?.frame.payload.toString(), 'hello');
  assert.equal(decodeFrame(whole)?.size, whole.length);
});

test('the frame of the example in RFC 6455 section 5.7 is read', () => {
  const masked = Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
  assert.equal(decodeFrame(masked)?.frame.payload.toString(), 'Hello');
  const first = decodeFrame(Buffer.from([0x01, 0x03, 0x48, 0x65, 0x6c]))?.frame;
  assert.deepEqual([first?.final, first?.payload.toString()], [false, 'Hel']);
});

test('fragments become one message, and a ping between them is answered', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const unfinished = encodeFrame(1, Buffer.from('Hel'), true);
  unfinished[0] = 0x01;
  const last = encodeFrame(0, Buffer.from('lo'), true);
  socket.write(Buffer.concat([unfinished, encodeFrame(9, Buffer.from('p'), true), last]));
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.includes('heard')) resolve(received.toString('latin1'));
  });
  const text = await promise;
  // The accept value for this key is the one of section 1.3.
  assert.match(text, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  assert.ok(text.includes('\x8a\x01p'), 'no pong');
  assert.ok(text.endsWith('heard Hello'));
  socket.destroy();
});
