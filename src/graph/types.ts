/**
 * The incremental engine's public shapes: keyed collections, derived from one another. Knows nothing of
 * meshes or Kubernetes. `Graph` in graph.ts is the only implementation.
 *
 *   source -> derive / expand / index / union -> ... -> subscribe
 *
 * A change of a source marks what was derived from that key; the next flush recomputes the marked keys,
 * collection by collection in the order of their creation, so nobody ever sees half an update. A value that
 * is equal to the one before stops there.
 */

export interface Change<V> {
  readonly key: string;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

export interface Collection<V> {
  readonly name: string;
  readonly size: number;
  get(key: string): V | undefined;
  has(key: string): boolean;
  /** Keys in no particular order; sort where order matters. */
  keys(): IterableIterator<string>;
  entries(): IterableIterator<[string, V]>;
  /** Called once per flush, after the whole graph is consistent, with the changed keys in ascending order. */
  subscribe(listener: (changes: readonly Change<V>[]) => void): () => void;
  /**
   * What the key's function threw last; its last good value stays in the collection meanwhile. In `expand` and
   * `index` the key is that of the input, for which the function ran.
   */
  errorOf(key: string): Error | undefined;
}

export interface Source<V> extends Collection<V> {
  /** Seen by readers after the next flush, which starts by itself within one turn of the event loop. */
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Makes the collection hold exactly these entries; what is equal causes nothing. */
  replace(entries: Iterable<readonly [string, V]>): void;
}

export interface IndexEntry<V> {
  readonly key: string;
  readonly value: V;
}

/** Keyed by group; a group's entries are in ascending order of key; an empty group does not exist. */
export interface Index<V> extends Collection<readonly IndexEntry<V>[]> {
  readonly grouped: true;
}

/**
 * Reads other collections from inside a derivation; each read becomes a dependency of the key being computed.
 * Only collections created before the derivation may be read (this is what makes one pass glitch-free).
 */
export interface Read {
  <V>(from: Collection<V>, key: string): V | undefined;
}

export interface DeriveOptions<O> {
  /** When two values are the same; structural equality of plain data by default. */
  readonly equal?: (a: O, b: O) => boolean;
}

/** Why a value is what it is: the keys it was computed from, down to the sources. */
export interface Explanation {
  readonly collection: string;
  readonly key: string;
  readonly present: boolean;
  readonly error?: string;
  readonly from: readonly Explanation[];
}

/** What metrics show of one collection. */
export interface CollectionStats {
  readonly name: string;
  readonly keys: number;
  /** Keys whose function threw. */
  readonly errors: number;
  /** How often a key's function ran, since the start. */
  readonly recomputations: number;
}

export interface GraphStats {
  /** In the order of their creation. */
  readonly collections: readonly CollectionStats[];
  readonly flushes: number;
  /** Time spent in computations and subscribers since the start, without the pauses between slices. */
  readonly busyMs: number;
  /** From the start of the latest flush to the return of its last subscriber. */
  readonly lastFlushMs: number;
  readonly longestFlushMs: number;
}

export interface GraphApi {
  source<V>(name: string): Source<V>;
  /** One value, or none, per key of `over`. */
  derive<I, O>(
    name: string,
    over: Collection<I>,
    compute: (key: string, input: I, read: Read) => O | undefined,
    options?: DeriveOptions<O>,
  ): Collection<O>;
  /**
   * Any number of values per key of `over`, under keys of their own. Where two inputs claim one output key,
   * the lower input key wins and the other input carries an error.
   */
  expand<I, O>(
    name: string,
    over: Collection<I>,
    compute: (key: string, input: I, read: Read) => Iterable<readonly [string, O]>,
    options?: DeriveOptions<O>,
  ): Collection<O>;
  index<V>(
    name: string,
    over: Collection<V>,
    groupsOf: (value: V, key: string) => Iterable<string>,
  ): Index<V>;
  /** The entries of all parts. Where two have one key, the first part's value counts. */
  union<V>(name: string, parts: readonly Collection<V>[]): Collection<V>;
  /** Resolves when every change made so far has been propagated and every subscriber has been called. */
  settled(): Promise<void>;
  explain(collection: Collection<unknown>, key: string): Explanation;
  /**
   * Every source key that a value depends on, as `collection key` pairs in ascending order; what a value
   * depends on only through one of the collections `stopAt` is left out.
   */
  causes(
    collection: Collection<unknown>,
    key: string,
    stopAt?: readonly Collection<unknown>[],
  ): readonly { readonly collection: string; readonly key: string }[];
  /** The collection of that name, for tools that are given names by people. */
  collection(name: string): Collection<unknown> | undefined;
  stats(): GraphStats;
}
