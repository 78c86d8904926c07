/** For tests: a real HTTP server that answers by script as an API server does, and worse. */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, silent } from '../base/log.ts';
import { createKubeApi, type KubeApiOptions } from './api.ts';
import type { KubeClient, KubeObject, ObjectKey, Sink } from './types.ts';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request. */
export type Step = (response: ServerResponse, request: RecordedRequest) => void;

export class FaultServer {
  readonly requests: RecordedRequest[] = [];
  readonly kubeconfigPath: string;
  readonly #server: Server;
  readonly #directory: string;
  #steps: Step[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  private constructor(server: Server, directory: string) {
    this.#server = server;
    this.#directory = directory;
    this.kubeconfigPath = join(directory, 'kubeconfig');
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<FaultServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const faults = new FaultServer(server, await mkdtemp(join(tmpdir(), 'weft-faults-')));
    await faults.writeKubeconfig({ token: 'token-of-the-test' });
    return faults;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  writeKubeconfig(user: Readonly<Record<string, unknown>>): Promise<void> {
    // JSON is YAML.
    const config = {
      clusters: [{ name: 'faults', cluster: { server: this.address } }],
      users: [{ name: 'tester', user }],
      contexts: [{ name: 'faults', context: { cluster: 'faults', user: 'tester' } }],
      'current-context': 'faults',
    };
    return writeFile(this.kubeconfigPath, JSON.stringify(config));
  }

  api(options: Partial<KubeApiOptions> = {}): KubeClient {
    return createKubeApi({ kubeconfigPath: this.kubeconfigPath, log: silent, ...options });
  }

  /** What the next requests get, in order; those after the last step wait for ever. */
  script(...steps: readonly Step[]): void {
    this.#steps.push(...steps);
  }

  /** Resolves when that many requests have arrived in all. */
  received(count: number): Promise<void> {
    if (this.requests.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.address);
    const step = this.#steps.shift();
    let body = '';
    try {
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
    } catch {
      return;
    }
    const recorded: RecordedRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body,
    };
    this.requests.push(recorded);
    step?.(response, recorded);
    for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
  }
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Step {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** A metav1.Status, as every refusal of an API server is. */
export function refusal(
  code: number,
  reason: string,
  options: { readonly message?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Step {
  const { message = `refused: ${reason}`, headers } = options;
  return json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message }, headers);
}

/** Closes the connection without an answer. */
export const drop: Step = (response) => void response.destroy();

/** One line of a watch: an object is turned into its event's JSON, text stays as it is. */
export type WatchLine = string | { readonly type: string; readonly object: unknown };

/** `hold` leaves the watch open, `close` ends it in good order, `drop` breaks it off. */
export function watch(lines: readonly WatchLine[], then: 'hold' | 'close' | 'drop' = 'hold'): Step {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    for (const line of lines) response.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    if (then === 'close') response.end();
    // After what was written has left.
    if (then === 'drop') response.write('', () => response.destroy());
  };
}

/** A watch that stays open and gets further lines later. */
export function openWatch(lines: readonly WatchLine[]): {
  readonly step: Step;
  write(line: WatchLine): void;
} {
  let response: ServerResponse | undefined;
  return {
    step: (opened, request) => {
      response = opened;
      watch(lines)(opened, request);
    },
    write: (line) => void response?.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`),
  };
}

export function object(name: string, resourceVersion: number, more: Readonly<Record<string, unknown>> = {}) {
  return { metadata: { name, namespace: 'shop', resourceVersion: String(resourceVersion) }, ...more };
}

export const added = (
  name: string,
  version: number,
  more?: Readonly<Record<string, unknown>>,
): WatchLine => ({
  type: 'ADDED',
  object: object(name, version, more),
});

export const modified = (
  name: string,
  version: number,
  more?: Readonly<Record<string, unknown>>,
): WatchLine => ({ type: 'MODIFIED', object: object(name, version, more) });

export const deleted = (name: string, version: number): WatchLine => ({
  type: 'DELETED',
  object: object(name, version),
});

export const bookmark = (version: number): WatchLine => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version), creationTimestamp: null } },
});

export const initialEnd = (version: number): WatchLine => ({
  type: 'BOOKMARK',
  object: {
    metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } },
  },
});

export const watchError = (code: number, reason: string): WatchLine => ({
  type: 'ERROR',
  object: { kind: 'Status', status: 'Failure', code, reason, message: `watch: ${reason}` },
});

/** A sink that can be waited for. */
export class TestSink<V> implements Sink<V> {
  readonly values = new Map<ObjectKey, V>();
  /** Everything that was called, e.g. `set shop/a`, `replace 2`. */
  readonly calls: string[] = [];
  #waiting: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];

  get(key: ObjectKey): V | undefined {
    return this.values.get(key);
  }

  set(key: ObjectKey, value: V): void {
    this.values.set(key, value);
    this.#called(`set ${key}`);
  }

  delete(key: ObjectKey): void {
    this.values.delete(key);
    this.#called(`delete ${key}`);
  }

  replace(entries: Iterable<readonly [ObjectKey, V]>): void {
    const next = new Map(entries);
    this.values.clear();
    for (const [key, value] of next) this.values.set(key, value);
    this.#called(`replace ${next.size}`);
  }

  keys(): readonly string[] {
    return [...this.values.keys()].toSorted();
  }

  until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ ready, resolve }));
  }

  #called(call: string): void {
    this.calls.push(call);
    for (const { ready, resolve } of this.#waiting) if (ready()) resolve();
  }
}

export interface LoggedLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Collects what is logged; stands in for a pino logger as far as this room uses one. */
export function collectingLog(): { readonly log: Logger; readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const collect =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      lines.push({ level, fields, message });
    };
  const log = Object.create(silent) as Logger;
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    Object.defineProperty(log, level, { value: collect(level) });
  }
  return { log, lines };
}

export type TestObject = KubeObject & { readonly data?: Readonly<Record<string, string>> };
