/**
 * One ADS stream on HTTP/2: gRPC's framing in, responses out in order, and the state before the proxy is known.
 *
 *   opened ── first message ──> identifying ── identify() ──> serving ── end, error, close ──> closed
 *                                   │ refused: trailers with the code
 */

import { constants, type ServerHttp2Stream } from 'node:http2';
import { setImmediate } from 'node:timers';
import { describeError, WeftError } from '../../base/errors.ts';
import type { Batch } from './batch.ts';
import { grpcStatus, xdsError } from './errors.ts';
import { FrameReader } from './frames.ts';
import type { Outlet } from './hub.ts';
import { type DeltaRequest, decodeRequest, type ProxyNode } from './wire.ts';

export interface StreamOwner {
  readonly maxMessageBytes: number;
  /** Resolves with what takes the requests of the proxy from now on; rejects where it is not to be served. */
  identify(stream: AdsStream, node: ProxyNode): Promise<(request: DeltaRequest) => void>;
  /** Called once, whatever the stream ended by. */
  closed(stream: AdsStream, error: unknown): void;
}

export class AdsStream implements Outlet {
  readonly #stream: ServerHttp2Stream;
  readonly #owner: StreamOwner;
  readonly #reader: FrameReader;
  /** Requests that came before the proxy was known. */
  #early: DeltaRequest[] = [];
  #receive: ((request: DeltaRequest) => void) | undefined;
  #identifying = false;
  #closed = false;
  readonly #queue: Generator<Buffer, void, void>[] = [];
  /** One piece after the other: TLS keeps as much memory as was ever written at once. */
  #writing = false;

  constructor(stream: ServerHttp2Stream, owner: StreamOwner) {
    this.#stream = stream;
    this.#owner = owner;
    this.#reader = new FrameReader(owner.maxMessageBytes);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => this.#sendTrailers());
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.on('end', () => this.end(undefined));
    stream.on('error', (error) => this.#finish(error));
    stream.on('close', () => this.#finish(undefined));
  }

  /** Whether a message has come in part. */
  get isReading(): boolean {
    return this.#reader.pendingBytes > 0;
  }

  /** Queues a response; it is written as fast as the proxy reads. */
  send(batch: Batch): void {
    this.#queue.push(batch.pieces());
    if (!this.#writing) this.#write();
  }

  /** That have come whole. */
  messages = 0;
  #trailers = trailers(undefined);

  /** Ends the stream with the status of the error, or with OK. */
  end(error: unknown): void {
    if (this.#closed) return;
    this.#trailers = trailers(error);
    // What is queued behind a proxy that does not read would keep the trailers back for ever.
    this.#queue.length = 0;
    this.#stream.end();
    this.#finish(error);
  }

  #sendTrailers(): void {
    if (this.#stream.destroyed) return;
    this.#stream.sendTrailers(this.#trailers);
    // The client has not ended its side, so half of the stream would stay open. In the same turn the reset
    // would overtake the trailers.
    setImmediate(() => this.#stream.close(constants.NGHTTP2_NO_ERROR));
  }

  #finish(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#early = [];
    this.#receive = undefined;
    this.#owner.closed(this, error);
  }

  #data(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      for (const message of this.#reader.read(chunk)) {
        this.messages++;
        this.#request(decodeRequest(message));
      }
    } catch (error) {
      this.end(error);
    }
  }

  #request(request: DeltaRequest): void {
    if (this.#closed) return;
    if (this.#receive !== undefined) return this.#receive(request);
    this.#early.push(request);
    if (this.#identifying) return;
    if (request.node === undefined) throw xdsError('WEFT-XDS-06', 'The first message names no node.');
    this.#identifying = true;
    // Until it is known who asks, no more is read than HTTP/2's window lets through.
    this.#stream.pause();
    this.#identify(request.node).catch((error: unknown) => this.end(error));
  }

  async #identify(node: ProxyNode): Promise<void> {
    const receive = await this.#owner.identify(this, node);
    if (this.#closed) return;
    this.#receive = receive;
    const early = this.#early;
    this.#early = [];
    for (const request of early) receive(request);
    this.#stream.resume();
  }

  #write(): void {
    this.#writing = false;
    for (let pieces = this.#queue[0]; pieces !== undefined; pieces = this.#queue[0]) {
      const next = pieces.next();
      if (next.done === true) this.#queue.shift();
      else {
        this.#writing = true;
        // After an error it is not known who still reads the piece, and the stream ends anyway.
        this.#stream.write(next.value, (error) => (error == null ? this.#write() : undefined));
        return;
      }
    }
  }
}

/** Source: PROTOCOL-HTTP2.md, Trailers: the message is UTF-8, percent-encoded outside of printable ASCII. */
export function trailers(error: unknown): Record<string, string> {
  if (error === undefined) return { 'grpc-status': '0' };
  const text = error instanceof WeftError ? error.describe() : describeError(error);
  const message = text
    .slice(0, 1000)
    .replace(/[^ -$&-~]+/g, (part) => encodeURIComponent(part.toWellFormed()));
  return { 'grpc-status': String(grpcStatus(error)), 'grpc-message': message };
}
