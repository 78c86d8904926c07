/**
 * Reads protobuf without making objects of it: a position in a buffer that moves over fields. Whoever reads decides by
 * the tag what to take and skips the rest. Everything that is not well-formed throws; nothing is read beyond the end.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

export class MalformedMessage extends Error {}

export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const twoTo32 = 2 ** 32;

export class ProtobufReader {
  readonly #buffer: Buffer;
  /** Offset of the next byte. */
  at: number;
  /** Offset behind the last byte of the message that is being read. */
  end: number;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.at = 0;
    this.end = buffer.length;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** Field number times eight, plus wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag > 0xffff_ffff) throw new MalformedMessage('a field without a number');
    return tag;
  }

  /** As a number; what is beyond 2^53 is only nearly right, which is enough to refuse it. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= this.end) throw new MalformedMessage('it ends within a number');
      const byte = this.#buffer[this.at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new MalformedMessage('a number of more than ten bytes');
  }

  /** Unsigned, as a number. */
  fixed64(): number {
    const at = this.#take(8);
    return this.#buffer.readUInt32LE(at) + this.#buffer.readUInt32LE(at + 4) * twoTo32;
  }

  signedFixed64(): number {
    const at = this.#take(8);
    return this.#buffer.readUInt32LE(at) + this.#buffer.readInt32LE(at + 4) * twoTo32;
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#take(8));
  }

  /** Of a length-delimited field: where its content ends; it begins at `at`. */
  contentEnd(): number {
    const length = this.varint();
    if (length > this.end - this.at) throw new MalformedMessage('a field is longer than what it is in');
    return this.at + length;
  }

  string(): string {
    const end = this.contentEnd();
    const text = this.#buffer.toString('utf8', this.at, end);
    this.at = end;
    return text;
  }

  /** Whether the next bytes are these; does not move. */
  startsWith(expected: Uint8Array): boolean {
    const end = this.at + expected.length;
    if (end > this.end) return false;
    return this.#buffer.compare(expected, 0, expected.length, this.at, end) === 0;
  }

  skip(tag: number): void {
    switch (tag & 7) {
      case wireTypes.varint:
        this.varint();
        return;
      case wireTypes.fixed64:
        this.#take(8);
        return;
      case wireTypes.bytes:
        this.at = this.contentEnd();
        return;
      case wireTypes.fixed32:
        this.#take(4);
        return;
      default:
        throw new MalformedMessage(`a field of the unknown wire type ${tag & 7}`);
    }
  }

  #take(length: number): number {
    const at = this.at;
    if (at + length > this.end) throw new MalformedMessage('it ends within a number');
    this.at = at + length;
    return at;
  }
}
