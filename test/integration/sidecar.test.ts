/**
 * The sidecar as the webhook makes it, on the real Envoy with the real packet rules, without Kubernetes: a "pod" is a
 * network namespace, the "kubelet" is this process in another one. The file runs itself again inside namespaces
 * of its own, so that nothing of it can meet anything else on the machine.
 */

import { spawnSync } from 'node:child_process';

const marker = 'WEFT_TEST_NAMESPACES';

if (process.env[marker] === '1') {
  await import('./sidecar/cases.ts');
} else {
  const fresh = ['--net', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'];
  const argv = [...fresh, process.execPath, ...process.execArgv];
  const { status, error } = spawnSync('unshare', [...argv, import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, [marker]: '1' },
  });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}
