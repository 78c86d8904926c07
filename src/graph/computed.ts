/** What derive, expand and index share: one run of a function per marked key of the collection underneath. */

import { type Engine, GraphNode, type Origin } from './node.ts';
import type { Cell } from './tracking.ts';
import type { Read } from './types.ts';

/** `I` is an input's value, `R` what the function gives for it, `V` the values of this collection. */
export abstract class ComputedNode<I, R, V> extends GraphNode<V> {
  readonly isSource = false;
  protected readonly over: GraphNode<I>;
  readonly #marked = new Set<string>();
  /** Only of inputs whose function has read something. */
  readonly #cells = new Map<string, Cell>();
  readonly #errors = new Map<string, Error>();

  constructor(engine: Engine, name: string, order: number, over: GraphNode<I>) {
    super(engine, name, order);
    this.over = over;
  }

  protected abstract compute(key: string, input: I, read: Read): R;
  /** Takes in a good result for the input `key`. */
  protected abstract accept(key: string, result: R, input: I): void;
  /** The input `key` is gone. */
  protected abstract drop(key: string): void;

  get errorCount(): number {
    return this.#errors.size;
  }

  override mark(key: string): void {
    this.#marked.add(key);
  }

  override step(): boolean {
    for (const key of this.#marked) {
      this.#marked.delete(key);
      this.#recompute(key);
      if (this.engine.expired()) return false;
    }
    return true;
  }

  override errorOf(key: string): Error | undefined {
    return this.#errors.get(key);
  }

  #recompute(key: string): void {
    const input = this.over.peek(key);
    if (input === undefined) return this.#remove(key);
    const { tracking } = this.engine;
    this.recomputations++;
    tracking.begin(this);
    let result: R;
    try {
      result = this.compute(key, input, tracking.read);
    } catch (thrown) {
      // What was read before the error is what can mend it.
      this.#connect(key, tracking.end());
      this.#fail(key, thrown);
      return;
    }
    this.#connect(key, tracking.end());
    this.#errors.delete(key);
    this.accept(key, result, input);
  }

  #connect(key: string, reads: Cell['reads']): void {
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      if (reads.length === 0) return;
      cell = { node: this, key, reads: [] };
      this.#cells.set(key, cell);
    }
    this.engine.tracking.connect(cell, reads);
    if (reads.length === 0) this.#cells.delete(key);
  }

  #fail(key: string, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const known = this.#errors.get(key);
    this.#errors.set(key, error);
    if (known?.message !== error.message) this.engine.report(error, { collection: this.name, key });
  }

  #remove(key: string): void {
    const cell = this.#cells.get(key);
    if (cell !== undefined) this.engine.tracking.disconnect(cell);
    this.#cells.delete(key);
    this.#errors.delete(key);
    this.drop(key);
  }

  /** The input itself, then what its function read, in ascending order of collection and key. */
  protected originsOfInput(key: string): readonly Origin[] {
    const reads = [...(this.#cells.get(key)?.reads ?? [])];
    reads.sort((a, b) => a.node.order - b.node.order || (a.key < b.key ? -1 : 1));
    return [{ node: this.over, key }, ...reads];
  }
}
