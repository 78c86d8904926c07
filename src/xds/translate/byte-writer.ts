/**
 * Protobuf's scalars, written from the end to the front: what a message holds is there before its length is needed, so
 * nothing is moved, copied or written twice.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

/** Shorter texts are written letter by letter, which is faster than a call out of JavaScript. */
const shortText = 64;
/** No scalar but texts and bytes is longer. */
const longestScalar = 10;

export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #at = this.#bytes.length;

  /** Of what has been written; the difference of two is the length of what was written between them. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of everything written since the last `finish` or `clear`; the memory is there for what comes next. */
  finish(): Uint8Array {
    const written = Uint8Array.prototype.slice.call(new Uint8Array(this.#bytes.buffer), this.#at);
    this.clear();
    return written;
  }

  clear(): void {
    this.#at = this.#bytes.length;
  }

  /** @param value a safe integer, not negative */
  varint(value: number): void {
    this.#reserve(longestScalar);
    const bytes = this.#bytes;
    if (value < 0x80) {
      bytes[--this.#at] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
    let at = (this.#at -= size);
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      if (rest < 0x80) {
        bytes[at] = rest;
        return;
      }
      bytes[at++] = (rest & 0x7f) | 0x80;
    }
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw new Error(`${value} is no unsigned integer of 32 bits`);
    this.varint(value);
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw new Error(`${value} is no integer of 32 bits`);
    if (value >= 0) this.varint(value);
    else this.varint64(BigInt(value));
  }

  /** Negative numbers take ten bytes, as two's complement. */
  varint64(value: bigint): void {
    if (value >= 0n && value <= Number.MAX_SAFE_INTEGER) return this.varint(Number(value));
    this.#reserve(longestScalar);
    const groups: number[] = [];
    for (let rest = BigInt.asUintN(64, value); rest > 0n; rest >>= 7n) groups.push(Number(rest & 0x7fn));
    this.#at -= groups.length;
    for (const [index, group] of groups.entries()) {
      this.#bytes[this.#at + index] = index === groups.length - 1 ? group : group | 0x80;
    }
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#bytes.writeUInt32LE(value >>> 0, (this.#at -= 4));
  }

  fixed64(value: bigint): void {
    this.#reserve(8);
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), (this.#at -= 8));
  }

  float(value: number): void {
    this.#reserve(4);
    this.#bytes.writeFloatLE(value, (this.#at -= 4));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#bytes.writeDoubleLE(value, (this.#at -= 8));
  }

  /** Without its length. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, (this.#at -= value.length));
  }

  /** Without its length. */
  text(value: string): void {
    const { length } = value;
    if (length > shortText) return this.#longText(value);
    this.#reserve(length);
    const bytes = this.#bytes;
    const start = this.#at - length;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return this.#longText(value);
      bytes[start + index] = code;
    }
    this.#at = start;
  }

  #longText(value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(length);
    this.#at -= length;
    this.#bytes.write(value, this.#at, length, 'utf8');
  }

  #reserve(length: number): void {
    if (length <= this.#at) return;
    const written = this.#bytes.subarray(this.#at);
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, length + written.length));
    this.#at = larger.length - written.length;
    larger.set(written, this.#at);
    this.#bytes = larger;
  }
}
