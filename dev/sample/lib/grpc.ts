/**
 * Unary gRPC over HTTP/2 with prior knowledge: one length-prefixed message each way, the outcome in trailers
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */

import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';

export const grpcStatus = { ok: 0, invalidArgument: 3, unimplemented: 12, internal: 13 } as const;

export class GrpcError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'GrpcError';
    this.status = status;
  }
}

/** A method: the request's message to the answer's; throws GrpcError to answer with its status. */
export type Method = (message: Buffer, headers: IncomingHttpHeaders) => Buffer;

const messageLimitBytes = 64 * 1024;
const prefixBytes = 5;

/** Serves methods by path, `/package.Service/Method`. */
export function createGrpcServer(methods: Readonly<Record<string, Method>>): Http2Server {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    // A client that goes away in the middle is its own affair.
    stream.on('error', () => {});
    readMessage(stream).then(
      (message) => answer(stream, methods[String(headers[':path'])], message, headers),
      (error: unknown) => refuse(stream, grpcStatus.invalidArgument, String(error)),
    );
  });
  return server;
}

function answer(
  stream: ServerHttp2Stream,
  method: Method | undefined,
  message: Buffer,
  headers: IncomingHttpHeaders,
): void {
  if (method === undefined) return refuse(stream, grpcStatus.unimplemented, 'no such method');
  try {
    const reply = method(message, headers);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(grpcStatus.ok) }));
    stream.end(prefixed(reply));
  } catch (error) {
    const status = error instanceof GrpcError ? error.status : grpcStatus.internal;
    refuse(stream, status, error instanceof Error ? error.message : String(error));
  }
}

/** The trailers-only form: status and message in the response headers, no body. */
function refuse(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.destroyed) return;
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(status),
      'grpc-message': encodeURIComponent(message),
    },
    { endStream: true },
  );
}

function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The one message of a stream. */
async function readMessage(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > messageLimitBytes) throw new Error(`a message of more than ${messageLimitBytes} bytes`);
  }
  const body = Buffer.concat(chunks);
  if (body.length < prefixBytes || body[0] !== 0 || body.readUInt32BE(1) !== body.length - prefixBytes) {
    throw new Error('not one uncompressed gRPC message');
  }
  return body.subarray(prefixBytes);
}

/** Calls over one connection, which is made when first needed and again when it was lost. */
export class GrpcClient {
  readonly #address: string;
  #session: ClientHttp2Session | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** Rejects with GrpcError where the server (or a proxy on its behalf) says so, with another Error where nobody answers. */
  async call(
    path: string,
    message: Buffer,
    headers: Readonly<Record<string, string>> = {},
    timeoutMs = 5000,
  ): Promise<Buffer> {
    const stream = this.#connected().request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let received: IncomingHttpHeaders = {};
    stream.on('response', (first) => {
      received = { ...received, ...first };
    });
    stream.on('trailers', (last) => {
      received = { ...received, ...last };
    });
    stream.setTimeout(timeoutMs, () =>
      stream.destroy(new Error(`${this.#address}: no answer within ${timeoutMs} ms`)),
    );
    stream.end(prefixed(message));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const status = Number(received['grpc-status'] ?? grpcStatus.internal);
    if (status !== grpcStatus.ok) {
      const said =
        received['grpc-message'] ?? `HTTP status ${String(received[':status'])} without a gRPC status`;
      throw new GrpcError(status, decodeURIComponent(String(said)));
    }
    return Buffer.concat(chunks).subarray(prefixBytes);
  }

  close(): void {
    this.#session?.close();
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed)
      return this.#session;
    const session = connect(`http://${this.#address}`);
    // The calls in flight are told by their own streams.
    session.on('error', () => session.destroy());
    session.on('goaway', () => session.close());
    this.#session = session;
    return session;
  }
}
