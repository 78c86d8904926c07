/** What the command touches of the outside: the terminal, the clock, the API server, the replicas. Tests bring their own. */

import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { wait } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { silent } from '../base/log.ts';
import { debugPort } from '../base/names.ts';
import { createKubeApi } from '../kube/api.ts';
import { openPassThrough, type PassThrough } from '../kube/pass-through.ts';
import { forwardPort } from '../kube/port-forward.ts';
import type { KubeClient } from '../kube/types.ts';

/** Which kubeconfig and context; empty means as kubectl finds it. */
export interface Target {
  readonly kubeconfigPath: string;
  readonly context: string;
}

export interface Edges {
  readonly clock: Pick<Clock, 'now'>;
  /** Ends early when the signal aborts. */
  readonly sleep: (delayMs: number, signal?: AbortSignal) => Promise<void>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readInput: () => Promise<string>;
  /** Whether a person reads standard output. */
  readonly isTerminal: boolean;
  /** Whether that person wants colour. */
  readonly colored: boolean;
  /** Lines and columns of the terminal, as far as it has any. */
  readonly screen: () => { readonly lines: number; readonly columns: number };
  /**
   * Aborts when somebody wants the command to end (a signal, or nobody reads any more). Whoever asks for it has to end the command then;
   * a second signal ends it whatever it does.
   */
  readonly interrupted: () => AbortSignal;
  readonly writeFile: (path: string, content: Uint8Array) => Promise<void>;
  readonly connect: (target: Target) => KubeClient;
  /** Single requests as they are, with the user's credentials. */
  readonly passThrough: (target: Target) => Promise<PassThrough>;
  /** Whether there was a program to open it with. */
  readonly openBrowser: (url: string) => boolean;
  /** GET of a replica's loopback API; undefined where it answers 404. */
  readonly askReplica: (
    target: Target,
    pod: { readonly namespace: string; readonly name: string },
    path: string,
  ) => Promise<unknown>;
}

const answerTimeoutMs = 15_000;

export function systemEdges(): Edges {
  return {
    clock: systemClock,
    sleep: wait,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    readInput: () => readAll(process.stdin),
    isTerminal: process.stdout.isTTY,
    colored: process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
    screen: () => ({ lines: process.stdout.rows || 24, columns: process.stdout.columns || 80 }),
    interrupted,
    // Reports may tell more of a cluster than its other users should read.
    writeFile: (path, content) => writeFile(path, content, { mode: 0o600, flag: 'wx' }),
    connect: (target) => createKubeApi({ ...target, log: silent }),
    passThrough: openPassThrough,
    openBrowser,
    askReplica,
  };
}

let endsByItself = false;

/** Whether the command has something to put in order before it ends, and was told that it should. */
export function isEnding(): boolean {
  return endsByItself;
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  endsByItself = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort());
  }
  // Whoever reads has stopped, as `head` does.
  process.stdout.once('error', () => controller.abort());
  return controller.signal;
}

/** A desktop that is not there makes no browser. */
function openBrowser(url: string): boolean {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
    return false;
  const program = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  // Whoever sees the address can open it by hand.
  child.on('error', () => undefined);
  child.unref();
  return child.pid !== undefined;
}

const askReplica: Edges['askReplica'] = async (target, pod, path) => {
  const forwarded = await forwardPort(target, pod, debugPort);
  try {
    const response = await fetch(`http://127.0.0.1:${forwarded.port}${path}`, {
      signal: AbortSignal.timeout(answerTimeoutMs),
      headers: { connection: 'close' },
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${pod.name} answered ${response.status}`);
    return await response.json();
  } catch (error) {
    // The local connection only ends; the port-forward knows why.
    throw forwarded.failure() ?? error;
  } finally {
    forwarded.close();
  }
};
