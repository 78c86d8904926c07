/** How long a control plane takes from the start of its process until it is ready, with workload W in the cluster. */

import type { Figures, Surroundings } from './cases.ts';
import { buildControlPlane, startControlPlane } from './control-plane.ts';
import { quantile } from './statistics.ts';

const rounds = 7;

export async function run({ kubeconfigPath }: Surroundings): Promise<Figures> {
  const program = await buildControlPlane();
  // The first start of all makes the certificate authority and the webhook configurations; that is not counted.
  await (await startControlPlane(program, kubeconfigPath)).kill();
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const controlPlane = await startControlPlane(program, kubeconfigPath);
    seconds.push(controlPlane.readySeconds);
    const { cpuSeconds, residentMB } = controlPlane.consumption();
    console.log(
      `ready after ${controlPlane.readySeconds.toFixed(2)} s, ${cpuSeconds} s CPU, ${residentMB.toFixed(0)} MB`,
    );
    await controlPlane.kill();
  }
  return { readySeconds: quantile(seconds, 0.5) };
}
