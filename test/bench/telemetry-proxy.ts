/**
 * What telemetry costs a proxy: two pairs of real Envoys, a client's and a server's with mutual TLS in between, side by side
 * under a thousand requests per second each. One pair counts and reports as the webhook and the translation have it, the
 * other is told nothing of either. Both run at the same time, so that whatever else the machine does meets both alike.
 *
 * Who is driven first in a turn of the driver's event loop does its work in a processor that has just woken up and has cold
 * caches: ratios of single rounds are a few percent too low where the one that does not count goes first, and too high
 * where it goes second. So rounds of both orders follow one another, and a ratio is taken over ten seconds of them, one
 * half of each order; that is also the time from report to report, so that each has the work of one in it. The figure is
 * the median of these ratios.
 */

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { wait } from '../../src/base/backoff.ts';
import { reportIntervalSeconds, signals } from '../../src/base/signals.ts';
import { type ProxyPair, startPair } from '../support/proxy-pair.ts';
import type { Figures } from './cases.ts';
import { memoryOf } from './control-plane.ts';
import { quantile } from './statistics.ts';

const perSecond = 1000;
const connections = 10;
/** Short ones, so that a machine that does other work as well does much the same of it in both orders. */
const roundMs = 1_000;
const roundsPerRatio = reportIntervalSeconds;
const ratioCount = 15;
const pace = { reportEvery: `${reportIntervalSeconds}s` };

export async function run(): Promise<Figures> {
  // Of HTTP no more than its proxy needs, so that the processors are the proxies'.
  const application = createServer((socket) => {
    socket.setNoDelay().on('error', () => {});
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'));
  });
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  const { port } = application.address() as AddressInfo;
  const plain = await startPair({ ...pace, applicationPort: port, telemetry: false });
  const counting = await startPair({ ...pace, applicationPort: port });
  try {
    return await measure(plain, counting);
  } finally {
    for (const pair of [plain, counting]) await pair.stop();
    application.close();
  }
}

async function measure(plain: ProxyPair, counting: ProxyPair): Promise<Figures> {
  // Connections, memory and the statistics themselves are there before anything is measured.
  for (const pair of [plain, counting]) await drive(pair, 2_000);
  const ratios: number[] = [];
  const [without, withIt]: [number[], number[]] = [[], []];
  while (ratios.length < ratioCount) {
    const [off, on] = await driveBoth(plain, counting);
    without.push(off);
    withIt.push(on);
    ratios.push(on / off);
  }
  const { count, bytes } = counting.client.reports;
  const counted = counting.client.series(signals.duration.client).reduce((sum, { total }) => sum + total, 0);
  if (counted === 0 || plain.client.reports.count > 0) throw new Error('the wrong proxy reports');
  console.log(
    `ratios ${ratios.map((ratio) => ratio.toFixed(3)).join(' ')}; ${counted} requests in ${count} reports`,
  );
  return {
    cpuRatio: quantile(ratios, 0.5),
    plainMicrosPerRequest: quantile(without, 0.5),
    microsPerRequest: quantile(withIt, 0.5),
    bytesPerReport: bytes / count,
    addedMB: memoryOf(counting.client.pid, 'RssAnon') - memoryOf(plain.client.pid, 'RssAnon'),
  };
}

/** Processor time per request of each pair, in microseconds, over rounds of both orders. */
async function driveBoth(first: ProxyPair, second: ProxyPair): Promise<readonly [number, number]> {
  const spent: [Spent, Spent] = [
    { micros: 0, requests: 0 },
    { micros: 0, requests: 0 },
  ];
  for (let round = 0; round < roundsPerRatio; round++) {
    const pairs = [first, second].map((pair, index) => [pair, spent[index] as Spent] as const);
    await Promise.all(
      (round % 2 === 0 ? pairs : pairs.toReversed()).map(async ([pair, sum]) => {
        const { micros, requests } = await drive(pair, roundMs);
        sum.micros += micros;
        sum.requests += requests;
      }),
    );
  }
  const [a, b] = spent;
  return [a.micros / a.requests, b.micros / b.requests];
}

/** Processor time of both proxies of a pair, and requests that it was for. */
interface Spent {
  micros: number;
  requests: number;
}

async function drive({ client, server, ports }: ProxyPair, forMs: number): Promise<Spent> {
  const before = cpuMicros(client.pid) + cpuMicros(server.pid);
  const deadline = performance.now() + forMs;
  const done = await Promise.all(Array.from({ length: connections }, () => sendUntil(ports.http, deadline)));
  const requests = done.reduce((sum, each) => sum + each, 0);
  return { micros: cpuMicros(client.pid) + cpuMicros(server.pid) - before, requests };
}

/**
 * One request after the other on one connection, each when it is due and no sooner than the one before is answered: a
 * machine that is busy gives fewer of them, never a burst. Gives how many there were.
 */
async function sendUntil(port: number, deadline: number): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  let done = 0;
  let dueAt = performance.now();
  for (; dueAt < deadline; dueAt = Math.max(dueAt + connections * (1000 / perSecond), performance.now())) {
    await wait(Math.max(0, dueAt - performance.now()));
    socket.write('GET / HTTP/1.1\r\nhost: web.shop\r\nuser-agent: bench\r\naccept: */*\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!answer.includes('200 OK')) throw new Error(`answered ${answer.toString()}`);
    done += 1;
  }
  socket.destroy();
  return done;
}

/** Of all threads: the kernel counts the time they ran in nanoseconds. */
function cpuMicros(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return sum + Number(nanoseconds) / 1000;
  }, 0);
}
