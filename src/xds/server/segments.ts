/**
 * Responses as pieces to be written. What a thousand proxies of a mesh are sent differs in a few resources (their own inbound
 * listener), so equal responses are rare but equal runs are not: for each block of 64 neighbouring numbers the last run
 * that was put together is kept.
 */

import type { EncodedResource, ResourceKind } from '../resource.ts';
import type { PiecePool } from './piece-pool.ts';
import { type ResourceHead, unpooled } from './wire.ts';

const blockBits = 6;
/** Shorter runs are cheaper to copy than to compare. */
const shortest = 16;

/** One resource of a response, with all that is needed to write it. */
export interface SegmentEntry {
  readonly resource: EncodedResource;
  readonly head: ResourceHead;
}

/** A response, resource by resource in ascending order of id. */
export interface ResponseParts {
  readonly kind: ResourceKind;
  /** What comes before the resources. */
  readonly prefix: Uint8Array;
  readonly ids: readonly { readonly id: number }[];
  /** Made when it is written: a thousand responses of thousands of resources may wait for their proxies to read. */
  entry(index: number): SegmentEntry;
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
   * The response as buffers of a piece each at most, the next of which is to be taken when the one before is written: what
   * is put together for this response alone is in memory that serves again.
   */
  *pieces(response: ResponseParts): Generator<Buffer, void, void> {
    const { prefix, ids } = response;
    const filler = new Filler(this.#pool.take());
    for (let from = 0; from < prefix.length; ) {
      from = filler.copy(prefix, from);
      if (filler.full) yield filler.flush();
    }
    for (let first = 0; first < ids.length; ) {
      const end = endOfBlock(ids, first);
      if (end - first >= shortest) {
        if (filler.length > 0) yield filler.flush();
        yield* slices(this.#segment(response, first, end), this.#pool.pieceBytes);
        first = end;
      }
      for (; first < end; first++) {
        const { head, resource } = response.entry(first);
        for (const bytes of [bytesOf(head), resource.body]) {
          for (let from = 0; from < bytes.length; ) {
            from = filler.copy(bytes, from);
            if (filler.full) yield filler.flush();
          }
        }
      }
    }
    if (filler.length > 0) yield filler.flush();
    this.#pool.giveBack(filler.piece);
  }

  #segment(response: ResponseParts, first: number, end: number): Buffer {
    const key = `${response.kind} ${(response.ids[first]?.id ?? 0) >>> blockBits}`;
    const entries = response.ids.slice(first, end).map((_, index) => response.entry(first + index));
    const known = this.#segments.get(key);
    if (known !== undefined && isOf(known, entries)) return known.bytes;
    const bytes = joined(new Uint8Array(), entries);
    this.#segments.set(key, { resources: entries.map(({ resource }) => resource), bytes });
    return bytes;
  }
}

/** Heads are put together here before they are copied to where they belong. */
let scratch = unpooled(4096);

/** Valid until the next call. */
function bytesOf(head: ResourceHead): Buffer {
  if (head.length > scratch.length) scratch = unpooled(head.length);
  return scratch.subarray(0, head.write(scratch, 0));
}

/** One piece that is filled, written, and filled again. */
class Filler {
  readonly piece: Buffer;
  length = 0;

  constructor(piece: Buffer) {
    this.piece = piece;
  }

  get full(): boolean {
    return this.length === this.piece.length;
  }

  /** Copies what there is room for; returns where the rest begins. */
  copy(bytes: Uint8Array, from: number): number {
    const to = Math.min(bytes.length, from + this.piece.length - this.length);
    this.piece.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.length);
    this.length += to - from;
    return to;
  }

  /** What is in the piece; what is copied after this takes its place. */
  flush(): Buffer {
    const written = this.piece.subarray(0, this.length);
    this.length = 0;
    return written;
  }
}

function endOfBlock(entries: readonly { readonly id: number }[], from: number): number {
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

/** In memory of its own. */
export function joined(prefix: Uint8Array, entries: readonly SegmentEntry[]): Buffer {
  let length = prefix.length;
  for (const { head } of entries) length += head.length + head.bodyLength;
  const whole = unpooled(length);
  whole.set(prefix);
  let at = prefix.length;
  for (const { head, resource } of entries) {
    at = head.write(whole, at);
    whole.set(resource.body, at);
    at += head.bodyLength;
  }
  return whole;
}
