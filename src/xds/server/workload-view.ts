/** The wildcard lists of one workload as numbers, shared by the streams of all its pods. */

import type { ProxyLists, ProxyNames, ResourceKind } from '../resource.ts';
import { IdSet } from './id-set.ts';
import type { ConnectedProxy } from './proxy.ts';
import { type ListChange, noNames, type SharedList, type SharedLists } from './shared-lists.ts';
import type { ResourceRecord } from './table.ts';

export class WorkloadView {
  readonly workload: string;
  readonly proxies = new Set<ConnectedProxy>();
  readonly #sharedLists: SharedLists;
  /** What the workload has for itself. */
  readonly #clusters = new IdSet();
  readonly #listeners = new IdSet();
  #shared: SharedList | undefined;
  #lists: ProxyLists | undefined;

  constructor(workload: string, sharedLists: SharedLists) {
    this.workload = workload;
    this.#sharedLists = sharedLists;
  }

  /** Whether the lists are known; until then nothing may be concluded from what they lack. */
  get ready(): boolean {
    return this.#lists !== undefined;
  }

  has({ kind, id }: ResourceRecord): boolean {
    if (kind === 'cluster') return this.#clusters.has(id) || this.#shared?.clusters.has(id) === true;
    return kind === 'listener' && (this.#listeners.has(id) || this.#shared?.listeners.has(id) === true);
  }

  /** The numbers of the listed resources of a kind. */
  forEach(kind: ResourceKind, visit: (id: number) => void): void {
    if (kind === 'cluster') {
      this.#clusters.forEach(visit);
      this.#shared?.clusters.forEach(visit);
    } else if (kind === 'listener') {
      this.#listeners.forEach(visit);
      this.#shared?.listeners.forEach(visit);
    }
  }

  /** Takes over new lists and says what that changes. */
  update(lists: ProxyLists): readonly ListChange[] {
    const own = this.#sharedLists.step(this.#lists ?? noNames, lists);
    const before = this.#shared;
    const shared = this.#share(lists.shared);
    const common = this.#sharedLists.step(before?.names ?? noNames, shared?.names ?? noNames);
    const added = [...own, ...common].map((change) => ({
      ...change,
      added: change.added.filter((record) => !this.has(record)),
    }));
    for (const change of own) {
      const ids = change.kind === 'cluster' ? this.#clusters : this.#listeners;
      for (const record of change.removed) ids.delete(record.id);
      for (const record of change.added) ids.add(record.id);
    }
    this.#shared = shared;
    this.#lists = lists;
    // What the workload had for itself may have become common, and the other way round.
    const changes = added.map((change) => ({
      ...change,
      removed: change.removed.filter((record) => !this.has(record)),
    }));
    if (before !== undefined) this.#sharedLists.release(before);
    return changes;
  }

  /** Nobody looks at it any more. */
  close(): void {
    if (this.#shared !== undefined) this.#sharedLists.release(this.#shared);
    this.#shared = undefined;
  }

  #share(names: ProxyNames | undefined): SharedList | undefined {
    return names === undefined ? undefined : this.#sharedLists.acquire(names);
  }
}
