/**
 * Tells the graph how far each resource has come. An acknowledgement costs a flag; what has changed is
 * written together, at once while little happens and less often while much does, so that a thousand proxies
 * that answer one after the other do not make the graph compute a thousand times.
 */

import { setImmediate } from 'node:timers';
import type { Source } from '../../graph/types.ts';
import type { ResourceAcks } from '../resource.ts';
import type { ResourceRecord } from './table.ts';

/** Publishing may take this share of the time at most: one part of five. */
const restFactor = 4;

export interface AckPublisherOptions {
  readonly acks: Source<ResourceAcks>;
  /** Resolves when the graph has taken in what was written. */
  readonly settled: () => Promise<void>;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  readonly after: (delayMs: number, action: () => void) => () => void;
  readonly onError: (error: unknown) => void;
}

export class AckPublisher {
  readonly #options: AckPublisherOptions;
  #touched: ResourceRecord[] = [];
  #scheduled = false;

  constructor(options: AckPublisherOptions) {
    this.#options = options;
  }

  /** Notes that the record's counts or its rejection have changed. */
  touch(record: ResourceRecord): void {
    if (record.touched) return;
    record.touched = true;
    this.#touched.push(record);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#publish());
  }

  #publish(): void {
    const { acks, settled, now, after, onError } = this.#options;
    const touched = this.#touched;
    this.#touched = [];
    const startedAt = now();
    for (const record of touched) {
      record.touched = false;
      const key = `${record.kind} ${record.name}`;
      const value = acksOf(record);
      if (value === undefined) acks.delete(key);
      else acks.set(key, value);
    }
    settled()
      .then(() => {
        after((now() - startedAt) * restFactor, () => {
          this.#scheduled = false;
          const [first] = this.#touched;
          if (first !== undefined) {
            this.#scheduled = true;
            this.#publish();
          }
        });
      })
      .catch(onError);
  }
}

function acksOf(record: ResourceRecord): ResourceAcks | undefined {
  const { holders, current, rejected } = record;
  const counts = { holders, current, served: record.served?.version ?? '' };
  if (rejected !== undefined) return { ...counts, rejected };
  // Who asks on demand is not known beforehand, so an answer is worth telling only when it fails.
  return holders === 0 || record.onDemand ? undefined : counts;
}
