/** One call of each protocol. Every function resolves with an Outcome and never rejects. */

import { Agent, request as httpRequest } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { exchangeText } from './websocket.ts';

export interface Call {
  readonly kind: 'http' | 'h2' | 'grpc' | 'websocket' | 'tcp' | 'banner';
  /** `http://host:port/path`; for tcp and banner only host and port count. */
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  /** Reuse connections between the calls of one batch. Default true. */
  readonly keepAlive?: boolean;
}

export interface Outcome {
  readonly ok: boolean;
  readonly status: number;
  readonly ms: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error?: string;
}

/** Connections of one batch of calls. */
export class Connections {
  readonly agent: Agent;
  readonly #sessions = new Map<string, ClientHttp2Session>();

  constructor(keepAlive: boolean) {
    this.agent = new Agent({ keepAlive, maxSockets: 64 });
  }

  session(origin: string): ClientHttp2Session {
    const known = this.#sessions.get(origin);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connectHttp2(origin);
    // Each of the streams that share it listens.
    session.setMaxListeners(0);
    // The stream that waits for the session reports the failure.
    session.on('error', () => this.#sessions.delete(origin));
    session.on('goaway', () => this.#sessions.delete(origin));
    this.#sessions.set(origin, session);
    return session;
  }

  close(): void {
    this.agent.destroy();
    for (const session of this.#sessions.values()) session.destroy();
  }
}

type Raw = Omit<Outcome, 'ms' | 'ok' | 'error'>;

export async function perform(call: Call, connections: Connections): Promise<Outcome> {
  const startedMs = performance.now();
  try {
    const raw = await send(call, connections);
    return { ...raw, ok: raw.status < 400, ms: performance.now() - startedMs };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, status: 0, ms: performance.now() - startedMs, headers: {}, body: '', error: text };
  }
}

function send(call: Call, connections: Connections): Promise<Raw> {
  const timeoutMs = call.timeoutMs ?? 10_000;
  if (call.kind === 'http') return sendHttp(call, connections.agent, timeoutMs);
  if (call.kind === 'h2' || call.kind === 'grpc') {
    return sendHttp2(call, connections, timeoutMs).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
      return sendHttp2(call, connections, timeoutMs);
    });
  }
  if (call.kind === 'websocket') {
    return exchangeText(call.url, call.body ?? 'hello', timeoutMs).then((body) => ({
      status: 101,
      headers: {},
      body,
    }));
  }
  return exchangeTcp(call, timeoutMs);
}

function sendHttp(call: Call, agent: Agent, timeoutMs: number): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(call.url, {
      method: call.method ?? 'GET',
      headers: { ...call.headers },
      agent,
      timeout: timeoutMs,
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const headers = Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
        );
        resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    outgoing.end(call.body);
  });
}

/**
 * A stream that crossed a GOAWAY was not looked at by anyone, and every client sends it again on another connection
 * (RFC 9113, section 8.7).
 */
function isRefused(error: unknown): boolean {
  return error instanceof Error && error.message.includes('NGHTTP2_REFUSED_STREAM');
}

function sendHttp2(call: Call, connections: Connections, timeoutMs: number): Promise<Raw> {
  const url = new URL(call.url);
  const grpc = call.kind === 'grpc';
  return new Promise((resolve, reject) => {
    const session = connections.session(url.origin);
    session.once('error', reject);
    const stream = session.request({
      ':path': url.pathname + url.search,
      ':method': grpc ? 'POST' : (call.method ?? 'GET'),
      ...(grpc ? { 'content-type': 'application/grpc', te: 'trailers' } : {}),
      ...call.headers,
    });
    const chunks: Buffer[] = [];
    const headers: Record<string, string> = {};
    const note = (received: object): void => {
      for (const [name, value] of Object.entries(received)) headers[name] = String(value);
    };
    stream.setTimeout(timeoutMs, () => stream.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      session.off('error', reject);
      const grpcFailed = grpc && headers['grpc-status'] !== '0';
      resolve({
        status: grpcFailed ? 500 : Number(headers[':status'] ?? 0),
        headers,
        body: Buffer.concat(chunks)
          .subarray(grpc ? 5 : 0)
          .toString('utf8'),
      });
    });
    stream.end(grpc ? grpcMessage(call.body ?? 'hello') : call.body);
  });
}

/** A gRPC length-prefixed message (uncompressed). */
function grpcMessage(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** `tcp`: sends the body and waits for its echo. `banner`: says nothing and waits for the server's first line. */
function exchangeTcp(call: Call, timeoutMs: number): Promise<Raw> {
  const url = new URL(call.url);
  const sent = call.kind === 'banner' ? '' : (call.body ?? 'hello');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname.replace(/^\[|\]$/g, ''));
    let received = '';
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${received.length} bytes`)));
    socket.on('connect', () => socket.write(sent));
    socket.on('data', (chunk) => {
      received += chunk.toString('utf8');
      const whole = call.kind === 'banner' ? received.includes('\n') : received.length >= sent.length;
      if (!whole) return;
      resolve({ status: 200, headers: {}, body: received });
      socket.destroy();
    });
  });
}
