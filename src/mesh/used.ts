/**
 * What each workload's proxies use, gathered from what they ask for. Nothing of it is stored: a proxy that
 * connects to another replica, or after a restart, tells its own part again. Workloads that use the same share
 * one set, and what is derived from it.
 */

import { listDigest } from '../base/list-digest.ts';
import type { GraphApi, Index, Source } from '../graph/types.ts';
import type { UsedSet } from './model.ts';

/** Far above what a workload calls in earnest; a scanner must not make the mesh hold every address. */
const mostDestinations = 20_000;

interface SharedSet {
  readonly set: UsedSet;
  workloads: number;
}

export class UsedSets {
  readonly #source: Source<UsedSet>;
  readonly #ofWorkload = new Map<string, UsedSet>();
  readonly #shared = new Map<string, SharedSet>();

  constructor(source: Source<UsedSet>) {
    this.#source = source;
  }

  /**
   * Adds destinations (`<ip>:<port>`) to a workload's set; without any, tells that the workload has proxies.
   *
   * @returns how many were left out because the set is full
   */
  use(workload: string, destinations: readonly string[]): number {
    const former = this.#ofWorkload.get(workload);
    const all = new Set(former?.destinations);
    const before = all.size;
    let refused = 0;
    for (const destination of destinations) {
      if (all.size < mostDestinations || all.has(destination)) all.add(destination);
      else refused++;
    }
    if (all.size === before && former !== undefined) return refused;
    const set = this.#share([...all].sort());
    this.#ofWorkload.set(workload, set);
    if (former !== undefined) this.#release(former);
    this.#source.set(workload, set);
    return refused;
  }

  /** The set of these destinations that other workloads have as well, if any does. */
  #share(destinations: readonly string[]): UsedSet {
    const id = listDigest(destinations);
    const known = this.#shared.get(id) ?? { set: { destinations }, workloads: 0 };
    known.workloads++;
    this.#shared.set(id, known);
    return known.set;
  }

  #release({ destinations }: UsedSet): void {
    const id = listDigest(destinations);
    const known = this.#shared.get(id);
    if (known !== undefined && --known.workloads === 0) this.#shared.delete(id);
  }
}

/**
 * Who uses a destination, by destination: one entry for all workloads of a namespace that use the same set, whose
 * key begins with the namespace. A thousand workloads that use a thousand destinations would be a million entries.
 */
export function indexUsers(graph: GraphApi, used: Source<UsedSet>): Index<UsedSet> {
  const sharers = graph.index('usedSharers', used, ({ destinations }, workload) => [
    `${workload.slice(0, workload.indexOf('/'))}/${listDigest(destinations)}`,
  ]);
  // All members are alike, so that there is one more of them is no news.
  const sets = graph.derive('usedSets', sharers, (_, [first]) => first?.value);
  return graph.index('usedBy', sets, ({ destinations }) => destinations);
}
