/** What both children of the cache bench measure, in the same way. */

import type { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CacheFigures } from './cache.ts';

export interface FilledCache {
  count(): number;
  /** Kept alive until the heap has been measured. */
  readonly retained: readonly unknown[];
}

/** Fills, measures, and sends the figures to the parent. The client has sent a request before: its modules are loaded. */
export async function measureCache(
  delay: ReturnType<typeof monitorEventLoopDelay>,
  fill: () => Promise<FilledCache>,
): Promise<void> {
  const before = heapInUse();
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const cache = await fill();
  const fillMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  delay.disable();
  const heapBytes = heapInUse() - before;
  const figures: CacheFigures = {
    objects: cache.retained.length > 0 ? cache.count() : 0,
    fillMs,
    cpuMs: (user + system) / 1000,
    heapBytes,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    maxStallMs: delay.max / 1e6,
  };
  await new Promise((resolve) => process.send?.(figures, resolve));
}

function heapInUse(): number {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
