/**
 * A real Envoy with the routes of a translation, called over loopback: what golden files cannot show, namely what
 * comes of a request. Endpoints are plain servers of this process.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type RequestOptions,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import { ensureBinary } from '../../dev/cluster/cluster.ts';
import type { Translation } from '../../src/xds/resource.ts';
import { staticConfiguration } from './envoy.ts';

/** What an endpoint tells of the request it got, as JSON. */
export interface Seen {
  readonly server: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where an endpoint answered. */
  readonly seen: Seen | undefined;
  readonly text: string;
}

/** An endpoint that answers with what it saw, on `/slow` after a second. It closes with its process or by `close`. */
export async function startEndpoint(
  name: string,
  onRequest: () => unknown = () => undefined,
): Promise<Server> {
  const server = createServer((incoming, response) => {
    onRequest();
    const seen: Seen = {
      server: name,
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: incoming.headers,
    };
    response.setHeader('server', name);
    const answer = (): unknown => response.end(JSON.stringify(seen));
    if (seen.url.startsWith('/slow')) setTimeout(answer, 1000).unref();
    else answer();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export class RunningEnvoy {
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(child: ChildProcess, directory: string, ports: ReadonlyMap<string, number>) {
    this.#process = child;
    this.#directory = directory;
    this.#ports = ports;
  }

  /**
   * Resolves when the listeners whose names begin with `prefix`, by default those of destinations, are bound to ports
   * of loopback.
   */
  static async start(translation: Translation, prefix = 'vl/'): Promise<RunningEnvoy> {
    const directory = await mkdtemp(join(tmpdir(), 'weft-traffic-'));
    const configuration = staticConfiguration(new Map([['traffic', translation]]), toLoopback);
    const resources = configuration['staticResources'] as Record<'listeners' | 'secrets', { name: string }[]>;
    const listeners = resources.listeners.filter(({ name }) => name.startsWith(`traffic ${prefix}`));
    // Those of the mesh are files of a pod.
    const secrets = resources.secrets.filter(({ name }) => name.includes('/'));
    await writeFile(
      join(directory, 'envoy.json'),
      JSON.stringify({
        ...configuration,
        admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
        staticResources: { ...(configuration['staticResources'] as JsonObject), listeners, secrets },
      }),
    );
    const adminFile = join(directory, 'admin');
    const child = spawn(
      await ensureBinary('envoy'),
      [
        '-c',
        join(directory, 'envoy.json'),
        '--admin-address-path',
        adminFile,
        '--use-dynamic-base-id',
        '--concurrency',
        '1',
        '-l',
        'error',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const ports = await boundPorts(child, adminFile);
    return new RunningEnvoy(child, directory, ports);
  }

  /** Calls `http://<destination><path>` as the application would. */
  async call(destination: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const outgoing = request({
      host: '127.0.0.1',
      port: this.#ports.get(`traffic vl/${destination}`),
      path,
      agent: this.#agent,
      ...options,
      headers: { host: destination.replace(/:80$/, ''), ...options.headers },
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const seen = text.startsWith('{') ? (JSON.parse(text) as Seen) : undefined;
    return { status: response.statusCode ?? 0, headers: response.headers, seen, text };
  }

  /** Where a listener is bound, by its name. */
  portOf(listener: string): number {
    const port = this.#ports.get(`traffic ${listener}`);
    if (port === undefined) throw new Error(`Envoy has no listener ${listener}`);
    return port;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A listener at a port of its own choice on loopback. */
function toLoopback(listener: JsonObject): JsonObject {
  const { bindToPort: _, address, ...rest } = listener;
  const socketAddress = (address as JsonObject | undefined)?.['socketAddress'] as JsonObject | undefined;
  const protocol = socketAddress?.['protocol'] ?? 'TCP';
  return { ...rest, address: { socketAddress: { protocol, address: '127.0.0.1', portValue: 0 } } };
}

async function boundPorts(child: ChildProcess, adminFile: string): Promise<ReadonlyMap<string, number>> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}`);
    await sleep(50);
    const admin = await readFile(adminFile, 'utf8').catch(() => '');
    if (admin === '') continue;
    const ready = await fetch(`http://${admin}/ready`).catch(() => undefined);
    if (ready?.ok !== true) continue;
    const lines = (await (await fetch(`http://${admin}/listeners`)).text()).trim().split('\n');
    return new Map(
      lines.map((line) => {
        const [name = '', address = ''] = line.split('::');
        return [name, Number(address.slice(address.lastIndexOf(':') + 1))];
      }),
    );
  }
  throw new Error('Envoy did not become ready in 20 s');
}
