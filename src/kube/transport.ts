/**
 * One HTTP/1.1 exchange with the API server, over kept connections. No retries here, no meaning: api.ts has
 * both. Streams get connections of their own, so that they never keep a request waiting.
 */

import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../base/clock.ts';
import type { Connection } from './config.ts';
import type { Credentials, TlsOptions } from './credentials.ts';

export interface Exchange {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
}

export interface Reply {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly body: string;
}

/** Shorter than the idle timeout of API servers and load balancers, so that a kept connection is a live one. */
const idleMs = 20_000;
const keepAliveProbeMs = 30_000;
const mostConnections = 64;

class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

export class Transport {
  readonly #connection: Connection;
  readonly #base: URL;
  readonly #clock: Clock;
  #agents: { readonly tls: TlsOptions; readonly kept: HttpAgent; readonly single: HttpAgent } | undefined;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#base = new URL(connection.cluster.server);
    this.#clock = clock;
  }

  /** Sends and reads the whole response. Rejects with the plain system error where there is none. */
  async exchange(credentials: Credentials, exchange: Exchange): Promise<Reply> {
    const deadline = new Deadline(this.#clock, exchange.timeoutMs);
    try {
      const response = await this.#send(
        credentials,
        exchange,
        this.#agentsFor(credentials.tls).kept,
        deadline,
      );
      return {
        status: response.statusCode ?? 0,
        retryAfterSeconds: retryAfter(response),
        body: await readAll(response),
      };
    } finally {
      deadline.clear();
    }
  }

  /** Sends and resolves at the headers; from there on only the signal, the caller or the server end it. */
  async open(credentials: Credentials, exchange: Exchange): Promise<IncomingMessage> {
    const deadline = new Deadline(this.#clock, exchange.timeoutMs);
    try {
      return await this.#send(credentials, exchange, this.#agentsFor(credentials.tls).single, deadline);
    } finally {
      deadline.clear();
    }
  }

  #send(
    credentials: Credentials,
    exchange: Exchange,
    agent: HttpAgent,
    deadline: Deadline,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = this.#base.protocol === 'http:' ? httpRequest : httpsRequest;
    const body = exchange.body === undefined ? undefined : Buffer.from(exchange.body);
    const request = send({
      agent,
      method: exchange.method,
      host: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port || (this.#base.protocol === 'http:' ? 80 : 443),
      path: this.#base.pathname.replace(/\/$/, '') + exchange.path,
      headers: {
        ...credentials.headers,
        ...exchange.headers,
        ...(body === undefined ? {} : { 'Content-Length': body.byteLength }),
      },
      ...(exchange.signal === undefined ? {} : { signal: exchange.signal }),
    });
    deadline.start(() =>
      request.destroy(new TimeoutError(`no answer within ${Math.round(exchange.timeoutMs / 1000)} s`)),
    );
    // A peer that is gone is noticed within a minute, also while a watch has nothing to say.
    request.once('socket', (socket) => socket.setKeepAlive(true, keepAliveProbeMs));
    request.once('response', resolve);
    // Stays for good: an error after the response has its own way through the response's stream.
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  #agentsFor(tls: TlsOptions) {
    if (this.#agents?.tls === tls) return this.#agents;
    // Connections of the old credentials end with what runs on them; idle ones close by themselves.
    const proxy = this.#connection.cluster.proxyUrl;
    const options = {
      ...tls,
      ...(proxy ? { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } } : {}),
    };
    const Agent = this.#base.protocol === 'http:' ? HttpAgent : HttpsAgent;
    const kept = new Agent({ ...options, keepAlive: true, maxSockets: mostConnections, timeout: idleMs });
    const single = new Agent(options);
    this.#agents = { tls, kept, single };
    return this.#agents;
  }
}

class Deadline {
  readonly #clock: Clock;
  readonly #afterMs: number;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, afterMs: number) {
    this.#clock = clock;
    this.#afterMs = afterMs;
  }

  start(action: () => void): void {
    if (this.#afterMs > 0) this.#cancel = this.#clock.after(this.#afterMs, action);
  }

  clear(): void {
    this.#cancel?.();
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Seconds until it is worth another try (RFC 9110, 10.2.3); the API server only sends whole seconds. */
function retryAfter(response: IncomingMessage): number | undefined {
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
