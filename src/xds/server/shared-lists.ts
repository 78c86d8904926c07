/**
 * Lists that many workloads have in common, as numbers: a thousand workloads that use the same cost as much as one,
 * and so does what a change of theirs adds and removes.
 */

import type { ProxyNames } from '../resource.ts';
import { IdSet } from './id-set.ts';
import type { ResourceRecord, ResourceTable } from './table.ts';

export type WildcardKind = 'cluster' | 'listener';

export interface ListChange {
  readonly kind: WildcardKind;
  readonly added: readonly ResourceRecord[];
  readonly removed: readonly ResourceRecord[];
}

export const noNames: ProxyNames = { clusters: [], listeners: [] };

export interface SharedList {
  readonly names: ProxyNames;
  readonly clusters: IdSet;
  readonly listeners: IdSet;
  /** How many views refer to it: its numbers are in use as long as any does. */
  views: number;
}

export class SharedLists {
  readonly #table: ResourceTable;
  readonly #lists = new Map<ProxyNames, SharedList>();
  /** All workloads of a set make the same step one after the other. */
  #latest: { before: ProxyNames; after: ProxyNames; changes: readonly ListChange[] } | undefined;

  constructor(table: ResourceTable) {
    this.#table = table;
  }

  /** To be released by whoever has acquired it. */
  acquire(names: ProxyNames): SharedList {
    const list = this.#lists.get(names) ?? this.#make(names);
    list.views++;
    return list;
  }

  release(list: SharedList): void {
    if (--list.views > 0) return;
    this.#lists.delete(list.names);
    // What it says are records, whose numbers may belong to others by the time of the next step.
    this.#latest = undefined;
  }

  /** What a step from one list to another adds and removes. */
  step(before: ProxyNames, after: ProxyNames): readonly ListChange[] {
    const { clusters, listeners } = after;
    if (this.#latest?.before === before && this.#latest.after === after) return this.#latest.changes;
    const changes = [
      this.#compare('cluster', before.clusters, clusters),
      this.#compare('listener', before.listeners, listeners),
    ];
    if (this.#lists.has(after)) this.#latest = { before, after, changes };
    return changes;
  }

  #make(names: ProxyNames): SharedList {
    const list: SharedList = { names, clusters: new IdSet(), listeners: new IdSet(), views: 0 };
    for (const name of names.clusters) list.clusters.add(this.#table.ensure('cluster', name).id);
    for (const name of names.listeners) list.listeners.add(this.#table.ensure('listener', name).id);
    this.#lists.set(names, list);
    return list;
  }

  /** Both are in ascending order, and mostly the same strings. */
  #compare(kind: WildcardKind, before: readonly string[], after: readonly string[]): ListChange {
    const added: ResourceRecord[] = [];
    const removed: ResourceRecord[] = [];
    if (before === after) return { kind, added, removed };
    let left = 0;
    let right = 0;
    while (left < before.length || right < after.length) {
      const old = before[left];
      const next = after[right];
      if (old === next) {
        left++;
        right++;
      } else if (next === undefined || (old !== undefined && old < next)) {
        if (old !== undefined) removed.push(this.#table.ensure(kind, old));
        left++;
      } else {
        added.push(this.#table.ensure(kind, next));
        right++;
      }
    }
    return { kind, added, removed };
  }
}
