/** Starts etcd and the API server, on a node or on their own, and waits for what is starting. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wait } from '../../src/base/backoff.ts';
import { withProgress } from '../command.ts';
import type { ApiClient } from './api.ts';
import { apiServerArguments, auditPolicy, type ControlPlane, etcdArguments } from './components.ts';
import type { Supervisor } from './supervisor.ts';

/** Far more than a start ever took, on a machine that is busy with other things. */
const startLimitMs = 120_000;
const pollMs = 40;

/** Waits until the condition holds; on failure says what `component` said last. */
export async function until(
  what: string,
  supervisor: Supervisor,
  component: string,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadlineMs = performance.now() + startLimitMs;
  await withProgress(supervisor.log, `waiting until ${what}`, async () => {
    while (!(await holds())) {
      supervisor.signal.throwIfAborted();
      if (performance.now() > deadlineMs) {
        const words = await supervisor.lastWords(component);
        throw new Error(`waited ${startLimitMs / 1000} s until ${what}; ${component} said last:\n${words}`);
      }
      await wait(pollMs, supervisor.signal);
    }
  });
}

export async function startControlPlane(
  plane: ControlPlane,
  programs: Readonly<Record<'etcd' | 'kube-apiserver', string>>,
  supervisor: Supervisor,
  api: ApiClient,
): Promise<void> {
  await writeFile(join(plane.directory, 'audit-policy.yaml'), auditPolicy);
  supervisor.start('etcd', [programs.etcd, ...etcdArguments(plane)]);
  supervisor.start('kube-apiserver', [programs['kube-apiserver'], ...apiServerArguments(plane)]);
  await until('the API server is ready', supervisor, 'kube-apiserver', () => api.isReady());
}
