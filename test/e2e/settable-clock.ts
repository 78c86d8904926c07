/**
 * Clocks of the control plane that a test sets while it runs. Each replica is started with a module that adds to Unix time what
 * it is told over HTTP: the program itself is as it always is, and nobody else's clock moves.
 */

import { kinds, type Pod, put } from './apps.ts';
import { controlPlanePods } from './control-plane.ts';
import { type TestMesh, until } from './harness.ts';

const port = 9998;

const module = `
import { createServer } from 'node:http';
const now = Date.now;
let aheadMs = 0;
Date.now = () => now() + aheadMs;
const server = createServer((request, response) => {
  aheadMs = Number(request.url.slice(1));
  response.end();
});
server.listen(${port}).unref();
`;

/** Starts all replicas anew; what is returned does so again, with clocks as they were. */
export async function makeClocksSettable(mesh: TestMesh): Promise<() => Promise<void>> {
  const url = `data:text/javascript;base64,${Buffer.from(module).toString('base64')}`;
  await restartWith(mesh, [{ name: 'weft', env: [{ name: 'NODE_OPTIONS', value: `--import=${url}` }] }]);
  return () => restartWith(mesh, [{ name: 'weft' }]);
}

async function restartWith(mesh: TestMesh, containers: readonly object[]): Promise<void> {
  await put(mesh.api, kinds.deployment, {
    metadata: { name: 'weft', namespace: 'weft-system' },
    spec: { template: { spec: { containers } } },
  });
  const rollout = ['rollout', 'status', 'deployment/weft', '--timeout=180s'];
  await mesh.cluster.kubectl(['-n', 'weft-system', ...rollout]);
  // Until then they answer for what only they know, and sign.
  await until(
    'the replicas of before are gone',
    async () =>
      (await controlPlanePods(mesh)).some(({ metadata }) => metadata.deletionTimestamp !== undefined)
        ? undefined
        : true,
    90_000,
  );
}

/** @param aheadMs of the real time, from now on */
export async function setClock({ status }: Pod, aheadMs: number): Promise<void> {
  const response = await fetch(`http://${status.podIP ?? ''}:${port}/${aheadMs}`);
  if (!response.ok) throw new Error(`the clock was not set: ${response.status}`);
}
