/**
 * Cut a byte stream into the messages of a watch: lines of JSON, or length-prefixed frames of protobuf. They cut
 * bytes, not text, so a character split between chunks stays whole.
 */

/** Without a bound one broken peer could fill the memory; objects are limited to a few megabytes by etcd. */
const longestBytes = 32 * 1024 * 1024;

/** What arrives cannot be a watch of this encoding. */
export class OversizeError extends Error {}
const newline = 0x0a;

export class LineSplitter {
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** The lines that this chunk completes, without their ends; empty lines are left out. Throws on an endless one. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end === -1) break;
      const line = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #complete(last: Buffer): string {
    if (this.#pendingBytes === 0) return last.toString('utf8');
    this.#pending.push(last);
    const line = Buffer.concat(this.#pending).toString('utf8');
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }

  #keep(rest: Buffer): void {
    this.#pendingBytes += rest.length;
    if (this.#pendingBytes > longestBytes)
      throw new OversizeError(`a line is longer than ${longestBytes} bytes`);
    this.#pending.push(rest);
  }
}

/** Four bytes of length, most significant first, before each frame. */
const prefixBytes = 4;

export class FrameSplitter {
  /** The beginning of a frame that a chunk ended in. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Bytes of that frame in all, or of its prefix as long as that is unknown. */
  #neededBytes = prefixBytes;

  /** The frames that this chunk completes; valid until the next push. Throws on an impossibly long one. */
  *push(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    while (this.#pendingBytes > 0 && start < chunk.length) {
      // Only what belongs to the split frame is joined; the rest of the chunk is read where it is.
      const missing = chunk.subarray(start, start + this.#neededBytes - this.#pendingBytes);
      start += missing.length;
      const frame = this.#join(missing);
      if (frame !== undefined) yield frame;
    }
    while (chunk.length - start >= prefixBytes) {
      const end = start + prefixBytes + lengthOf(chunk, start);
      if (end > chunk.length) break;
      yield chunk.subarray(start + prefixBytes, end);
      start = end;
    }
    if (start < chunk.length) this.#join(chunk.subarray(start));
  }

  /** The split frame, once it is whole. */
  #join(part: Buffer): Buffer | undefined {
    this.#pending.push(part);
    this.#pendingBytes += part.length;
    if (this.#pendingBytes < this.#neededBytes) return undefined;
    let data = Buffer.concat(this.#pending);
    if (this.#neededBytes === prefixBytes) {
      this.#neededBytes = prefixBytes + lengthOf(data, 0);
      if (data.length < this.#neededBytes) {
        this.#pending = [data];
        return undefined;
      }
    }
    data = data.subarray(prefixBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#neededBytes = prefixBytes;
    return data;
  }
}

function lengthOf(data: Buffer, at: number): number {
  const length = data.readUInt32BE(at);
  if (length > longestBytes) throw new OversizeError(`a frame of ${length} bytes`);
  return length;
}
