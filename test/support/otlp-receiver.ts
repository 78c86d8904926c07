/** An OTLP receiver for tests, gRPC and HTTP without TLS: keeps the spans and logs that arrive. */

import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { readLogs, readSpans, type SeenLog, type SeenSpan } from './otlp-messages.ts';

const traces = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const logs = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

export class OtlpReceiver {
  readonly spans: SeenSpan[] = [];
  readonly logs: SeenLog[] = [];
  readonly #grpc = createServer();
  readonly #http = createHttpServer((request, response) => {
    void this.#answerHttp(request, response).catch(() => response.destroy());
  });
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #waiting = new Set<() => void>();

  private constructor() {
    this.#grpc.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
    });
    this.#grpc.on('stream', (stream, headers) => {
      void this.#answer(stream, headers[':path'] ?? '').catch(() => stream.destroy());
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    for (const server of [receiver.#grpc, receiver.#http]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return receiver;
  }

  get grpcPort(): number {
    return portOf(this.#grpc);
  }

  get httpPort(): number {
    return portOf(this.#http);
  }

  /** Settles as soon as `done` says so, looked at whenever something has arrived. */
  async until(done: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (done()) resolve();
    };
    const timer = setTimeout(
      () => reject(new Error(`${what}: not within ${timeoutMs} ms; ${this.#summary()}`)),
      timeoutMs,
    );
    this.#waiting.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
    this.#grpc.close();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  #summary(): string {
    return JSON.stringify({ spans: this.spans, logs: this.logs }, undefined, 1).slice(0, 4000);
  }

  #take(path: string, message: Buffer): void {
    if (path === traces || path.endsWith('/v1/traces')) this.spans.push(...readSpans(message));
    else if (path === logs || path.endsWith('/v1/logs')) this.logs.push(...readLogs(message));
    for (const look of this.#waiting) look();
  }

  async #answer(stream: ServerHttp2Stream, path: string): Promise<void> {
    const body = await bodyOf(stream);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
    // Five bytes before a message: not compressed, and its length.
    for (let at = 0; at + 5 <= body.length; ) {
      const length = body.readUInt32BE(at + 1);
      this.#take(path, body.subarray(at + 5, at + 5 + length));
      at += 5 + length;
    }
  }

  async #answerHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    this.#take(request.url ?? '', body);
  }
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port;
}
