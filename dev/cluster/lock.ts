/**
 * A lock between processes. The kernel's own (flock), held by a small child whose input is a pipe from us: however
 * this process ends, the pipe closes, the child ends and the lock is free.
 */

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Runs `work` while holding the lock at `path`; waits for other holders for as long as they take. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    holder.once('error', () => reject(new Error('flock is missing; install the package util-linux')));
    holder.stdout.once('data', () => resolve());
    holder.once('exit', () => reject(new Error(`could not lock ${path}`)));
  });
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
