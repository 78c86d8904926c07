/**
 * Admission through HTTPS: the webhook in this process, the API server played by another one with 16 connections that
 * each send the next review as soon as the last is answered. The pod is a typical one of a Deployment, 7.9 KB as review.
 */

import { fork } from 'node:child_process';
import { Writable } from 'node:stream';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { prepareInjection } from '../../src/webhook/inject/inject.ts';
import { testContext } from '../../src/webhook/inject/testing.ts';
import { createWebhookServer } from '../../src/webhook/server.ts';

/** Until the compiler has seen enough: a control plane runs for weeks. */
const warmUpMs = 8_000;
const measuredMs = 5_000;
export const connections = 16;

/** What the client is told to do. */
export interface AdmissionTask {
  readonly port: number;
  readonly durationMs: number;
}

/** What the client found. */
export interface AdmissionFigures {
  readonly reviews: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function run(): Promise<Record<string, number>> {
  const authority = new Authority(testMaterial(systemClock), systemClock);
  const serving = {
    dnsNames: ['weft.weft-system.svc'],
    uri: 'spiffe://cluster.local/ns/weft-system/sa/weft',
  };
  const { key, chain } = authority.issueServing({ ...serving, lifetimeMs: 3_600_000 });
  const injection = prepareInjection(testContext({ random: () => crypto.randomUUID().replaceAll('-', '') }));
  const server = createWebhookServer({
    injection: () => injection,
    namespaceLabels: () => ({ 'weft.dev/inject': 'enabled' }),
    advise: () => Promise.resolve([]),
    tls: { key, certificate: chain },
    log: createLogger('info', nowhere()),
  });
  const port = await server.listen('127.0.0.1', 0);
  const client = fork(new URL('./admission-client.ts', import.meta.url));
  try {
    await measure(client, { port, durationMs: warmUpMs });
    const cpuBefore = process.cpuUsage();
    const figures = await measure(client, { port, durationMs: measuredMs });
    const cpu = process.cpuUsage(cpuBefore);
    return {
      reviewsPerSecond: figures.reviews / (figures.elapsedMs / 1000),
      p50Ms: figures.p50Ms,
      p99Ms: figures.p99Ms,
      cpuMsPerReview: (cpu.user + cpu.system) / 1000 / figures.reviews,
    };
  } finally {
    client.kill();
    await server.close();
  }
}

function measure(client: ReturnType<typeof fork>, task: AdmissionTask): Promise<AdmissionFigures> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the client ended with ${code}`));
    client.once('exit', ended);
    client.once('message', (figures) => {
      client.off('exit', ended);
      resolve(figures as AdmissionFigures);
    });
    client.send(task);
  });
}

/** Log lines are made and dropped: their cost belongs to a review, the terminal's does not. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
