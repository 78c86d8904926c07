/** The client of admission.ts: bare HTTP/1.1 on TLS sockets, so that it costs the machine as little as possible. */

import { connect, type TLSSocket } from 'node:tls';
import { connections, type AdmissionFigures, type AdmissionTask } from './admission.ts';
import { benchReview } from './admission-review.ts';

const body = Buffer.from(benchReview());
const head = `POST /inject HTTP/1.1\r\nHost: weft\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
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

function exchange(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let wanted = Number.POSITIVE_INFINITY;
    const onData = (chunk: Buffer): void => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (wanted === Number.POSITIVE_INFINITY) {
        const end = received.indexOf(endOfHead);
        if (end < 0) return;
        const text = received.toString('latin1', 0, end);
        const length = /content-length: (\d+)/i.exec(text)?.[1];
        if (!text.startsWith('HTTP/1.1 200') || length === undefined) return reject(new Error(text));
        wanted = end + endOfHead.length + Number(length);
      }
      if (received.length < wanted) return;
      socket.off('data', onData);
      socket.off('close', reject);
      resolve();
    };
    socket.on('data', onData);
    socket.once('close', reject);
    socket.write(message);
  });
}
