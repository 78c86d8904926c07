/**
 * How a finished slot is kept: one record per series that counted anything, of only the columns that are not zero. A
 * busy series takes about thirty bytes where the plain columns would take 280.
 *
 *   record: series (varint), length of the rest (varint), then pairs of column (one byte) and value (varint)
 */

import { columnCount } from './counts.ts';

/** Of one record: two numbers of at most five and two bytes, and each column with a number of at most eight bytes. */
const maxRecordBytes = 5 + 2 + columnCount * (1 + 8);

/** Writes records one after the other into a buffer that grows; `take` gives the bytes and begins anew. */
export class SlotWriter {
  #buffer = new Uint8Array(64 * 1024);
  #length = 0;

  /** @param values whole numbers from 0 to 2^53, in order of the columns, from `offset` */
  write(series: number, values: Float64Array, offset: number): void {
    if (this.#length + maxRecordBytes > this.#buffer.length) {
      const grown = new Uint8Array(this.#buffer.length * 2);
      grown.set(this.#buffer);
      this.#buffer = grown;
    }
    const begin = this.#length;
    this.#number(series);
    // The length is not known yet: two bytes are kept free for it.
    const body = this.#length + 2;
    this.#length = body;
    for (let column = 0; column < columnCount; column++) {
      const value = values[offset + column] ?? 0;
      if (value === 0) continue;
      this.#buffer[this.#length++] = column;
      this.#number(value);
    }
    const length = this.#length - body;
    if (length === 0) {
      this.#length = begin;
      return;
    }
    this.#buffer[body - 2] = (length & 0x7f) | 0x80;
    this.#buffer[body - 1] = length >> 7;
  }

  take(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  #number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }
}

/**
 * Adds the records of a slot to the columns of their groups.
 * @param groupOf by series, -1 for one that is left out
 * @param sums of all groups, one after the other
 * @param firstGroup added to what `groupOf` says
 */
export function addSlot(
  bytes: Uint8Array,
  groupOf: Int32Array,
  sums: Float64Array,
  firstGroup: number,
): void {
  let at = 0;
  const number = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const series = number();
    const end = number() + at;
    const group = groupOf[series] ?? -1;
    if (group < 0) {
      at = end;
      continue;
    }
    const offset = (firstGroup + group) * columnCount;
    while (at < end) {
      const column = offset + (bytes[at++] ?? 0);
      sums[column] = (sums[column] ?? 0) + number();
    }
  }
}
