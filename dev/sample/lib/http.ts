/** JSON over HTTP/1.1: a server that drains, and a client that keeps its connections. */

import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { listen, type Running, splitAddress, stopListening } from './running.ts';

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

export type Handler = (request: IncomingMessage, path: string) => Promise<Answer> | Answer;

const bodyLimitBytes = 64 * 1024;

/** Answers with what `handle` returns; a failure of it is a 502, because handlers only fail on those they call. */
export function serveJson(handle: Handler): Server {
  const server: Server = createServer((incoming, response) => {
    respond(incoming, response).catch(() => response.destroy());
  });

  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status = 200, body } = await answer(incoming);
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      // A client that keeps its connection would otherwise hold up a server that is leaving.
      ...(server.listening ? {} : { connection: 'close' }),
    });
    response.end(text);
  }

  async function answer(incoming: IncomingMessage): Promise<Answer> {
    try {
      return await handle(incoming, (incoming.url ?? '/').split('?')[0] ?? '/');
    } catch (error) {
      return { status: 502, body: { error: error instanceof Error ? error.message : String(error) } };
    }
  }

  return server;
}

export async function startHttp(server: Server, port: number): Promise<Running> {
  return { port: await listen(server, port), close: () => stopListening(server) };
}

export interface JsonResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export class JsonClient {
  readonly #address: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(address: string) {
    this.#address = address;
  }

  /** Resolves with any answer that is JSON, whatever its status; rejects where there was none in time. */
  get(path: string, headers: Readonly<Record<string, string>> = {}, timeoutMs = 5000): Promise<JsonResponse> {
    const { host, port } = splitAddress(this.#address);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { host, port, path, headers, agent: this.#agent, timeout: timeoutMs },
        (response) => {
          collect(response).then(
            (text) =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(text) }),
            reject,
          );
        },
      );
      outgoing.on('timeout', () =>
        outgoing.destroy(new Error(`${this.#address}: no answer within ${timeoutMs} ms`)),
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function collect(message: IncomingMessage): Promise<string> {
  let text = '';
  message.setEncoding('utf8');
  for await (const chunk of message) {
    text += chunk as string;
    if (text.length > bodyLimitBytes) throw new Error(`a body of more than ${bodyLimitBytes} bytes`);
  }
  return text;
}

/** A proxy answers for a service that is not there in plain text; that text then is the error. */
function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return { error: text };
  }
}
