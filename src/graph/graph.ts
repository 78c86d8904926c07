/**
 * The engine: creates collections and runs the flushes that keep them true.
 *
 * A flush starts in the turn of the event loop after the first change and takes in everything written until
 * then, so an idle graph reacts at once and a burst is batched by itself. It works through the collections in
 * the order of their creation; since a computation reads only collections created earlier, one pass is
 * enough and never sees half an update. A long flush gives way to the event loop every few milliseconds;
 * what is written meanwhile waits for the next one, and nobody outside sees its results before it is whole.
 */

import { setImmediate } from 'node:timers';
import { type Compute, DerivedNode } from './derive.ts';
import { equal } from './equal.ts';
import { ExpandedNode, type Expansion } from './expand.ts';
import { causesOf, explainKey } from './explain.ts';
import { IndexNode } from './grouping.ts';
import { type AnyNode, type Engine, GraphNode } from './node.ts';
import { SourceNode } from './source.ts';
import { Tracking } from './tracking.ts';
import { UnionNode } from './union.ts';
import type { Collection, DeriveOptions, Explanation, GraphApi, GraphStats, Index, Source } from './types.ts';

export interface GraphOptions {
  /** Told of everything that a subscriber or a computation threw; must not throw itself. */
  readonly onError: (error: Error, where: ErrorPlace) => void;
  /** How long a flush may keep the event loop, in milliseconds; default 8. */
  readonly sliceMs?: number;
  /** A monotonic clock in milliseconds; default performance.now. */
  readonly now?: () => number;
}

/** `key` is absent where a subscriber failed. */
export interface ErrorPlace {
  readonly collection: string;
  readonly key?: string;
}

/** idle -> scheduled (written to) -> computing -> notifying -> idle, or scheduled again. */
type State = 'idle' | 'scheduled' | 'computing' | 'notifying';

interface Waiter {
  readonly flush: number;
  readonly resolve: () => void;
}

export class Graph implements GraphApi {
  readonly #onError: GraphOptions['onError'];
  readonly #sliceMs: number;
  readonly #now: () => number;
  readonly #engine: Engine;
  readonly #nodes: AnyNode[] = [];
  readonly #sources: Pick<SourceNode<unknown>, 'enter'>[] = [];
  readonly #byName = new Map<string, AnyNode>();
  #state: State = 'idle';
  /** Written to since the flush under way began. */
  #again = false;
  #position = 0;
  #deadline = 0;
  #steps = 0;
  #startedAt = 0;
  #notifications: (readonly [AnyNode, () => void])[] = [];
  #waiters: Waiter[] = [];
  #flushes = 0;
  #busyMs = 0;
  #lastFlushMs = 0;
  #longestFlushMs = 0;

