/**
 * gRPC's length-prefixed messages out of a byte stream that is cut anywhere.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Length-Prefixed-Message).
 */

import { xdsError } from './errors.ts';

const prefixLength = 5;

export class FrameReader {
  readonly #maxBytes: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** @param maxBytes of one message; a longer one throws WEFT-XDS-07 as soon as its prefix is in */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Of a message that is not complete yet. */
  get pendingBytes(): number {
    return this.#restBytes;
  }

  /** The messages that `chunk` completes, in order. */
  read(chunk: Buffer): readonly Buffer[] {
    this.#rest.push(chunk);
    this.#restBytes += chunk.length;
    const messages: Buffer[] = [];
    for (;;) {
      const prefix = this.#prefix();
      if (prefix === undefined) return messages;
      const length = prefix.readUInt32BE(1);
      if (prefix[0] !== 0) throw xdsError('WEFT-XDS-06', 'The message is compressed.');
      if (length > this.#maxBytes) {
        throw xdsError('WEFT-XDS-07', `A message of ${length} bytes exceeds the limit of ${this.#maxBytes}.`);
      }
      if (this.#restBytes < prefixLength + length) return messages;
      const all = this.#flatten();
      messages.push(all.subarray(prefixLength, prefixLength + length));
      const left = all.subarray(prefixLength + length);
      this.#rest = left.length === 0 ? [] : [left];
      this.#restBytes = left.length;
    }
  }

  #prefix(): Buffer | undefined {
    if (this.#restBytes < prefixLength) return undefined;
    const first = this.#rest[0];
    return first !== undefined && first.length >= prefixLength ? first : this.#flatten();
  }

  #flatten(): Buffer {
    const all =
      this.#rest.length === 1 && this.#rest[0] !== undefined ? this.#rest[0] : Buffer.concat(this.#rest);
    this.#rest = [all];
    return all;
  }
}
