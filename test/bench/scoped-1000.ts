/** See push.ts. */

import type { Figures, Surroundings } from './cases.ts';
import { measurePush } from './push.ts';

export function run({ kubeconfigPath }: Surroundings): Promise<Figures> {
  return measurePush(kubeconfigPath, 'scoped', 1000);
}
