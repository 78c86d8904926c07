/**
 * One response, shared by every stream that is sent the same resources: encoded once, and carrying one
 * nonce, which is enough because no stream has more than one response of a type in flight.
 */

import type { EncodedResource, ResourceKind } from '../resource.ts';
import { typeUrls } from '../resource.ts';
import { PiecePool } from './piece-pool.ts';
import { joined, type ResponseParts, SegmentCache, type SegmentEntry } from './segments.ts';
import type { ResourceRecord } from './table.ts';
import { encodeResponseHead } from './wire.ts';

/**
 * Responses are written piece by piece, each when the one before is written: TLS keeps room for the largest write of each
 * connection. With its frame and record a piece must stay below 16 KB, or TLS takes twice that.
 */
const pieceBytes = 15 * 1024;

export class Batch implements ResponseParts {
  readonly kind: ResourceKind;
  readonly nonce: string;
  /** In ascending order of id. */
  readonly records: readonly ResourceRecord[];
  /** What was served when the batch was made, and its tick, by index of `records`. */
  readonly resources: readonly EncodedResource[];
  readonly ticks: readonly number[];
  readonly removed: readonly ResourceRecord[];
  /** On the wire, in bytes. */
  readonly length: number;
  readonly prefix: Buffer;
  readonly #segments: SegmentCache;
  /** Once it has been written for one stream, it is kept for the others. */
  #written = false;
  #whole: Buffer | undefined;

  constructor(
    kind: ResourceKind,
    nonce: string,
    records: readonly ResourceRecord[],
    removed: readonly ResourceRecord[],
    segments: SegmentCache,
  ) {
    this.kind = kind;
    this.nonce = nonce;
    this.records = records;
    this.removed = removed;
    this.#segments = segments;
    this.ticks = records.map((record) => record.tick);
    this.resources = records.map((record) => servedOf(record));
    let length = 0;
    for (let index = 0; index < records.length; index++) {
      const { head } = this.entry(index);
      length += head.length + head.bodyLength;
    }
    const names = removed.map((record) => record.wireName);
    this.prefix = encodeResponseHead(typeUrls[kind], nonce, names, length);
    this.length = this.prefix.length + length;
  }

  /** Whether the batch adds or updates the record. */
  sends(record: ResourceRecord): boolean {
    let low = 0;
    let high = this.records.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const { id } = at(this.records, middle);
      if (id === record.id) return true;
      if (id < record.id) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  removes(record: ResourceRecord): boolean {
    return this.removed.includes(record);
  }

  /** The bytes of the response, gRPC's prefix included. The next piece is to be taken when the one before is written. */
  *pieces(): Generator<Buffer, void, void> {
    // Most responses of a proxy that connects are nobody else's.
    if (this.length > pieceBytes || !this.#written) {
      this.#written = true;
      yield* this.#segments.pieces(this);
      return;
    }
    const entries = (): SegmentEntry[] => this.records.map((_, index) => this.entry(index));
    const whole = this.#whole ?? joined(this.prefix, entries());
    this.#whole = whole;
    yield whole;
  }

  get ids(): readonly ResourceRecord[] {
    return this.records;
  }

  entry(index: number): SegmentEntry {
    const resource = at(this.resources, index);
    return { resource, head: at(this.records, index).head(resource) };
  }
}

/** As many batches are remembered at most when a round of sending is over. */
const remembered = 64;

/** Hands out the same batch for the same content within a round of sending, and as long as it is in flight somewhere. */
export class BatchPool {
  readonly #recent = new Map<number, WeakRef<Batch>>();
  readonly #segments = new SegmentCache(new PiecePool(pieceBytes));
  #count = 0;

  get(kind: ResourceKind, records: readonly ResourceRecord[], removed: readonly ResourceRecord[]): Batch {
    const key = fingerprint(kind, records, removed);
    const known = this.#recent.get(key)?.deref();
    if (known !== undefined && same(known, kind, records, removed)) return known;
    const batch = new Batch(kind, (++this.#count).toString(36), records, removed, this.#segments);
    this.#recent.set(key, new WeakRef(batch));
    return batch;
  }

  /** To be called when a round of sending is over; streams keep what they have in flight themselves. */
  trim(): void {
    if (this.#recent.size > remembered) this.#recent.clear();
  }
}

function fingerprint(
  kind: ResourceKind,
  records: readonly ResourceRecord[],
  removed: readonly ResourceRecord[],
): number {
  let hash = kind.length;
  for (const record of records) {
    hash = Math.imul(hash ^ record.id, 0x01000193);
    hash = Math.imul(hash ^ record.tick, 0x01000193);
  }
  for (const record of removed) hash = Math.imul(hash ^ ~record.id, 0x01000193);
  return hash;
}

function same(
  batch: Batch,
  kind: ResourceKind,
  records: readonly ResourceRecord[],
  removed: readonly ResourceRecord[],
): boolean {
  return (
    batch.kind === kind &&
    batch.records.length === records.length &&
    batch.removed.length === removed.length &&
    records.every((record, index) => batch.records[index] === record && batch.ticks[index] === record.tick) &&
    removed.every((record, index) => batch.removed[index] === record)
  );
}

function servedOf(record: ResourceRecord): EncodedResource {
  if (record.served === undefined) throw new Error(`${record.kind} ${record.name} has nothing to send`);
  return record.served;
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new Error(`no index ${index} in a list of ${list.length}`);
  return value;
}
