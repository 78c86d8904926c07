/**
 * Which on-demand answers of one proxy wait, and for what. An answer that waits is looked at again only when
 * the resource that it waits for has come, or when what resources need may have changed: a proxy that
 * reconnects asks for hundreds at once.
 */

import { IdSet } from './id-set.ts';
import type { ResourceRecord } from './table.ts';

export class Blockers {
  readonly #blocked = new IdSet();
  #byBlocker: Map<ResourceRecord, ResourceRecord[]> | undefined;
  #tick = 0;
  #released = false;

  /** @param tick of the table now */
  has(stub: ResourceRecord, tick: number): boolean {
    if (this.#tick !== tick) this.clear();
    this.#tick = tick;
    return this.#blocked.has(stub.id);
  }

  /** `stub` waits for `blocker`. */
  add(stub: ResourceRecord, blocker: ResourceRecord): void {
    this.#blocked.add(stub.id);
    this.#byBlocker ??= new Map();
    const waiting = this.#byBlocker.get(blocker);
    if (waiting === undefined) this.#byBlocker.set(blocker, [stub]);
    else waiting.push(stub);
  }

  /** The proxy has acknowledged or rejected the record. */
  release(record: ResourceRecord): void {
    const waiting = this.#byBlocker?.get(record);
    if (waiting === undefined) return;
    for (const stub of waiting) this.#blocked.delete(stub.id);
    this.#byBlocker?.delete(record);
    this.#released = true;
  }

  /** Whether any answer has come to be looked at again since this was asked last. */
  get released(): boolean {
    const released = this.#released;
    this.#released = false;
    return released;
  }

  clear(): void {
    this.#blocked.clear();
    this.#byBlocker = undefined;
  }
}
