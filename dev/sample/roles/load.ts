/**
 * The customers: an open-loop load on every service of the shop. Calls leave on schedule whether or not earlier ones
 * were answered, so a slow service shows as latency, not as less load.
 *
 *   GET /stats?seconds=5   what was seen in the last seconds, and totals since the start (lib/tally.ts)
 *   POST /pause            no call leaves any more; answered when all that left are answered, so that totals are final
 *   POST /resume
 */

import type { IncomingMessage } from 'node:http';
import { GrpcClient } from '../lib/grpc.ts';
import { type Answer, JsonClient, serveJson, startHttp } from '../lib/http.ts';
import { converse } from '../lib/lines.ts';
import { type Addresses, type RoleOptions, type Running, within } from '../lib/running.ts';
import { Tally } from '../lib/tally.ts';
import { startTrace } from '../lib/trace.ts';
import { openWebSocket } from '../lib/websocket.ts';
import { askPrice } from './prices.ts';

const callTimeoutMs = 5000;
/** A service that answers nothing must not eat the generator's memory. */
const maxInFlight = 500;

export interface LoadOptions extends RoleOptions {
  /** Calls per second on each HTTP and gRPC service; the others get a quarter of it. */
  readonly perSecond: number;
  /** Called with a report in JSON every ten seconds; by default it is printed. */
  readonly print?: (line: string) => void;
}

interface Target {
  readonly service: string;
  readonly perSecond: number;
  /** One call; answers the version that served it, rejects where the answer is not what it should be. */
  readonly call: () => Promise<string>;
}

export async function startLoad(options: LoadOptions): Promise<Running> {
  const tally = new Tally(Date.now);
  const { targets, closeClients } = connectTargets(options.addresses, options.perSecond);
  const inFlight = new Set<Promise<void>>();
  let paused = false;
  const timers = targets.map((target) =>
    everyInterval(1000 / target.perSecond, () => {
      if (paused) return;
      if (inFlight.size >= maxInFlight) {
        return tally.add({
          atMs: Date.now(),
          service: target.service,
          version: '-',
          latencyMs: 0,
          error: 'overload',
        });
      }
      const call = measure(target, tally);
      inFlight.add(call);
      void call.finally(() => inFlight.delete(call));
    }),
  );
  const print = options.print ?? ((line: string) => console.log(line));
  timers.push(everyInterval(10_000, () => print(JSON.stringify(tally.report(10)))));
  async function answer(request: IncomingMessage, path: string): Promise<Answer> {
    if (request.method === 'POST' && path === '/pause') {
      paused = true;
      await Promise.all(inFlight);
      return { body: tally.report(30) };
    }
    if (request.method === 'POST' && path === '/resume') {
      paused = false;
      return { body: {} };
    }
    if (path !== '/stats')
      return { status: 404, body: { error: 'only /stats, /pause and /resume by POST here' } };
    const seconds = Number(new URL(request.url ?? '/', 'http://load').searchParams.get('seconds') ?? '5');
    return seconds >= 1 && seconds <= 30
      ? { body: tally.report(seconds) }
      : { status: 400, body: { error: 'seconds is 1 to 30' } };
  }
  const server = serveJson(answer);
  const running = await startHttp(server, options.port);
  return {
    port: running.port,
    close: async () => {
      for (const stop of timers) stop();
      await Promise.all(inFlight);
      closeClients();
      await running.close();
    },
  };
}

async function measure(target: Target, tally: Tally): Promise<void> {
  const started = performance.now();
  const sample = { service: target.service, atMs: Date.now() };
  try {
    const version = await within(callTimeoutMs, target.service, target.call());
    tally.add({ ...sample, version, latencyMs: performance.now() - started });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    tally.add({ ...sample, version: '-', latencyMs: performance.now() - started, error: text });
  }
}

/** Keeps to the schedule of its start even where single turns come late; the result ends it. */
function everyInterval(intervalMs: number, action: () => void): () => void {
  let dueMs = performance.now() + intervalMs;
  let timer: NodeJS.Timeout;
  const turn = (): void => {
    for (; dueMs <= performance.now(); dueMs += intervalMs) action();
    timer = setTimeout(turn, dueMs - performance.now());
  };
  timer = setTimeout(turn, intervalMs);
  return () => clearTimeout(timer);
}

function connectTargets(
  addresses: Addresses,
  perSecond: number,
): { readonly targets: readonly Target[]; readonly closeClients: () => void } {
  const web = new JsonClient(addresses.web);
  const catalog = new JsonClient(addresses.catalog);
  const prices = new GrpcClient(addresses.prices);
  const slow = perSecond / 4;
  const targets: readonly Target[] = [
    { service: 'web', perSecond, call: () => get(web, '/') },
    { service: 'web', perSecond: slow, call: () => get(web, '/checkout') },
    { service: 'catalog', perSecond, call: () => get(catalog, '/items') },
    {
      service: 'prices',
      perSecond,
      call: async () => (await askPrice(prices, 'yarn', startTrace())).version,
    },
    { service: 'ticker', perSecond: slow, call: () => watchTicker(addresses.ticker) },
    { service: 'ledger', perSecond: slow, call: () => addToLedger(addresses.ledger) },
    { service: 'greeter', perSecond: slow, call: () => beGreeted(addresses.greeter) },
  ];
  const closeClients = (): void => {
    for (const client of [web, catalog, prices]) client.close();
  };
  return { targets, closeClients };
}

async function get(client: JsonClient, path: string): Promise<string> {
  const { status, body } = await client.get(path, startTrace(), callTimeoutMs);
  if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body['error'])}`);
  return String(body['version']);
}

async function watchTicker(address: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const connection = await openWebSocket(address, '/', startTrace(), resolve);
  connection.onClosed(() => reject(new Error('closed before the first tick')));
  connection.send('now');
  try {
    const tick = JSON.parse(await within(callTimeoutMs, 'ticker', promise)) as { readonly version: string };
    return tick.version;
  } finally {
    connection.close(1000);
  }
}

async function addToLedger(address: string): Promise<string> {
  const [answer = ''] = await converse(address, ['ADD customers 1'], {
    serverSpeaksFirst: false,
    timeoutMs: callTimeoutMs,
  });
  const [word, version = '-'] = answer.split(' ');
  if (word !== 'OK') throw new Error(`ledger said ${answer}`);
  return version;
}

async function beGreeted(address: string): Promise<string> {
  const [greeting = ''] = await converse(address, ['QUIT'], {
    serverSpeaksFirst: true,
    timeoutMs: callTimeoutMs,
  });
  const version = /^220 greeter (\S+)/.exec(greeting)?.[1];
  if (version === undefined) throw new Error(`greeter said ${greeting}`);
  return version;
}
