/** Collections written from outside. Writes wait for the next flush. */

import { equal } from './equal.ts';
import { GraphNode, type Origin } from './node.ts';
import type { Source } from './types.ts';

export class SourceNode<V> extends GraphNode<V> implements Source<V> {
  readonly isSource = true;
  readonly errorCount = 0;
  /** Since the last flush began; undefined stands for a deletion. */
  #written = new Map<string, V | undefined>();
  /** What the flush under way works off. */
  #entering = new Map<string, V | undefined>();

  set(key: string, value: V): void {
    this.#write(key, value);
  }

  delete(key: string): void {
    this.#write(key, undefined);
  }

  replace(entries: Iterable<readonly [string, V]>): void {
    this.engine.tracking.refuse('replace', this.name);
    const written = new Map<string, V | undefined>(entries);
    for (const key of this.now.keys()) if (!written.has(key)) written.set(key, undefined);
    for (const key of this.#entering.keys()) if (!written.has(key)) written.set(key, undefined);
    this.#written = written;
    this.engine.requestFlush();
  }

  #write(key: string, value: V | undefined): void {
    this.engine.tracking.refuse(value === undefined ? 'delete' : 'set', this.name);
    this.#written.set(key, value);
    this.engine.requestFlush();
  }

  /** Closes the door: what is written from here on belongs to the next flush. */
  enter(): void {
    this.#entering = this.#written;
    this.#written = new Map();
  }

  override step(): boolean {
    for (const [key, value] of this.#entering) {
      this.#entering.delete(key);
      if (!equal(this.now.get(key), value)) this.publish(key, value);
      if (this.engine.expired()) return false;
    }
    return true;
  }

  override mark(): void {
    throw new Error(`${this.name} is a source and derived from nothing`);
  }

  override errorOf(): undefined {
    return undefined;
  }

  override origins(): readonly Origin[] {
    return [];
  }
}
