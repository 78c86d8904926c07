/**
 * Memory for what is written to one stream and to no other. TLS has copied a piece by the time its write is over, so a
 * few pieces serve all streams; new memory for each would be touched once and then wait for the garbage collector.
 */

import { unpooled } from './wire.ts';

/** As many pieces are kept at most: a megabyte. */
const kept = 64;

export class PiecePool {
  /** Of each piece. */
  readonly pieceBytes: number;
  readonly #free: Buffer[] = [];

  constructor(pieceBytes: number) {
    this.pieceBytes = pieceBytes;
  }

  take(): Buffer {
    return this.#free.pop() ?? unpooled(this.pieceBytes);
  }

  /** The piece has been written, and nobody looks at it any more. */
  giveBack(piece: Buffer): void {
    if (this.#free.length < kept) this.#free.push(piece);
  }
}