  constructor(options: GraphOptions) {
    this.#onError = options.onError;
    this.#sliceMs = options.sliceMs ?? 8;
    this.#now = options.now ?? (() => performance.now());
    this.#engine = {
      tracking: new Tracking((collection) => this.#find(collection)),
      requestFlush: () => this.#requestFlush(),
      // Reading the clock costs as much as a small computation.
      expired: () => (++this.#steps & 3) === 0 && this.#now() >= this.#deadline,
      report: (error, where) => this.#onError(error, where),
    };
  }

  source<V>(name: string): Source<V> {
    const node = new SourceNode<V>(this.#engine, name, this.#nodes.length);
    this.#add(node);
    this.#sources.push(node);
    return node;
  }

  derive<I, O>(
    name: string,
    over: Collection<I>,
    compute: Compute<I, O>,
    options: DeriveOptions<O> = {},
  ): Collection<O> {
    const from = this.#own(over);
    const node = new DerivedNode(
      this.#engine,
      name,
      this.#nodes.length,
      from,
      compute,
      options.equal ?? equal,
    );
    return this.#add(node, from);
  }

  expand<I, O>(
    name: string,
    over: Collection<I>,
    compute: Expansion<I, O>,
    options: DeriveOptions<O> = {},
  ): Collection<O> {
    const from = this.#own(over);
    const node = new ExpandedNode(
      this.#engine,
      name,
      this.#nodes.length,
      from,
      compute,
      options.equal ?? equal,
    );
    return this.#add(node, from);
  }

  index<V>(
    name: string,
    over: Collection<V>,
    groupsOf: (value: V, key: string) => Iterable<string>,
  ): Index<V> {
    const from = this.#own(over);
    return this.#add(new IndexNode(this.#engine, name, this.#nodes.length, from, groupsOf), from);
  }

  union<V>(name: string, parts: readonly Collection<V>[]): Collection<V> {
    const nodes = parts.map((part) => this.#own(part));
    return this.#add(new UnionNode(this.#engine, name, this.#nodes.length, nodes), ...nodes);
  }

  settled(): Promise<void> {
    if (this.#state === 'idle') return Promise.resolve();
    const running = this.#state !== 'scheduled';
    const flush = this.#flushes + (running && this.#again ? 2 : 1);
    return new Promise((resolve) => this.#waiters.push({ flush, resolve }));
  }

  explain(collection: Collection<unknown>, key: string): Explanation {
    return explainKey(this.#own(collection), key);
  }

  causes(
    collection: Collection<unknown>,
    key: string,
    stopAt: readonly Collection<unknown>[] = [],
  ): readonly { readonly collection: string; readonly key: string }[] {
    return causesOf(this.#own(collection), key, new Set(stopAt.map(({ name }) => name)));
  }

  collection(name: string): Collection<unknown> | undefined {
    const node = this.#byName.get(name);
    return node instanceof GraphNode ? node : undefined;
  }

  stats(): GraphStats {
    return {
      collections: this.#nodes.map((node) => node.stats()),
      flushes: this.#flushes,
      busyMs: this.#busyMs,
      lastFlushMs: this.#lastFlushMs,
      longestFlushMs: this.#longestFlushMs,
    };
  }

  #add<N extends AnyNode>(node: N, ...inputs: readonly AnyNode[]): N {
    this.#engine.tracking.refuse('create', node.name);
    if (this.#byName.has(node.name)) throw new Error(`two collections are named ${node.name}`);
    this.#byName.set(node.name, node);
    this.#nodes.push(node);
    for (const input of inputs) input.feed(node);
    if (inputs.length > 0) this.#requestFlush();
    return node;
  }

  #find(collection: Collection<unknown>): AnyNode | undefined {
    const known = this.#byName.get(collection.name);
    return (known as unknown) === collection ? known : undefined;
  }

  #own<V>(collection: Collection<V>): GraphNode<V> {
    if (this.#find(collection) === undefined) {
      throw new Error(`${collection.name} is a collection of another graph`);
    }
    return collection as GraphNode<V>;
  }

  #requestFlush(): void {
    if (this.#state === 'idle') {
      this.#state = 'scheduled';
      setImmediate(() => this.#begin());
    } else if (this.#state !== 'scheduled') {
      this.#again = true;
    }
  }

  #begin(): void {
    this.#state = 'computing';
    this.#position = 0;
    this.#startedAt = this.#now();
    for (const source of this.#sources) source.enter();
    this.#slice();
  }

  #slice(): void {
    const startedAt = this.#now();
    this.#deadline = startedAt + this.#sliceMs;
    const computed = this.#computeAll();
    if (computed) this.#notifyAll();
    this.#busyMs += this.#now() - startedAt;
    if (computed) this.#finish();
    else setImmediate(() => this.#slice());
  }

  #computeAll(): boolean {
    for (let node = this.#nodes[this.#position]; node !== undefined; node = this.#nodes[this.#position]) {
      if (!node.step()) return false;
      this.#position++;
    }
    this.#state = 'notifying';
    this.#notifications = this.#nodes.flatMap((node) =>
      node.commit().map((notify) => [node, notify] as const),
    );
    this.#notifications.reverse();
    return true;
  }

  /**
   * In one turn, however long it takes: who is told of several collections must not act on some of them alone. A proxy
   * would lose a cluster before it has the routes that no longer lead there.
   */
  #notifyAll(): void {
    for (let next = this.#notifications.pop(); next !== undefined; next = this.#notifications.pop()) {
      const [node, notify] = next;
      try {
        notify();
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.#onError(error, { collection: node.name });
      }
    }
  }

  #finish(): void {
    this.#flushes++;
    this.#lastFlushMs = this.#now() - this.#startedAt;
    this.#longestFlushMs = Math.max(this.#longestFlushMs, this.#lastFlushMs);
    this.#state = 'idle';
    if (this.#again) {
      this.#again = false;
      this.#requestFlush();
    }
    const due = this.#waiters.filter((waiter) => waiter.flush <= this.#flushes);
    this.#waiters = this.#waiters.filter((waiter) => waiter.flush > this.#flushes);
    for (const waiter of due) waiter.resolve();
  }
}
