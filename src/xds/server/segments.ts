/**
 * Pieces of large responses that many proxies have in common. What a thousand proxies of a mesh are sent
 * differs in a few resources (their own inbound listener), so equal responses are rare but equal runs are
 * not: for each block of 64 neighbouring numbers the last run that was put together is kept.
 */

import type { EncodedResource, ResourceKind } from '../resource.ts';
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
  readonly #segments = new Map<string, Segment>();

  /**
   * The entries (in ascending order of id) as buffers that are to be written one after the other, of at most
   * about `pieceBytes` each unless a single resource is larger.
   * @param entryAt is called for each index of `ids`, when what comes before is written
   */
  *pieces(
    kind: ResourceKind,
    ids: readonly Pick<SegmentEntry, 'id'>[],
    entryAt: (index: number) => SegmentEntry,
    pieceBytes: number,
  ): Generator<Buffer, void, void> {
    let loose: Uint8Array[] = [];
    let length = 0;
    for (let from = 0; from < ids.length; ) {
      const to = endOfBlock(ids, from);
      const entries = ids.slice(from, to).map((_, index) => entryAt(from + index));
      if (to - from >= shortest) {
        if (length > 0) yield join(loose, length);
        loose = [];
        length = 0;
        yield* slices(this.#segment(kind, entries), pieceBytes);
      } else {
        for (const { head, resource } of entries) {
          loose.push(head);
          length += head.length;
          if (resource.body.length >= pieceBytes) {
            // Not copied for each proxy.
            yield join(loose, length);
            yield asBuffer(resource.body);
            loose = [];
            length = 0;
          } else {
            loose.push(resource.body);
            length += resource.body.length;
          }
        }
      }
      if (length >= pieceBytes) {
        yield join(loose, length);
        loose = [];
        length = 0;
      }
      from = to;
    }
    if (length > 0) yield join(loose, length);
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
  const whole = unpooled(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
