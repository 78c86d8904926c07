/**
 * The real control plane as a process of its own, from the bundle that is in its image, on ports of its own; and
 * what the kernel says of it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../dev/images/bundle.ts';
import { controlFlags } from '../../dev/images/definitions.ts';
import { wait } from '../../src/base/backoff.ts';
import { controlNamespace } from './workload.ts';

const startLimitMs = 60_000;
/** Of the kernel's clock in /proc/PID/stat, per second. */
const ticksPerSecond = 100;

export interface Consumption {
  /** User and system time since its start. */
  readonly cpuSeconds: number;
  readonly residentMB: number;
  /** Largest resident memory since its start or the last `forgetPeak`. */
  readonly peakMB: number;
}

export interface ControlPlane {
  readonly xdsPort: number;
  /** From the start of the process to ready. */
  readonly readySeconds: number;
  readonly pid: number;
  consumption(): Consumption;
  forgetPeak(): void;
  /** A metric without labels, or the sum of its series. */
  metric(name: string): Promise<number>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** The program, for any number of starts. */
export async function buildControlPlane(): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'weft-bench-')), 'main.mjs');
  await writeFile(file, await bundle('src/main.ts'));
  return file;
}

/** Resolves when it says that it is ready. Its log is beside the program. */
export async function startControlPlane(program: string, kubeconfigPath: string): Promise<ControlPlane> {
  const [xdsPort, webhookPort, metricsPort, debugPort, apiPort] = await freePorts();
  const flags = {
    kubeconfig: kubeconfigPath,
    namespace: controlNamespace,
    'bind-address': '127.0.0.1',
    'xds-port': xdsPort,
    'webhook-port': webhookPort,
    'metrics-port': metricsPort,
    'debug-port': debugPort,
    'api-port': apiPort,
  };
  const argv = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const log = openSync(`${program}.log`, 'a');
  const nodeFlags = (process.env['WEFT_BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...controlFlags, ...nodeFlags, program, ...argv], {
    stdio: ['ignore', log, log],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  await untilReady(child, `http://127.0.0.1:${metricsPort}/readyz`, `${program}.log`);
  const readySeconds = (performance.now() - startedAt) / 1000;
  const pid = child.pid ?? 0;
  return {
    xdsPort,
    readySeconds,
    pid,
    consumption: () => consumptionOf(pid),
    forgetPeak: () => writeFileSync(`/proc/${pid}/clear_refs`, '5'),
    metric: (name) => readMetric(`http://127.0.0.1:${metricsPort}/metrics`, name),
    kill: async () => {
      process.off('exit', killWithUs);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function untilReady(child: ChildProcess, url: string, log: string): Promise<void> {
  const deadline = performance.now() + startLimitMs;
  let last = 'it does not listen';
  while (performance.now() < deadline) {
    if (child.exitCode !== null)
      throw new Error(`the control plane ended with ${child.exitCode}, see ${log}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    last = (await answer?.text()) ?? last;
    await wait(5);
  }
  throw new Error(`the control plane is not ready after ${startLimitMs} ms: ${last}; see ${log}`);
}

/** Figures of any process, from /proc. */
export function consumptionOf(pid: number): Consumption {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may contain anything; utime and stime are fields 14 and 15 of the line.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    cpuSeconds: ticks / ticksPerSecond,
    residentMB: memoryOf(pid, 'VmRSS'),
    peakMB: memoryOf(pid, 'VmHWM'),
  };
}

/** One line of /proc/PID/status, in MB of a million bytes. */
export function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM' | 'RssAnon'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) throw new Error(`there is no metric ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function freePorts(): Promise<readonly [number, number, number, number, number]> {
  const servers = await Promise.all(
    [0, 1, 2, 3, 4].map(async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = servers.map(
    (server) => (server.address() as { port: number }).port,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [a, b, c, d, e];
}
