/** Child process: the light proxies of a bench, in one event loop. What it is told and answers is in fleet.ts. */

import { setImmediate } from 'node:timers';
import { createSecureContext } from 'node:tls';
import type { ResourceKind } from '../../src/xds/resource.ts';
import { AdsClient } from './ads-client.ts';
import { ResponseReader, type WireResponse } from './ads-wire.ts';
import type { FleetCommand, FleetReply, FleetSetup, Spread } from './fleet.ts';
import { quantile } from './statistics.ts';

const limitMs = 300_000;
const reader = new ResponseReader();
let clients: readonly AdsClient[] = [];

/** What is being waited for: an end, or the arrival of one resource at all who hold it. */
interface Watch {
  readonly kind: ResourceKind;
  readonly name: string;
  waiting: number;
  readonly atMs: number[];
  bytes: number;
  readonly done: () => void;
}
let watch: Watch | undefined;
let inSync: ((client: AdsClient) => void) | undefined;
let ended: ((why: string) => void) | undefined;
let receivedBytes = 0;
let receivedResources = 0;

/** Milliseconds of the clock that all processes of the machine share. */
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

function setUp({ ca, serverName, proxies, everything }: FleetSetup): void {
  clients = proxies.map(
    ({ id, workload, key, chain, destinations }) =>
      new AdsClient({
        id,
        workload,
        serverName,
        context: createSecureContext({ ca, key, cert: chain }),
        destinations: destinations ?? everything,
        reader,
        onResponse: received,
        onInSync: (client) => inSync?.(client),
        onEnd: (_, why) => ended?.(why),
      }),
  );
}

function received(_client: AdsClient, { kind, content }: WireResponse, bytes: number): void {
  receivedBytes += bytes;
  receivedResources += content.resources.length;
  if (watch === undefined || kind !== watch.kind) return;
  const { name } = watch;
  if (!content.resources.some((resource) => resource.name === name)) return;
  watch.bytes += bytes;
  watch.atMs.push(nowMs());
  if (--watch.waiting === 0) watch.done();
}

async function sync(port: number, count: number, resume: boolean): Promise<FleetReply> {
  const chosen = clients.slice(0, count);
  for (const client of chosen) {
    if (resume) client.prepareResume();
    else client.prepareFresh();
  }
  // So that the collection of what was just encoded does not fall into what is measured.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  [receivedBytes, receivedResources] = [0, 0];
  const startedMs = nowMs();
  const tookMs: number[] = [];
  await within(
    `${count} proxies in sync`,
    () => `${tookMs.length} are`,
    (resolve, reject) => {
      inSync = () => {
        tookMs.push(nowMs() - startedMs);
        if (tookMs.length === count) resolve();
      };
      ended = (why) => reject(new Error(`a proxy lost its stream: ${why}`));
      connectAll(chosen, port);
    },
  );
  inSync = undefined;
  return { spread: spreadOf(tookMs), bytes: receivedBytes, resources: receivedResources };
}

/** In slices, so that the first connections go on while the last are opened. */
function connectAll(chosen: readonly AdsClient[], port: number): void {
  const rest = [...chosen];
  const step = (): void => {
    for (const client of rest.splice(0, 20)) client.connect(port);
    if (rest.length > 0) setImmediate(step);
  };
  step();
}

function arm(kind: ResourceKind, name: string): FleetReply {
  const holders = clients.filter((client) => client.holds(kind, name)).length;
  const { promise, resolve } = Promise.withResolvers<void>();
  watch = { kind, name, waiting: holders, atMs: [], bytes: 0, done: resolve };
  arrival = promise;
  return { holders };
}
let arrival: Promise<void> = Promise.resolve();

/** @param sinceMs of the shared clock */
async function arrived(sinceMs: number): Promise<FleetReply> {
  const current = watch;
  if (current === undefined) throw new Error('nothing is waited for');
  const all = current.waiting + current.atMs.length;
  await within(
    `${current.kind} ${current.name} at ${all} proxies`,
    () => `${current.atMs.length} have it`,
    (resolve) => void arrival.then(resolve),
  );
  watch = undefined;
  return { spread: spreadOf(current.atMs.map((at) => at - sinceMs)), bytes: current.bytes };
}

function within(
  what: string,
  state: () => string,
  executor: (resolve: () => void, reject: (error: Error) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not within ${limitMs} ms: ${what}; ${state()}`)),
      limitMs,
    );
    const finish = (): void => clearTimeout(timer);
    executor(
      () => {
        finish();
        resolve();
      },
      (error) => {
        finish();
        reject(error);
      },
    );
  });
}

function spreadOf(values: readonly number[]): Spread {
  return { p50Ms: quantile(values, 0.5), p90Ms: quantile(values, 0.9), lastMs: quantile(values, 1) };
}

async function drop(): Promise<FleetReply> {
  ended = undefined;
  for (const client of clients) client.close();
  return {};
}

async function perform(command: FleetCommand): Promise<FleetReply> {
  switch (command.what) {
    case 'set up':
      setUp(command.setup);
      return {};
    case 'sync':
      return sync(command.port, command.count, command.resume);
    case 'arm':
      return arm(command.kind, command.name);
    case 'arrived':
      return arrived(command.sinceMs);
    case 'drop':
      return drop();
    case 'received':
      return { bytes: receivedBytes, resources: receivedResources };
    case 'expect loss':
      ended = undefined;
      return {};
  }
}

process.on('message', (command: FleetCommand) => {
  perform(command).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
