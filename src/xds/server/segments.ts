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
   */
  *pieces(
    kind: ResourceKind,
    entries: readonly SegmentEntry[],
    pieceBytes: number,
  ): Generator<Buffer, void, void> {
    let loose: Uint8Array[] = [];
    let length = 0;
    for (let from = 0; from < entries.length; ) {
      const to = endOfBlock(entries, from);
      if (to - from >= shortest) {
        if (length > 0) yield join(loose, length);
        loose = [];
        length = 0;
        yield this.#segment(kind, entries.slice(from, to));
      } else {
        for (const { head, resource } of entries.slice(from, to)) {
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

function endOfBlock(entries: readonly SegmentEntry[], from: number): number {
  const block = (entries[from]?.id ?? 0) >>> blockBits;
  let to = from + 1;
  while (to < entries.length && (entries[to]?.id ?? 0) >>> blockBits === block) to++;
  return to;
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
