/**
 * What each workload's proxies use, gathered from what they ask for. Nothing of it is stored: a proxy that
 * connects to another replica, or after a restart, tells its own part again.
 */

import type { Source } from '../graph/types.ts';
import type { UsedSet } from './model.ts';

/** Far above what a workload calls in earnest; a scanner must not make the mesh hold every address. */
const mostDestinations = 20_000;

export class UsedSets {
  readonly #source: Source<UsedSet>;
  readonly #sets = new Map<string, Set<string>>();

  constructor(source: Source<UsedSet>) {
    this.#source = source;
  }

  /**
   * Adds destinations (`<ip>:<port>`) to a workload's set.
   *
   * @returns how many were left out because the set is full
   */
  use(workload: string, destinations: readonly string[]): number {
    const set = this.#sets.get(workload) ?? new Set<string>();
    this.#sets.set(workload, set);
    const before = set.size;
    let refused = 0;
    for (const destination of destinations) {
      if (set.size < mostDestinations || set.has(destination)) set.add(destination);
      else refused++;
    }
    if (set.size > before) this.#source.set(workload, { destinations: [...set].sort() });
    return refused;
  }
}
