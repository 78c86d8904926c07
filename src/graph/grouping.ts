/**
 * An index: the entries of a collection by group, kept up to date change by change. A group is an immutable
 * array in ascending order of key; one change costs a copy of its own groups' arrays and nothing else.
 */

import { ComputedNode } from './computed.ts';
import { equal } from './equal.ts';
import type { Engine, GraphNode, Origin } from './node.ts';
import type { Index, IndexEntry } from './types.ts';

interface Membership<V> {
  readonly entry: IndexEntry<V>;
  /** Each once. An array, because there is one per key and most have a single group. */
  readonly groups: readonly string[];
}

export class IndexNode<V>
  extends ComputedNode<V, readonly string[], readonly IndexEntry<V>[]>
  implements Index<V>
{
  readonly grouped = true;
  readonly #groupsOf: (value: V, key: string) => Iterable<string>;
  readonly #memberships = new Map<string, Membership<V>>();
  /** By group: entries to put in, and undefined for those to take out. */
  readonly #edits = new Map<string, Map<string, IndexEntry<V> | undefined>>();

  constructor(
    engine: Engine,
    name: string,
    order: number,
    over: GraphNode<V>,
    groupsOf: (value: V, key: string) => Iterable<string>,
  ) {
    super(engine, name, order, over);
    this.#groupsOf = groupsOf;
  }

  protected override compute(key: string, value: V): readonly string[] {
    const groups = [...this.#groupsOf(value, key)];
    return groups.length < 2 ? groups : [...new Set(groups)];
  }

  protected override accept(key: string, groups: readonly string[], value: V): void {
    const former = this.#memberships.get(key);
    // Equal again after values for which groupsOf failed and which were therefore never taken in.
    const entry = former !== undefined && equal(former.entry.value, value) ? former.entry : { key, value };
    this.#memberships.set(key, { entry, groups });
    const left = without(former?.groups ?? none, groups);
    for (const group of left) this.#edit(group, key, undefined);
    const affected = entry === former?.entry ? without(groups, former.groups) : groups;
    for (const group of affected) this.#edit(group, key, entry);
  }

  protected override drop(key: string): void {
    const former = this.#memberships.get(key);
    this.#memberships.delete(key);
    for (const group of former?.groups ?? []) this.#edit(group, key, undefined);
  }

  #edit(group: string, key: string, entry: IndexEntry<V> | undefined): void {
    const edits = this.#edits.get(group);
    if (edits === undefined) this.#edits.set(group, new Map([[key, entry]]));
    else edits.set(key, entry);
  }

  override step(): boolean {
    if (!super.step()) return false;
    for (const [group, edits] of this.#edits) {
      this.#edits.delete(group);
      const entries = edited(this.now.get(group) ?? [], edits);
      this.publish(group, entries.length === 0 ? undefined : entries);
      if (this.engine.expired()) return false;
    }
    return true;
  }

  /** Of a group: its members in the collection underneath. */
  override origins(group: string): readonly Origin[] {
    return (this.peek(group) ?? []).map(({ key }) => ({ node: this.over, key }));
  }

  override errorBehind(): undefined {
    return undefined;
  }
}

const none: readonly string[] = [];

function without(groups: readonly string[], excluded: readonly string[]): readonly string[] {
  if (groups.length === 0 || excluded.length === 0) return groups;
  if (excluded.length < 8) return groups.filter((group) => !excluded.includes(group));
  const set = new Set(excluded);
  return groups.filter((group) => !set.has(group));
}

function edited<V>(
  entries: readonly IndexEntry<V>[],
  edits: ReadonlyMap<string, IndexEntry<V> | undefined>,
): readonly IndexEntry<V>[] {
  const [only] = edits;
  if (only !== undefined && edits.size === 1) return editedOnce(entries, only[0], only[1]);
  const result = entries.filter(({ key }) => !edits.has(key));
  const kept = result.length;
  for (const entry of edits.values()) if (entry !== undefined) result.push(entry);
  if (result.length > kept) result.sort((a, b) => (a.key < b.key ? -1 : 1));
  return result;
}

function editedOnce<V>(
  entries: readonly IndexEntry<V>[],
  key: string,
  entry: IndexEntry<V> | undefined,
): readonly IndexEntry<V>[] {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as IndexEntry<V>).key < key) low = middle + 1;
    else high = middle;
  }
  const replaced = entries[low]?.key === key ? 1 : 0;
  return entry === undefined ? entries.toSpliced(low, replaced) : entries.toSpliced(low, replaced, entry);
}
