/** As much of RFC 6455 as an echo needs: the handshake, and unfragmented text frames under 64 KiB. */

import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function acceptKey(key: string): string {
  return createHash('sha1')
    .update(key + guid)
    .digest('base64');
}

function frame(text: string, mask?: Buffer): Buffer {
  const payload = Buffer.from(text);
  const masked = mask === undefined ? 0 : 0x80;
  const head =
    payload.length < 126
      ? Buffer.from([0x81, masked | payload.length])
      : Buffer.from([0x81, masked | 126, payload.length >> 8, payload.length & 0xff]);
  if (mask === undefined) return Buffer.concat([head, payload]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** The first whole text frame, or undefined while more bytes are needed. */
function parse(buffer: Buffer): string | undefined {
  if (buffer.length < 2) return undefined;
  const second = buffer[1] ?? 0;
  const long = (second & 0x7f) === 126;
  const length = long ? buffer.readUInt16BE(2) : second & 0x7f;
  const maskAt = long ? 4 : 2;
  const masked = (second & 0x80) !== 0;
  const start = maskAt + (masked ? 4 : 0);
  if (buffer.length < start + length) return undefined;
  const payload = Buffer.from(buffer.subarray(start, start + length));
  if (masked)
    for (let index = 0; index < length; index++)
      payload[index] = (payload[index] ?? 0) ^ (buffer[maskAt + (index % 4)] ?? 0);
  return payload.toString('utf8');
}

export function acceptWebSocket(
  request: IncomingMessage,
  socket: Socket,
  reply: (text: string) => string,
): void {
  const key = request.headers['sec-websocket-key'] ?? '';
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
  );
  socket.on('data', (chunk) => {
    const text = parse(chunk);
    if (text !== undefined) socket.write(frame(reply(text)));
  });
}

/** Sends one text over a new WebSocket and resolves with the text that comes back. */
export function exchangeText(url: string, text: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const key = randomBytes(16).toString('base64');
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': key,
      'sec-websocket-version': '13',
    };
    const outgoing = httpRequest(url, { headers, timeout: timeoutMs });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error('the WebSocket handshake timed out')));
    outgoing.on('response', (response) => reject(new Error(`no upgrade: status ${response.statusCode}`)));
    outgoing.on('upgrade', (response, socket) => {
      if (response.headers['sec-websocket-accept'] !== acceptKey(key))
        return reject(new Error('wrong Sec-WebSocket-Accept'));
      const chunks: Buffer[] = [];
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        const answer = parse(Buffer.concat(chunks));
        if (answer === undefined) return;
        socket.destroy();
        resolve(answer);
      });
      socket.write(frame(text, randomBytes(4)));
    });
    outgoing.end();
  });
}
