/** WebSocket by RFC 6455, without extensions: handshake, masking, fragments, ping and close. Text messages only. */

import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { splitAddress } from './running.ts';

const opcode = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;
const messageLimitBytes = 64 * 1024;
/** Section 1.3. */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Section 5.2. Clients must mask, servers must not. */
export function encodeFrame(code: number, payload: Buffer, masked: boolean): Buffer {
  const extended = payload.length < 126 ? 0 : 2;
  const head = Buffer.alloc(2 + extended);
  head[0] = 0x80 | code;
  head[1] = (masked ? 0x80 : 0) | (extended === 0 ? payload.length : 126);
  if (extended > 0) head.writeUInt16BE(payload.length, 2);
  if (!masked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, applyMask(payload, mask)]);
}

function applyMask(payload: Buffer, mask: Buffer): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
}

/** The first whole frame and how many bytes it took, or undefined while there are too few. */
export function decodeFrame(bytes: Buffer): { readonly frame: Frame; readonly size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  // Messages are small here; the 64-bit form (127) only ever means a peer with something else in mind.
  if (short === 127) throw new Error(`a frame of more than ${messageLimitBytes} bytes`);
  if (short === 126 && bytes.length < 4) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const masked = (second & 0x80) !== 0;
  const maskAt = short === 126 ? 4 : 2;
  const start = maskAt + (masked ? 4 : 0);
  if (bytes.length < start + length) return undefined;
  const raw = bytes.subarray(start, start + length);
  const payload = masked ? applyMask(raw, bytes.subarray(maskAt, start)) : Buffer.from(raw);
  return { frame: { final: (first & 0x80) !== 0, opcode: first & 0x0f, payload }, size: start + length };
}

/** One end of an open WebSocket. */
export class WebSocketConnection {
  readonly #socket: Socket;
  readonly #masking: boolean;
  readonly #onText: (text: string) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #fragments: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, options: { masking: boolean; onText: (text: string) => void; head: Buffer }) {
    this.#socket = socket;
    this.#masking = options.masking;
    this.#onText = options.onText;
    // Back to where it came from, so that it is read like the rest, once whoever asked has this object in hand.
    if (options.head.length > 0) socket.unshift(options.head);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
  }

  get open(): boolean {
    return this.#socket.writable;
  }

  send(text: string): void {
    if (this.open) this.#socket.write(encodeFrame(opcode.text, Buffer.from(text), this.#masking));
  }

  /** Says goodbye with a code of section 7.4.1; 1000 is a normal end, 1001 a server that goes away. */
  close(code: number): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    if (this.open) this.#socket.end(encodeFrame(opcode.close, payload, this.#masking));
  }

  onClosed(action: () => void): void {
    this.#socket.once('close', action);
  }

  #receive(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    try {
      for (;;) {
        const found = decodeFrame(this.#bytes);
        if (found === undefined) return;
        this.#bytes = this.#bytes.subarray(found.size);
        this.#handle(found.frame);
      }
    } catch {
      // 1009: a message too big to process.
      this.close(1009);
    }
  }

  #handle(frame: Frame): void {
    if (frame.opcode === opcode.close) return this.close(1000);
    if (frame.opcode === opcode.ping) {
      this.#socket.write(encodeFrame(opcode.pong, frame.payload, this.#masking));
      return;
    }
    if (frame.opcode !== opcode.text && frame.opcode !== opcode.continuation) return;
    this.#fragments = Buffer.concat([this.#fragments, frame.payload]);
    if (this.#fragments.length > messageLimitBytes) throw new Error('too long');
    if (!frame.final) return;
    const text = this.#fragments.toString('utf8');
    this.#fragments = Buffer.alloc(0);
    this.#onText(text);
  }
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${handshakeGuid}`).digest('base64');
}

/** The server's half of the handshake; answers 400 and undefined where the request is none. */
export function acceptWebSocket(
  incoming: IncomingMessage,
  socket: Socket,
  head: Buffer,
  onText: (text: string, connection: WebSocketConnection) => void,
): WebSocketConnection | undefined {
  const key = incoming.headers['sec-websocket-key'];
  if (key === undefined || incoming.headers['sec-websocket-version'] !== '13') {
    socket.end('HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n');
    return undefined;
  }
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
  );
  const connection: WebSocketConnection = new WebSocketConnection(socket, {
    masking: false,
    onText: (text) => onText(text, connection),
    head,
  });
  return connection;
}

/** The client's half. */
export function openWebSocket(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  onText: (text: string) => void,
): Promise<WebSocketConnection> {
  const key = randomBytes(16).toString('base64');
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...splitAddress(address),
      path,
      agent: false,
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': key,
        'sec-websocket-version': '13',
      },
    });
    outgoing.on('upgrade', (response, socket, head) => {
      if (response.headers['sec-websocket-accept'] === acceptOf(key)) {
        return resolve(new WebSocketConnection(socket, { masking: true, onText, head }));
      }
      socket.destroy();
      reject(new Error('the server did not prove that it speaks WebSocket'));
    });
    outgoing.on('response', (response) => {
      response.resume();
      reject(new Error(`the server answered ${response.statusCode} instead of an upgrade`));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
