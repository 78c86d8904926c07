/** The few requests a starting cluster makes to its own API server. */

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import type { AdminCredentials } from './credentials.ts';

export interface ApiAnswer {
  /** HTTP status; 0 where the server could not be reached. */
  readonly status: number;
  readonly body: string;
}

const mergePatch = 'application/merge-patch+json';

export class ApiClient {
  readonly #credentials: AdminCredentials;
  readonly #agent: Agent;

  constructor(credentials: AdminCredentials) {
    this.#credentials = credentials;
    this.#agent = new Agent({
      keepAlive: true,
      ca: credentials.authorityPem,
      cert: credentials.certificatePem,
      key: credentials.keyPem,
    });
  }

  /** Never rejects: a server that is not there yet is an answer of its own. */
  send(method: string, path: string, body?: object): Promise<ApiAnswer> {
    return new Promise((resolve) => {
      const options = {
        method,
        agent: this.#agent,
        headers: { 'content-type': method === 'PATCH' ? mergePatch : 'application/json' },
        timeout: 10_000,
      };
      const sent = request(`${this.#credentials.server}${path}`, options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on('error', (error) => resolve({ status: 0, body: error.message }));
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer within 10 s')));
      sent.on('error', (error) => resolve({ status: 0, body: error.message }));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** The lines of an answer that has no end, such as a watch, until the server or the signal ends it. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const sent = request(`${this.#credentials.server}${path}`, { agent: this.#agent, signal });
    sent.end();
    const [response] = (await once(sent, 'response', { signal })) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`GET ${path}: ${response.statusCode}`);
    yield* createInterface({ input: response });
  }

  async isReady(): Promise<boolean> {
    return (await this.send('GET', '/readyz')).status === 200;
  }

  async exists(path: string): Promise<boolean> {
    return (await this.send('GET', path)).status === 200;
  }

  /** Creates an object; one that is already there is left as it is. */
  async create(path: string, object: object): Promise<void> {
    const answer = await this.send('POST', path, object);
    if (answer.status >= 300 && answer.status !== 409)
      throw new Error(`POST ${path}: ${answer.status} ${answer.body}`);
  }

  close(): void {
    this.#agent.destroy();
  }
}
