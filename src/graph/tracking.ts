/**
 * Who reads what. A Slot is one key of one collection that somebody reads; a Cell is one computed key that
 * reads. They know each other, so that a change finds its readers and a recomputation its former reads.
 */

import type { AnyNode } from './node.ts';
import type { Collection, Read } from './types.ts';

/** One computed key and the values it read, beside its own input. */
export interface Cell {
  readonly node: AnyNode;
  readonly key: string;
  reads: readonly Slot[];
}

/** Up to which an array of readers is looked through. */
const fewReaders = 8;

export class Slot {
  readonly node: AnyNode;
  readonly key: string;
  /** The run that read this slot last: makes a second read in the same run, and a kept one, free. */
  run = 0;
  /** Most values have one reader or a few; a Set costs ten times as much as a reference. */
  #readers: Cell | Cell[] | Set<Cell> | undefined;

  constructor(node: AnyNode, key: string) {
    this.node = node;
    this.key = key;
  }

  add(cell: Cell): void {
    if (this.#readers === undefined || this.#readers === cell) this.#readers = cell;
    else if (this.#readers instanceof Set) this.#readers.add(cell);
    else if (!Array.isArray(this.#readers)) this.#readers = [this.#readers, cell];
    else if (!this.#readers.includes(cell)) {
      this.#readers =
        this.#readers.length < fewReaders ? [...this.#readers, cell] : new Set([...this.#readers, cell]);
    }
  }

  remove(cell: Cell): void {
    if (this.#readers instanceof Set) {
      this.#readers.delete(cell);
      if (this.#readers.size > 0) return;
    } else if (Array.isArray(this.#readers)) {
      this.#readers = this.#readers.filter((reader) => reader !== cell);
      if (this.#readers.length > 0) return;
    } else if (this.#readers !== cell) return;
    this.#readers = undefined;
    this.node.forget(this);
  }

  mark(): void {
    if (this.#readers === undefined) return;
    if ('node' in this.#readers) return this.#readers.node.mark(this.#readers.key);
    for (const cell of this.#readers) cell.node.mark(cell.key);
  }
}

const none: readonly Slot[] = [];

/** The computation under way, of which there is never more than one. */
export class Tracking {
  readonly #find: (collection: Collection<unknown>) => AnyNode | undefined;
  #reader: AnyNode | undefined;
  #run = 0;
  #reads: Slot[] = [];

  constructor(find: (collection: Collection<unknown>) => AnyNode | undefined) {
    this.#find = find;
  }

  begin(reader: AnyNode): void {
    this.#reader = reader;
    this.#run++;
  }

  /** Ends the computation, successful or not, and gives the distinct values it read. */
  end(): readonly Slot[] {
    this.#reader = undefined;
    if (this.#reads.length === 0) return none;
    const reads = this.#reads;
    this.#reads = [];
    // What is kept: an array that grew by itself has room for as much again.
    return reads.slice();
  }

  /** Connects a cell to what its latest run has read; `reads` is what `end` gave for that run. */
  connect(cell: Cell, reads: readonly Slot[]): void {
    const former = cell.reads;
    if (former.length === reads.length && former.every((slot, i) => slot === reads[i])) return;
    cell.reads = reads;
    for (const slot of former) if (slot.run !== this.#run) slot.remove(cell);
    for (const slot of reads) slot.add(cell);
  }

  disconnect(cell: Cell): void {
    for (const slot of cell.reads) slot.remove(cell);
    cell.reads = none;
  }

  readonly read: Read = <V>(from: Collection<V>, key: string): V | undefined => {
    const reader = this.#reader;
    if (reader === undefined) throw new Error('read was called outside of the computation it was given to');
    const node = this.#find(from);
    if (node === undefined) throw new Error(`${reader.name} reads a collection of another graph`);
    if (node.order >= reader.order) {
      throw new Error(`${reader.name} reads ${from.name}, which was not created before it`);
    }
    const slot = node.slot(key);
    if (slot.run !== this.#run) {
      slot.run = this.#run;
      this.#reads.push(slot);
    }
    return node.peek(key) as V | undefined;
  };

  /** A computation that touches the graph except by `read` would miss changes or cause them: an error at once. */
  refuse(action: string, name: string): void {
    if (this.#reader === undefined) return;
    throw new Error(
      `${this.#reader.name} calls ${action} of ${name} while it computes; it may only use read`,
    );
  }
}
