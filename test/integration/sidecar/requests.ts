/** Requests as the kubelet, peers of the mesh and the control plane make them. */

import { type IncomingMessage, request } from 'node:http';
import { type Agent, request as secureRequest } from 'node:https';
import type { IdentityFiles } from './sidecar.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent: false, timeout: 5_000 }, (incoming) =>
      collect(incoming, resolve),
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Whether something answers at all. */
export async function status(url: string): Promise<number> {
  return get(url).then(
    (answer) => answer.status,
    () => 0,
  );
}

export interface SecureOptions {
  readonly servername?: string;
  readonly agent?: Agent;
}

/** A request over mutual TLS with this identity; the server's is not the subject here. */
export function secureGet(
  url: string,
  identity: IdentityFiles,
  options: SecureOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { key, chain: cert } = identity;
    const tls = { key, cert, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
    const outgoing = secureRequest(url, { agent: false, timeout: 5_000, ...tls, ...options }, (incoming) =>
      collect(incoming, resolve),
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function collect(incoming: IncomingMessage, resolve: (answer: Answer) => void): void {
  let body = '';
  incoming.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body, headers: incoming.headers }));
}

/** A program that connects and prints the first thing it is told, or the error. */
export function dial(address: string, port: number): string[] {
  const code = `require('net').connect(${port}, '${address}', () => {})
    .once('data', (data) => { console.log(String(data)); process.exit(0); })
    .on('error', (error) => console.log(error.code)).setTimeout(2000, () => process.exit(0))`;
  return [process.execPath, '-e', code];
}
