/**
 * As much of protobuf's wire format as shop.proto needs: varints and strings
 * (https://protobuf.dev/programming-guides/encoding/).
 */

const wireVarint = 0;
const wireBytes = 2;

export type Field = readonly [number: number, value: number | Buffer];

/** Fields in the order given; numbers become varints, text becomes bytes. */
export function encode(fields: readonly (readonly [number: number, value: number | string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'number') return [varint((number << 3) | wireVarint), varint(value)];
      const bytes = Buffer.from(value);
      return [varint((number << 3) | wireBytes), varint(bytes.length), bytes];
    }),
  );
}

/** Every field of a message; throws on what shop.proto does not use and on truncated input. */
export function decode(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let offset = 0;
  const read = (): number => {
    const [value, next] = readVarint(message, offset);
    offset = next;
    return value;
  };
  while (offset < message.length) {
    const tag = read();
    if ((tag & 7) === wireVarint) {
      fields.push([tag >> 3, read()]);
      continue;
    }
    if ((tag & 7) !== wireBytes) throw new Error(`wire type ${tag & 7} is not used here`);
    const length = read();
    if (offset + length > message.length) throw new Error('the message ends inside a field');
    fields.push([tag >> 3, message.subarray(offset, offset + length)]);
    offset += length;
  }
  return fields;
}

export function textOf(fields: readonly Field[], number: number): string {
  const value = fields.find((field) => field[0] === number)?.[1];
  return Buffer.isBuffer(value) ? value.toString('utf8') : '';
}

export function numberOf(fields: readonly Field[], number: number): number {
  const value = fields.find((field) => field[0] === number)?.[1];
  return typeof value === 'number' ? value : 0;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function readVarint(message: Buffer, start: number): readonly [value: number, next: number] {
  let value = 0;
  let scale = 1;
  for (let offset = start; offset < message.length; offset++, scale *= 0x80) {
    const byte = message[offset] ?? 0;
    value += (byte & 0x7f) * scale;
    if (!Number.isSafeInteger(value)) throw new Error('a varint is too large');
    if (byte < 0x80) return [value, offset + 1];
  }
  throw new Error('the message ends inside a varint');
}
