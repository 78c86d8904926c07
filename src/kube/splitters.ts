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
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Below this there is no point in joining what is pending. */
  #neededBytes = prefixBytes;

  /** The frames that this chunk completes; valid until the next push. Throws on an impossibly long one. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < this.#neededBytes) return;
    const data = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending);
    let start = 0;
    this.#neededBytes = prefixBytes;
    while (data.length - start >= prefixBytes) {
      const length = data.readUInt32BE(start);
      if (length > longestBytes) throw new OversizeError(`a frame of ${length} bytes`);
      const end = start + prefixBytes + length;
      if (end > data.length) {
        this.#neededBytes = prefixBytes + length;
        break;
      }
      yield data.subarray(start + prefixBytes, end);
      start = end;
    }
    const rest = data.subarray(start);
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
  }
}
