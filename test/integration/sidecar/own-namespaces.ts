/** Runs a test file again inside namespaces of its own, so that nothing of it can meet anything else on the machine. */

import { spawnSync } from 'node:child_process';

const marker = 'WEFT_TEST_NAMESPACES';

/** `file` is the test's own name; `cases` loads what it is to do inside. */
export async function inOwnNamespaces(file: string, cases: () => Promise<unknown>): Promise<void> {
  if (process.env[marker] === '1') {
    await cases();
    return;
  }
  const fresh = ['--net', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'];
  const argv = [...fresh, process.execPath, ...process.execArgv];
  const { status, error } = spawnSync('unshare', [...argv, file], {
    stdio: 'inherit',
    env: { ...process.env, [marker]: '1' },
  });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}
