/**
 * Pieces of large responses that many proxies have in common. What a thousand proxies of a mesh are sent
 * differs in a few resources (their own inbound listener), so equal responses are rare but equal runs are
 * not: for each block of 64 neighbouring numbers the last run that was put together is kept.
 */

import type { EncodedResource, ResourceKind } from '../resource.ts';
import type { PiecePool } from './piece-pool.ts';
import { unpooled } from './wire.ts';

const blockBits = 6;
/** Shorter runs are cheaper to copy than to compare. */
const shortest = 16;

/** One resource of a response, with all that is needed to write it. */
export interface SegmentEntry {
  readonly id: number;
  readonly resource: EncodedResource;
  readonly head: Buffer;
}

interface Segment {
  readonly resources: readonly EncodedResource[];
  readonly bytes: Buffer;
}

export class SegmentCache {
  readonly #pool: PiecePool;
  readonly #segments = new Map<string, Segment>();

  constructor(pool: PiecePool) {
    this.#pool = pool;
  }

  /**
   * The prefix and the entries (in ascending order of id) as buffers of at most a piece each. The next is to be taken when
   * the one before is written: what is put together for this response alone is in memory that serves again.
   * @param entryAt is called for each index of `ids`, when what comes before is written
   */
  *pieces(
    kind: ResourceKind,
    prefix: Uint8Array,
    ids: readonly Pick<SegmentEntry, 'id'>[],
    entryAt: (index: number) => SegmentEntry,
  ): Generator<Buffer, void, void> {
    const loose = new LooseParts(this.#pool);
    yield* loose.add(prefix);
    for (let from = 0; from < ids.length; ) {
      const to = endOfBlock(ids, from);
      if (to - from >= shortest) {
        yield* loose.rest();
        const entries = ids.slice(from, to).map((_, index) => entryAt(from + index));
        yield* slices(this.#segment(kind, entries), this.#pool.pieceBytes);
      } else {
        for (let index = from; index < to; index++) {
          const { head, resource } = entryAt(index);
          yield* loose.add(head);
          yield* loose.add(resource.body);
        }
      }
      from = to;
    }
    yield* loose.rest();
  }

  #segment(kind: ResourceKind, entries: readonly SegmentEntry[]): Buffer {
    const key = `${kind} ${(entries[0]?.id ?? 0) >>> blockBits}`;
    const known = this.#segments.get(key);
    if (known !== undefined && isOf(known, entries)) return known.bytes;
    const parts = entries.flatMap(({ head, resource }) => [head, resource.body]);
    const bytes = join(
      parts,
      parts.reduce((sum, part) => sum + part.length, 0),
    );
    this.#segments.set(key, { resources: entries.map(({ resource }) => resource), bytes });
    return bytes;
  }
}

/** Parts that are copied together until they fill a piece. */
class LooseParts {
  readonly #pool: PiecePool;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(pool: PiecePool) {
    this.#pool = pool;
  }

  /** What has to be written before there is room for the part; a part that would fill a piece is not copied. */
  *add(part: Uint8Array): Generator<Buffer, void, void> {
    const { pieceBytes } = this.#pool;
    if (this.#length + part.length > pieceBytes) yield* this.rest();
    if (part.length > pieceBytes) return yield* slices(asBuffer(part), pieceBytes);
    this.#parts.push(part);
    this.#length += part.length;
  }

  *rest(): Generator<Buffer, void, void> {
    if (this.#length === 0) return;
    const piece = this.#pool.take();
    yield fill(piece, this.#parts).subarray(0, this.#length);
    this.#pool.giveBack(piece);
    this.#parts = [];
    this.#length = 0;
  }
}

function endOfBlock(entries: readonly Pick<SegmentEntry, 'id'>[], from: number): number {
  const block = (entries[from]?.id ?? 0) >>> blockBits;
  let to = from + 1;
  while (to < entries.length && (entries[to]?.id ?? 0) >>> blockBits === block) to++;
  return to;
}

/** The same memory, a part at a time: TLS and HTTP/2 keep room for the largest write of each connection. */
function* slices(bytes: Buffer, sliceBytes: number): Generator<Buffer, void, void> {
  for (let from = 0; from < bytes.length; from += sliceBytes) yield bytes.subarray(from, from + sliceBytes);
}

function isOf(segment: Segment, entries: readonly SegmentEntry[]): boolean {
  if (segment.resources.length !== entries.length) return false;
  return entries.every(({ resource }, index) => segment.resources[index] === resource);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function join(parts: readonly Uint8Array[], length: number): Buffer {
  return fill(unpooled(length), parts);
}

function fill(whole: Buffer, parts: readonly Uint8Array[]): Buffer {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
