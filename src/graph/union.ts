/** The entries of several collections as one. Of a key that several have, the first collection's value counts. */

import { equal } from './equal.ts';
import { type AnyNode, type Engine, GraphNode, type Origin } from './node.ts';

export class UnionNode<V> extends GraphNode<V> {
  readonly isSource = false;
  readonly errorCount = 0;
  readonly #parts: readonly GraphNode<V>[];
  readonly #marked = new Set<string>();

  constructor(engine: Engine, name: string, order: number, parts: readonly GraphNode<V>[]) {
    super(engine, name, order);
    this.#parts = parts;
  }

  override mark(key: string): void {
    this.#marked.add(key);
  }

  override step(): boolean {
    for (const key of this.#marked) {
      this.#marked.delete(key);
      const after = this.#partOf(key)?.peek(key);
      // What is published underneath is news there; here another part may count, or have had the same.
      if (!equal(this.now.get(key), after)) this.publish(key, after);
      if (this.engine.expired()) return false;
    }
    return true;
  }

  #partOf(key: string): GraphNode<V> | undefined {
    return this.#parts.find((part) => part.peek(key) !== undefined);
  }

  override errorOf(): undefined {
    return undefined;
  }

  override origins(key: string): readonly Origin[] {
    const node: AnyNode | undefined = this.#partOf(key);
    return node === undefined ? [] : [{ node, key }];
  }
}
