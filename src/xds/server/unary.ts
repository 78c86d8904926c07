/**
 * One unary gRPC call on HTTP/2, for the methods that are served beside ADS: proxies reach them over the connection
 * they have anyway. One message in, one out, a status at the end.
 *
 *   reading ── the client has ended ──> handling ──> answered
 *      │ limit, framing, time                │ refused
 *      └──────────> refused: the status alone, as headers
 */

import { constants, type ServerHttp2Stream } from 'node:http2';
import { setImmediate } from 'node:timers';
import type { Clock } from '../../base/clock.ts';
import { xdsError } from './errors.ts';
import { FrameReader } from './frames.ts';
import type { Peer } from './peer.ts';
import { trailers } from './stream.ts';

/**
 * Takes the message of a call, resolves with that of the answer; rejects with a WeftError, which becomes the status.
 * For one connection with a certificate, `peer` is the same object in all calls, so that what was found out of it can
 * be remembered by it. A token is not proven: that is for the method to do before it believes a word.
 */
export type UnaryMethod = (peer: Peer, message: Buffer) => Promise<Uint8Array>;

export interface UnaryCall {
  readonly maxMessageBytes: number;
  /** How long the client may take to send its message, in milliseconds. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly handle: (message: Buffer) => Promise<Uint8Array>;
  /** Called once, with what the call failed by; undefined where it was answered. */
  readonly ended: (error: unknown) => void;
}

export function serveUnary(stream: ServerHttp2Stream, call: UnaryCall): void {
  const reader = new FrameReader(call.maxMessageBytes);
  const messages: Buffer[] = [];
  let over = false;
  const cancel = call.clock.after(call.patienceMs, () =>
    end(xdsError('WEFT-XDS-07', `The message was not complete after ${call.patienceMs} ms.`)),
  );
  const end = (error: unknown, answer?: Uint8Array): void => {
    if (over) return;
    over = true;
    cancel();
    messages.length = 0;
    if (!stream.destroyed) {
      if (answer === undefined) refuse(stream, error);
      else send(stream, answer);
    }
    call.ended(error);
  };
  stream.on('data', (chunk: Buffer) => {
    if (over) return;
    try {
      messages.push(...reader.read(chunk));
      if (messages.length > 1) throw xdsError('WEFT-XDS-06', 'There is more than one message in the call.');
    } catch (error) {
      end(error);
    }
  });
  stream.on('end', () => {
    const [message] = messages;
    if (over) return;
    if (message === undefined || reader.pendingBytes > 0) {
      return end(xdsError('WEFT-XDS-06', 'The call ends before its message does.'));
    }
    cancel();
    call.handle(message).then((answer) => end(undefined, answer), end);
  });
  const gone = (): void => end(xdsError('WEFT-XDS-11', 'The client has gone before its answer.'));
  stream.on('error', gone);
  stream.on('close', gone);
}

function send(stream: ServerHttp2Stream, answer: Uint8Array): void {
  const framed = Buffer.alloc(5 + answer.length);
  framed.writeUInt32BE(answer.length, 1);
  framed.set(answer, 5);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(trailers(undefined));
  });
  stream.end(framed);
}

/** Answers with nothing but the status (Trailers-Only in PROTOCOL-HTTP2.md). */
export function refuse(stream: ServerHttp2Stream, error: unknown): void {
  const fields = { ':status': 200, 'content-type': 'application/grpc', ...trailers(error) };
  stream.respond(fields, { endStream: true });
  // What the client still sends is not waited for. In the same turn the reset would overtake the answer.
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}
