/**
 * One gRPC stream on one HTTP/2 connection, by hand: a thousand of these must cost the machine far less than the
 * server they load. Only what that server needs: frames, flow control in both directions, pings; no header is read.
 *
 * Source: RFC 9113 (frames, flow control), RFC 7541 (the request's headers, as literals), and
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */

import type { TLSSocket } from 'node:tls';
import { FrameReader } from '../../src/xds/server/frames.ts';

const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;
const flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;
const initialWindowSetting = 4;
const headLength = 9;
/** What a receiver accepts unless it says otherwise. */
const maxFrameLength = 16_384;
const defaultWindow = 65_535;
/** As Envoy 1.40 by default. */
const ownStreamWindow = 16 * 1024 * 1024;
const ownConnectionWindow = 24 * 1024 * 1024;
const maxMessageBytes = 1 << 30;

export interface GrpcStreamOptions {
  readonly socket: TLSSocket;
  readonly authority: string;
  readonly path: string;
  readonly onMessage: (message: Buffer) => void;
  /** Called once. */
  readonly onEnd: (why: string) => void;
}

export class GrpcStream {
  readonly #options: GrpcStreamOptions;
  readonly #reader = new FrameReader(maxMessageBytes);
  #rest: Buffer = Buffer.alloc(0);
  #connectionWindow = defaultWindow;
  #streamWindow = defaultWindow;
  #peerInitialWindow = defaultWindow;
  #queue: Buffer[] = [];
  /** Received since the last window update. */
  #unacknowledged = 0;
  #ended = false;

  constructor(options: GrpcStreamOptions) {
    this.#options = options;
    const { socket, path, authority } = options;
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
    socket.once('close', () => this.end('the connection was closed'));
    socket.on('error', (error) => this.end(error.message));
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(initialWindowSetting, 0);
    settings.writeUInt32BE(ownStreamWindow, 2);
    socket.write(
      Buffer.concat([
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        frame(frameType.settings, 0, 0, settings),
        frame(frameType.windowUpdate, 0, 0, uint32(ownConnectionWindow - defaultWindow)),
        frame(frameType.headers, flag.endHeaders, 1, requestHeaders(path, authority)),
      ]),
    );
  }

  send(message: Buffer): void {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    this.#queue.push(Buffer.concat([prefix, message]));
    this.#flush();
  }

  end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue = [];
    this.#options.socket.destroy();
    this.#options.onEnd(why);
  }

  #flush(): void {
    const parts: Buffer[] = [];
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const room = Math.min(this.#connectionWindow, this.#streamWindow, maxFrameLength, next.length);
      if (room <= 0) break;
      this.#connectionWindow -= room;
      this.#streamWindow -= room;
      parts.push(frame(frameType.data, 0, 1, next.subarray(0, room)));
      if (room === next.length) this.#queue.shift();
      else this.#queue[0] = next.subarray(room);
    }
    if (parts.length > 0) this.#options.socket.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
  }

  #data(chunk: Buffer): void {
    if (this.#ended) return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headLength) {
      const length = bytes.readUIntBE(at, 3);
      if (bytes.length - at < headLength + length) break;
      const payload = bytes.subarray(at + headLength, at + headLength + length);
      this.#frame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, bytes.readUInt32BE(at + 5), payload);
      at += headLength + length;
    }
    this.#rest = bytes.subarray(at);
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case frameType.data:
        this.#received(payload);
        break;
      case frameType.settings:
        if ((flags & flag.ack) === 0) this.#settings(payload);
        break;
      case frameType.windowUpdate:
        if (stream === 0) this.#connectionWindow += payload.readUInt32BE(0);
        else this.#streamWindow += payload.readUInt32BE(0);
        this.#flush();
        break;
      case frameType.ping:
        if ((flags & flag.ack) === 0) this.#options.socket.write(frame(frameType.ping, flag.ack, 0, payload));
        break;
      case frameType.reset:
        return this.end(`the stream was reset with ${payload.readUInt32BE(0)}`);
      case frameType.goAway:
        return this.end(`the server goes away with ${payload.readUInt32BE(4)}`);
      default:
    }
    const endsStream = type === frameType.data || type === frameType.headers;
    if (endsStream && (flags & flag.endStream) !== 0)
      this.end(`the server ended the stream: ${payload.toString('latin1').replace(/[^\x20-\x7e]+/g, ' ')}`);
  }

  #received(payload: Buffer): void {
    this.#unacknowledged += payload.length;
    if (this.#unacknowledged > ownStreamWindow / 4) {
      const increment = uint32(this.#unacknowledged);
      const updates = [0, 1].map((stream) => frame(frameType.windowUpdate, 0, stream, increment));
      this.#options.socket.write(Buffer.concat(updates));
      this.#unacknowledged = 0;
    }
    for (const message of this.#reader.read(payload)) this.#options.onMessage(message);
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== initialWindowSetting) continue;
      const window = payload.readUInt32BE(at + 2);
      this.#streamWindow += window - this.#peerInitialWindow;
      this.#peerInitialWindow = window;
    }
    this.#options.socket.write(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)));
    this.#flush();
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(headLength + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, headLength);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/** Numbers of RFC 7541's static table; every value is a literal that is not indexed. */
function requestHeaders(path: string, authority: string): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from([0x83, 0x87, 0x04]),
    text(path),
    Buffer.from([0x01]),
    text(authority),
    Buffer.from([0x0f, 0x10]),
    text('application/grpc'),
    Buffer.from([0x00]),
    text('te'),
    text('trailers'),
  ]);
}
