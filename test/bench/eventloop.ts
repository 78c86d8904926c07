/**
 * The longest time that the control plane's event loop did nothing else, from its start on: reading workload W, 1,000
 * proxies that connect at once for the whole mesh, and a hundred changes of EndpointSlices and HTTPRoutes each.
 */

import type { Figures, Surroundings } from './cases.ts';
import { measurePush } from './push.ts';

export async function run({ kubeconfigPath }: Surroundings): Promise<Figures> {
  const { maxStallMs = Number.NaN } = await measurePush(kubeconfigPath, 'mesh', 1000);
  return { maxStallMs };
}
