/**
 * Which ServicePorts a report may speak of: those of the mesh, and those that were there lately, since what was counted
 * of one is reported some time after it is gone.
 */

import type { Clock } from '../base/clock.ts';
import type { Collection } from '../graph/types.ts';

const rememberedMs = 120_000;

/** @param services keyed `namespace/service:port` */
export function knownServices(services: Collection<unknown>, clock: Clock): (key: string) => boolean {
  const gone = new Map<string, () => void>();
  services.subscribe((changes) => {
    for (const { key, after } of changes) {
      gone.get(key)?.();
      gone.delete(key);
      if (after === undefined)
        gone.set(
          key,
          clock.after(rememberedMs, () => gone.delete(key)),
        );
    }
  });
  return (key) => services.has(key) || gone.has(key);
}
