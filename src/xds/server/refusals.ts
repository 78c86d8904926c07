/** The versions that one proxy has rejected. It never gets them again, whatever others make of them. */

import type { ResourceRecord } from './table.ts';

export class Refusals {
  #versions: Map<ResourceRecord, string> | undefined;

  /** Whether the proxy has rejected exactly what is served now. */
  has(record: ResourceRecord): boolean {
    return this.#versions !== undefined && this.#versions.get(record) === record.served?.version;
  }

  add(record: ResourceRecord, version: string): void {
    const known = this.#versions?.get(record) === version;
    this.#versions ??= new Map();
    this.#versions.set(record, version);
    if (!known && record.latest?.version === version) record.rejecters++;
  }

  /** Takes the proxy out of the counts of rejecters; returns the records that this concerns. */
  clear(): readonly ResourceRecord[] {
    const concerned: ResourceRecord[] = [];
    for (const [record, version] of this.#versions ?? []) {
      if (record.latest?.version !== version) continue;
      if (--record.rejecters === 0) record.forgive();
      concerned.push(record);
    }
    this.#versions = undefined;
    return concerned;
  }
}
