/** The wildcard lists of one workload as numbers, shared by the streams of all its pods. */

import type { ProxyLists, ResourceKind } from '../resource.ts';
import { IdSet } from './id-set.ts';
import type { ConnectedProxy } from './proxy.ts';
import type { ResourceRecord, ResourceTable } from './table.ts';

export type WildcardKind = 'cluster' | 'listener';

export interface ListChange {
  readonly kind: WildcardKind;
  readonly added: readonly ResourceRecord[];
  readonly removed: readonly ResourceRecord[];
}

const emptyLists: ProxyLists = { clusters: [], listeners: [] };

export class WorkloadView {
  readonly workload: string;
  readonly clusters = new IdSet();
  readonly listeners = new IdSet();
  readonly proxies = new Set<ConnectedProxy>();
  #lists: ProxyLists | undefined;

  constructor(workload: string) {
    this.workload = workload;
  }

  /** Whether the lists are known; until then nothing may be concluded from what they lack. */
  get ready(): boolean {
    return this.#lists !== undefined;
  }

  has(record: ResourceRecord): boolean {
    if (record.kind === 'cluster') return this.clusters.has(record.id);
    return record.kind === 'listener' && this.listeners.has(record.id);
  }

  /** The listed resources of a kind. */
  of(kind: ResourceKind): IdSet | undefined {
    if (kind === 'cluster') return this.clusters;
    return kind === 'listener' ? this.listeners : undefined;
  }

  /** Takes over new lists and says what that changes. */
  update(lists: ProxyLists, table: ResourceTable): readonly ListChange[] {
    const before = this.#lists ?? emptyLists;
    this.#lists = lists;
    return [
      this.#apply('cluster', this.clusters, before.clusters, lists.clusters, table),
      this.#apply('listener', this.listeners, before.listeners, lists.listeners, table),
    ];
  }

  #apply(
    kind: WildcardKind,
    ids: IdSet,
    before: readonly string[],
    after: readonly string[],
    table: ResourceTable,
  ): ListChange {
    const added: ResourceRecord[] = [];
    const removed: ResourceRecord[] = [];
    if (before === after) return { kind, added, removed };
    // Both are in ascending order, and mostly the same strings.
    let left = 0;
    let right = 0;
    while (left < before.length || right < after.length) {
      const old = before[left];
      const next = after[right];
      if (old === next) {
        left++;
        right++;
      } else if (next === undefined || (old !== undefined && old < next)) {
        if (old !== undefined) removed.push(table.ensure(kind, old));
        left++;
      } else {
        added.push(table.ensure(kind, next));
        right++;
      }
    }
    for (const record of removed) ids.delete(record.id);
    for (const record of added) ids.add(record.id);
    return { kind, added, removed };
  }
}
