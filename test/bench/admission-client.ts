/** The client of admission.ts: bare HTTP/1.1 on TLS sockets, so that it costs the machine as little as possible. */

import { connect, type TLSSocket } from 'node:tls';
import { connections, type AdmissionFigures, type AdmissionTask } from './admission.ts';
import { benchReview } from './admission-review.ts';

const body = Buffer.from(benchReview());
/** As the API server sends it, which never speaks HTTP/2 with webhooks. */
const head = [
  'POST /inject?timeout=10s HTTP/1.1',
  'Host: weft.weft-system.svc:443',
  'User-Agent: kube-apiserver-admission',
  `Content-Length: ${body.length}`,
  'Accept: application/json, */*',
  'Content-Type: application/json',
  'Accept-Encoding: gzip',
  '\r\n',
].join('\r\n');
const message = Buffer.concat([Buffer.from(head), body]);
const endOfHead = Buffer.from('\r\n\r\n');

process.on('message', (task: AdmissionTask) => {
  drive(task).then(
    (figures) => process.send?.(figures),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function drive(task: AdmissionTask): Promise<AdmissionFigures> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(task.port)));
  const tookMs: number[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + task.durationMs;
  await Promise.all(sockets.map((socket) => converse(socket, untilMs, tookMs)));
  const elapsedMs = performance.now() - startedMs;
  for (const socket of sockets) socket.destroy();
  tookMs.sort((a, b) => a - b);
  return { reviews: tookMs.length, elapsedMs, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) };
}

function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}

function open(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

/** One request after the other until the time is over. */
async function converse(socket: TLSSocket, untilMs: number, tookMs: number[]): Promise<void> {
  while (performance.now() < untilMs) {
    const sentMs = performance.now();
    await exchange(socket);
    tookMs.push(performance.now() - sentMs);
  }
}

/** What is received is counted and dropped: keeping it would fill this process's memory, and measure its clearing up. */
function exchange(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing: number | undefined;
    const onData = (chunk: Buffer): void => {
      missing = (missing ?? answerBytes(chunk)) - chunk.length;
      if (missing > 0) return;
      socket.off('data', onData);
      socket.off('close', reject);
      if (missing === 0) resolve();
      else reject(new Error(`${-missing} bytes more than the answer`));
    };
    socket.on('data', onData);
    socket.once('close', reject);
    socket.write(message);
  });
}

/** Of head and body, as the head says, which comes whole at the beginning. Throws where it is no answer to a review. */
function answerBytes(chunk: Buffer): number {
  const head = chunk.toString('latin1', 0, Math.max(0, chunk.indexOf(endOfHead)));
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200') || length === undefined) throw new Error(chunk.toString());
  return head.length + endOfHead.length + Number(length);
}
