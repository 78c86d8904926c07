/**
 * A gRPC call in which the client sends messages for as long as it likes and is answered nothing but a status, for
 * methods served beside ADS (gRPC over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 *
 *   open ── message ──> taking it (nothing more is read meanwhile) ── done ──> open
 *    │ the client ends, or is gone      │ refused: status
 *    └──────────────> closed <──────────┘
 */

import { constants, type ServerHttp2Stream } from 'node:http2';
import { setImmediate } from 'node:timers';
import { xdsError } from './errors.ts';
import { FrameReader } from './frames.ts';
import type { Peer } from './peer.ts';
import { trailers } from './stream.ts';

/** What takes the messages of one call. */
export interface MessageSink {
  /** The next message is read when this has resolved. Rejects with a WeftError, which ends the call with its status. */
  take(message: Buffer): Promise<void>;
  /** Called once, when nothing more comes. */
  closed(): void;
}

/** Begins a call. A token is not proven: that is for the method to do before it believes a word. */
export type StreamMethod = (peer: Peer) => MessageSink;

export interface ClientStreamCall {
  readonly maxMessageBytes: number;
  readonly sink: MessageSink;
  /** Called once the first message was taken: whoever sent it was believed. */
  readonly believed: () => void;
  /** Called once, with what the call failed by; undefined where the client ended it. */
  readonly ended: (error: unknown) => void;
}

export function serveClientStream(stream: ServerHttp2Stream, call: ClientStreamCall): void {
  const reader = new FrameReader(call.maxMessageBytes);
  let over = false;
  let taken = false;
  const end = (error: unknown): void => {
    if (over) return;
    over = true;
    call.sink.closed();
    call.ended(error);
    if (stream.destroyed) return;
    status = trailers(error);
    stream.end();
  };
  let status = trailers(undefined);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    if (stream.destroyed) return;
    stream.sendTrailers(status);
    // What the client still sends is not waited for. In the same turn the reset would overtake the trailers.
    setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  });
  const takeAll = async (chunk: Buffer): Promise<void> => {
    for (const message of reader.read(chunk)) {
      if (over) return;
      await call.sink.take(message);
      if (!taken) call.believed();
      taken = true;
    }
  };
  stream.on('data', (chunk: Buffer) => {
    if (over) return;
    stream.pause();
    takeAll(chunk).then(() => stream.resume(), end);
  });
  stream.on('end', () =>
    end(reader.pendingBytes > 0 ? xdsError('WEFT-XDS-06', 'The call ends within a message.') : undefined),
  );
  const gone = (): void => end(undefined);
  stream.on('error', gone);
  stream.on('close', gone);
}
