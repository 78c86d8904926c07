/**
 * What all collections share: the values, who depends on them, and what changed in the flush under way.
 *
 * During a flush there are two views. Computations see `now` (values as recomputed so far; everything they
 * may read is already final, because they only read collections created earlier). Everybody else sees the
 * state before the flush, until `commit` makes the new one visible in all collections at the same instant.
 */

import { Slot, type Tracking } from './tracking.ts';
import type { Change, Collection, CollectionStats } from './types.ts';

export type Listener<V> = (changes: readonly Change<V>[]) => void;

/** What a collection needs of its graph. */
export interface Engine {
  readonly tracking: Tracking;
  /** Asks for a flush; one is enough for any number of changes made before it starts. */
  requestFlush(): void;
  /** Whether the current slice of the flush has used up its time. */
  expired(): boolean;
  /** Reports what a computation threw; its key keeps its last good value. */
  report(error: Error, where: { readonly collection: string; readonly key: string }): void;
}

/** A value that another was computed from. */
export interface Origin {
  readonly node: AnyNode;
  readonly key: string;
}

/** A collection as the engine sees it, whatever its values are. */
export interface AnyNode extends Pick<Collection<unknown>, 'name' | 'size' | 'errorOf'> {
  /** Place in the order of creation, which is the order of processing. */
  readonly order: number;
  readonly isSource: boolean;
  /** The value as computations see it. */
  peek(key: string): unknown;
  /** The meeting point of `key` and those who read it. */
  slot(key: string): Slot;
  forget(slot: Slot): void;
  /** Has `node.mark` called with every key that changes here from now on, and with every key there is. */
  feed(node: AnyNode): void;
  /** Notes that `key` of the collection this one is derived over has changed, or that a value it read has. */
  mark(key: string): void;
  /** Works off what is marked; false when the slice ended first. */
  step(): boolean;
  /** Ends the flush for this collection; what is returned calls the subscribers, one at a time. */
  commit(): readonly (() => void)[];
  /** The values that this value was computed from, its own input first. */
  origins(key: string): readonly Origin[];
  /** What went wrong with the computation that gives this value. */
  errorBehind(key: string): Error | undefined;
  stats(): CollectionStats;
}

export abstract class GraphNode<V> implements AnyNode, Collection<V> {
  readonly name: string;
  readonly order: number;
  protected readonly engine: Engine;
  protected readonly now = new Map<string, V>();
  protected recomputations = 0;
  readonly #derived: AnyNode[] = [];
  readonly #slots = new Map<string, Slot>();
  readonly #listeners = new Set<Listener<V>>();
  #before = new Map<string, V | undefined>();

  constructor(engine: Engine, name: string, order: number) {
    this.engine = engine;
    this.name = name;
    this.order = order;
  }

  abstract mark(key: string): void;
  abstract step(): boolean;
  abstract errorOf(key: string): Error | undefined;
  abstract origins(key: string): readonly Origin[];
  abstract readonly isSource: boolean;
  abstract readonly errorCount: number;

  get size(): number {
    let size = this.now.size;
    for (const [key, before] of this.#before) {
      if (before === undefined) size--;
      else if (!this.now.has(key)) size++;
    }
    return size;
  }

  get(key: string): V | undefined {
    this.engine.tracking.refuse('get', this.name);
    if (this.#before.size > 0 && this.#before.has(key)) return this.#before.get(key);
    return this.now.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *keys(): IterableIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *entries(): IterableIterator<[string, V]> {
    this.engine.tracking.refuse('entries', this.name);
    for (const [key, before] of this.#before) if (before !== undefined) yield [key, before];
    for (const [key, value] of this.now) if (!this.#before.has(key)) yield [key, value];
  }

  subscribe(listener: Listener<V>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  errorBehind(key: string): Error | undefined {
    return this.errorOf(key);
  }

  stats(): CollectionStats {
    const { name, size, errorCount, recomputations } = this;
    return { name, keys: size, errors: errorCount, recomputations };
  }

  peek(key: string): V | undefined {
    return this.now.get(key);
  }

  feed(node: AnyNode): void {
    this.#derived.push(node);
    for (const key of this.now.keys()) node.mark(key);
  }

  slot(key: string): Slot {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = new Slot(this, key);
    this.#slots.set(key, slot);
    return slot;
  }

  forget(slot: Slot): void {
    this.#slots.delete(slot.key);
  }

  /** Puts a value in force, or removes it, and marks whatever depends on it. The caller knows it to differ. */
  protected publish(key: string, after: V | undefined): void {
    if (!this.#before.has(key)) this.#before.set(key, this.now.get(key));
    if (after === undefined) this.now.delete(key);
    else this.now.set(key, after);
    for (const node of this.#derived) node.mark(key);
    this.#slots.get(key)?.mark();
  }

  commit(): readonly (() => void)[] {
    const before = this.#before;
    if (before.size === 0) return [];
    this.#before = new Map();
    if (this.#listeners.size === 0) return [];
    let changes: readonly Change<V>[] | undefined;
    return [...this.#listeners].map((listener) => () => {
      if (!this.#listeners.has(listener)) return;
      changes ??= [...before.keys()]
        .sort()
        .map((key) => ({ key, before: before.get(key), after: this.now.get(key) }));
      listener(changes);
    });
  }
}
