/**
 * One response, shared by every stream that is sent the same resources: encoded once, and carrying one
 * nonce, which is enough because no stream has more than one response of a type in flight.
 */

import type { EncodedResource, ResourceKind } from '../resource.ts';
import { typeUrls } from '../resource.ts';
import type { ResourceRecord } from './table.ts';
import { encodeResponseHead, unpooled } from './wire.ts';

/** Larger responses are written piece by piece, each built when the stream is ready for it. */
const pieceBytes = 64 * 1024;

export class Batch {
  readonly kind: ResourceKind;
  readonly nonce: string;
  /** In ascending order of id. */
  readonly records: readonly ResourceRecord[];
  /** What was served when the batch was made, by index of `records`. */
  readonly resources: readonly EncodedResource[];
  readonly ticks: readonly number[];
  readonly removed: readonly ResourceRecord[];
  /** On the wire, in bytes. */
  readonly length: number;
  readonly #heads: readonly Buffer[];
  readonly #prefix: Buffer;
  #whole: Buffer | undefined;

  constructor(
    kind: ResourceKind,
    nonce: string,
    records: readonly ResourceRecord[],
    removed: readonly ResourceRecord[],
  ) {
    this.kind = kind;
    this.nonce = nonce;
    this.records = records;
    this.removed = removed;
    this.ticks = records.map((record) => record.tick);
    this.resources = records.map((record) => servedOf(record));
    this.#heads = records.map((record, index) => record.head(at(this.resources, index)));
    let length = 0;
    for (const [index, resource] of this.resources.entries()) {
      length += at(this.#heads, index).length + resource.body.length;
    }
    const names = removed.map((record) => record.name);
    this.#prefix = encodeResponseHead(typeUrls[kind], nonce, names, length);
    this.length = this.#prefix.length + length;
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

  /** The bytes of the response, gRPC's prefix included. */
  *pieces(): Generator<Buffer, void, void> {
    if (this.length <= pieceBytes) {
      if (this.#whole === undefined) this.#whole = join(this.#parts(), this.length);
      yield this.#whole;
      return;
    }
    let piece: Uint8Array[] = [];
    let length = 0;
    for (const part of this.#parts()) {
      piece.push(part);
      length += part.length;
      if (length < pieceBytes) continue;
      yield join(piece, length);
      piece = [];
      length = 0;
    }
    if (length > 0) yield join(piece, length);
  }

  #parts(): Uint8Array[] {
    const parts: Uint8Array[] = [this.#prefix];
    for (const [index, resource] of this.resources.entries()) {
      parts.push(at(this.#heads, index), resource.body);
    }
    return parts;
  }
}

/** Hands out the same batch for the same content as long as some stream has it in flight. */
export class BatchPool {
  readonly #recent = new Map<number, Batch>();
  #count = 0;

  get(kind: ResourceKind, records: readonly ResourceRecord[], removed: readonly ResourceRecord[]): Batch {
    const key = fingerprint(kind, records, removed);
    const known = this.#recent.get(key);
    if (known !== undefined && same(known, kind, records, removed)) return known;
    const batch = new Batch(kind, (++this.#count).toString(36), records, removed);
    this.#recent.set(key, batch);
    return batch;
  }

  /** To be called when a round of sending is over; streams keep what they have in flight themselves. */
  clear(): void {
    this.#recent.clear();
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

function join(parts: readonly Uint8Array[], length: number): Buffer {
  const whole = unpooled(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
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
