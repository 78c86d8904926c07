/**
 * A load on one address over one protocol, at a steady rate whether or not earlier calls were answered, so that slowness
 * shows as latency. Runs for a time, prints one line of JSON and ends; `weft perf run` starts it as a Job.
 */

import { Agent, get } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { GrpcClient } from '../lib/grpc.ts';
import { readLines } from '../lib/lines.ts';
import { splitAddress } from '../lib/running.ts';
import { echoMethod } from './echo.ts';

export interface BenchOptions {
  readonly protocol: 'http1' | 'http2' | 'grpc' | 'tcp';
  /** `host:port` */
  readonly address: string;
  readonly perSecond: number;
  readonly connections: number;
  /** Counted is what leaves after the first of the seconds. */
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface BenchResult {
  readonly protocol: string;
  /** RFC 3339. */
  readonly startTime: string;
  readonly endTime: string;
  readonly requests: number;
  readonly failures: number;
  /** What was answered well. */
  readonly perSecond: number;
  /** Milliseconds; absent where nothing was answered. */
  readonly latencyMs?: Readonly<Record<'min' | 'average' | 'p50' | 'p90' | 'p99' | 'max', number>>;
}

interface Client {
  call(): Promise<void>;
  close(): void;
}

/** Beyond these a call that is due counts as failed: a server that answers nothing must not eat all memory. */
const mostInFlight = 2_000;

export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const client = clients[options.protocol](options);
  const { perSecond, seconds, warmupSeconds } = options;
  const latencies: number[] = [];
  let failures = 0;
  const inFlight = new Set<Promise<void>>();
  const call = (counts: boolean): void => {
    if (inFlight.size >= mostInFlight) {
      if (counts) failures += 1;
      return;
    }
    const startedMs = performance.now();
    const done = client.call().then(
      () => void (counts && latencies.push(performance.now() - startedMs)),
      () => void (counts && (failures += 1)),
    );
    inFlight.add(done);
    void done.finally(() => inFlight.delete(done));
  };
  await steadily(perSecond, warmupSeconds, () => call(false));
  const startMs = Date.now();
  await steadily(perSecond, seconds, () => call(true));
  const endMs = Date.now();
  await Promise.all(inFlight);
  client.close();
  const requests = latencies.length + failures;
  const latencyMs = summary(latencies);
  return {
    protocol: options.protocol,
    startTime: new Date(startMs).toISOString(),
    endTime: new Date(endMs).toISOString(),
    requests,
    failures,
    perSecond: (latencies.length / (endMs - startMs)) * 1000,
    ...(latencyMs === undefined ? {} : { latencyMs }),
  };
}

/** Keeps to the schedule of its start even where single turns come late. */
async function steadily(perSecond: number, seconds: number, action: () => void): Promise<void> {
  const startMs = performance.now();
  const total = perSecond * seconds;
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startMs) / 1000) * perSecond));
    for (; sent < due; sent++) action();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function summary(latencies: readonly number[]): BenchResult['latencyMs'] | undefined {
  const sorted = latencies.toSorted((a, b) => a - b);
  const [min] = sorted;
  if (min === undefined) return undefined;
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? min;
  const average = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { min, average, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1) ?? min };
}

const timeoutMs = 5_000;

const clients: Readonly<Record<BenchOptions['protocol'], (options: BenchOptions) => Client>> = {
  http1: ({ address, connections }) => {
    const { host, port } = splitAddress(address);
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    return {
      call: () =>
        new Promise((resolve, reject) => {
          const request = get({ host, port, agent, path: '/', timeout: timeoutMs }, (response) => {
            response.resume();
            response.on('error', reject);
            response.on('end', () =>
              response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
            );
          });
          request.on('timeout', () => request.destroy(new Error('no answer')));
          request.on('error', reject);
        }),
      close: () => agent.destroy(),
    };
  },
  http2: ({ address, connections }) => {
    const sessions = inTurn(connections, () => http2Session(address));
    return {
      call: () =>
        new Promise((resolve, reject) => {
          const stream = sessions
            .next((session) => !session.closed && !session.destroyed)
            .request({ ':path': '/' });
          stream.setTimeout(timeoutMs, () => stream.destroy(new Error('no answer')));
          stream.on('response', (headers) => {
            if (headers[':status'] !== 200) reject(new Error(`status ${String(headers[':status'])}`));
          });
          stream.on('error', reject);
          stream.on('end', resolve);
          stream.resume();
        }),
      close: () => sessions.all().forEach((session) => session.destroy()),
    };
  },
  grpc: ({ address, connections }) => {
    const each = inTurn(connections, () => new GrpcClient(address));
    const message = Buffer.alloc(1024, 1);
    return {
      call: async () => void (await each.next(() => true).call(echoMethod, message, {}, timeoutMs)),
      close: () => each.all().forEach((client) => client.close()),
    };
  },
  tcp: ({ address, connections }) => {
    const lines = inTurn(connections, () => new LineClient(address));
    return {
      call: () => lines.next(() => true).call(),
      close: () => lines.all().forEach((client) => client.close()),
    };
  },
};

function http2Session(address: string): ClientHttp2Session {
  const session = connectHttp2(`http://${address}`);
  session.on('error', () => session.destroy());
  return session;
}

/** As many as there are connections, made when first needed and anew when they are of no use any more. */
function inTurn<T>(
  count: number,
  make: () => T,
): { next(isGood: (one: T) => boolean): T; all(): readonly T[] } {
  const made: T[] = [];
  let turn = 0;
  return {
    next: (isGood) => {
      turn = (turn + 1) % count;
      const known = made[turn];
      const one = known !== undefined && isGood(known) ? known : make();
      made[turn] = one;
      return one;
    },
    all: () => made.filter((one) => one !== undefined),
  };
}

/** A connection on which each line is answered by the same line, in order. */
class LineClient {
  readonly #address: string;
  #socket: Socket | undefined;
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(address: string) {
    this.#address = address;
  }

  call(): Promise<void> {
    const socket = this.#connected();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      socket.write(`${'x'.repeat(256)}\n`);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connected(): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket;
    const { host, port } = splitAddress(this.#address);
    const socket = connect({ host, port, noDelay: true });
    readLines(socket, () => this.#waiting.shift()?.resolve());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection was closed'));
    });
    this.#socket = socket;
    return socket;
  }
}
