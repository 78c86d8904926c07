/** Cuts a byte stream into lines. Cuts bytes, not text, so a character split between chunks stays whole. */

const newline = 0x0a;

export class LineSplitter {
  readonly #longestBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** A line longer than `longestBytes` throws: without a bound one broken peer could fill the memory. */
  constructor(longestBytes = 32 * 1024 * 1024) {
    this.#longestBytes = longestBytes;
  }

  /** The lines that this chunk completes, without their ends; empty lines are left out. */
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
    if (this.#pendingBytes > this.#longestBytes) {
      throw new Error(`a line is longer than ${this.#longestBytes} bytes`);
    }
    this.#pending.push(rest);
  }
}
