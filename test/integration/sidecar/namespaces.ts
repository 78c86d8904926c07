/** Two network namespaces joined by a cable: this process's own is the node, the other one is the pod. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { run } from '../../../dev/command.ts';

export const nodeAddress = '10.99.0.1';
export const podAddresses = { v4: '10.99.0.5', v6: 'fd99::5' } as const;

export interface PodNetwork {
  /** Starts a program in the pod as this user; its output goes nowhere unless piped. */
  start(uid: number, argv: readonly string[], environment?: Readonly<Record<string, string>>): ChildProcess;
  /** Runs a program in the pod to its end and returns what it printed. */
  run(uid: number, argv: readonly string[]): Promise<string>;
  close(): void;
}

/** Gives /run and the hosts file to this process alone, then builds the pod's network. */
export async function createPodNetwork(hosts: Readonly<Record<string, string>>): Promise<PodNetwork> {
  await run(['mount', '--make-rprivate', '/']);
  await run(['mount', '-t', 'tmpfs', 'none', '/run']);
  const hostsFile = '/run/hosts';
  const lines = Object.entries({ localhost: '127.0.0.1', ...hosts }).map(
    ([name, address]) => `${address} ${name}\n`,
  );
  await writeFile(hostsFile, lines.join(''));
  await run(['mount', '--bind', hostsFile, '/etc/hosts']);
  await mkdir('/run/weft', { recursive: true });

  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  const enter = ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
  await until(async () => {
    // The holder has its own namespace only a moment after it was started.
    const [mine, its] = await Promise.all(['self', String(holder.pid)].map((pid) => namespaceOf(pid)));
    return mine !== its;
  });
  await run(['ip', 'link', 'set', 'lo', 'up']);
  await run([
    'ip',
    'link',
    'add',
    'cable',
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    String(holder.pid),
  ]);
  await run(['ip', 'address', 'add', `${nodeAddress}/24`, 'dev', 'cable']);
  await run(['ip', 'address', 'add', 'fd99::1/64', 'dev', 'cable', 'nodad']);
  await run(['ip', 'link', 'set', 'cable', 'up']);
  await run([...enter, 'ip', 'link', 'set', 'lo', 'up']);
  await run([...enter, 'ip', 'address', 'add', `${podAddresses.v4}/24`, 'dev', 'eth0']);
  await run([...enter, 'ip', 'address', 'add', `${podAddresses.v6}/64`, 'dev', 'eth0', 'nodad']);
  await run([...enter, 'ip', 'link', 'set', 'eth0', 'up']);

  const as = (uid: number): string[] =>
    uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs'];
  const started: ChildProcess[] = [holder];
  return {
    start: (uid, argv, environment) => {
      const child = spawn('nsenter', [...enter.slice(1), ...as(uid), ...argv], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...environment },
      });
      started.push(child);
      return child;
    },
    run: (uid, argv) => run([...enter, ...as(uid), ...argv]),
    close: () => {
      for (const child of started) child.kill('SIGKILL');
    },
  };
}

async function namespaceOf(pid: string): Promise<string> {
  return run(['readlink', `/proc/${pid}/ns/net`]);
}

/** Polls until the condition holds; fails loudly after ten seconds. */
export async function until(condition: () => Promise<boolean>, what = 'the condition'): Promise<void> {
  const deadlineMs = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`${what} did not come true within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
