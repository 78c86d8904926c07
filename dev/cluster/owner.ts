/** The owner's side of a keeper: starting one, and asking one that runs. */

import { spawn } from 'node:child_process';
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Log } from '../command.ts';
import { cacheDirectory } from './paths.ts';
import { controlSocket, keepLine, type Plan, type Report } from './plan.ts';

/** What keepers say once nobody listens any more; one file for all, begun anew when it has grown. */
async function openLog(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  const sizeBytes = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (sizeBytes > 1 << 20) await rm(path, { force: true });
  return open(path, 'a');
}

export interface Keeper {
  /** URL of the API server. */
  readonly address: string;
  /** Lets the cluster live on after this process. */
  release(): void;
  /** Resolves when the keeper has ended and nothing is left of its cluster. */
  ended(): Promise<void>;
}

/**
 * Starts a keeper and resolves once its cluster is ready; rejects with the reason, after it has cleaned up. Aborting
 * ends a start under way.
 */
export async function startKeeper(plan: Plan, log: Log, signal?: AbortSignal): Promise<Keeper> {
  const logPath = join(cacheDirectory(), 'keepers.log');
  const logFile = await openLog(logPath);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts')], {
    stdio: ['pipe', 'pipe', logFile.fd],
    // Its own session: the terminal's Ctrl-C is for the owner, which ends the keeper by leaving.
    detached: true,
    cwd: '/',
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the keeper has no pipes');
  await logFile.close();
  stdin.on('error', () => {});
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signal?.addEventListener('abort', () => stdin.end(), { once: true });
  stdin.write(`${JSON.stringify(plan)}\n`);
  const address = await new Promise<string>((resolve, reject) => {
    let failure = `the keeper ended before the cluster was ready; its log is ${logPath}`;
    child.once('error', (error) => reject(error));
    child.once('close', () => reject(new Error(failure)));
    createInterface({ input: stdout }).on('line', (line) => {
      const message = JSON.parse(line) as Report;
      if (message.kind === 'progress') log(message.line);
      if (message.kind === 'failed') failure = message.reason;
      if (message.kind === 'ready') resolve(message.address);
    });
  });
  // A cluster that is left running must not keep its owner from ending.
  child.unref();
  for (const stream of [stdin, stdout] as unknown as { unref(): void }[]) stream.unref();
  return {
    address,
    release: () => stdin.end(`${keepLine}\n`),
    ended: () => {
      child.ref();
      return ended;
    },
  };
}

/** Sends one request to the keeper of the cluster in this folder; throws what it answers when it refuses. */
export async function askKeeper(directory: string, request: string): Promise<void> {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = createConnection(controlSocket(directory));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text.trim()));
    socket.on('error', reject);
    socket.write(`${request}\n`);
  });
  if (answer !== 'ok') throw new Error(answer.replace(/^error /, '') || 'the keeper ended without an answer');
}
