/** Writes protobuf messages from their fields: for what is small or seldom. */

export type Field =
  | { readonly number: number; readonly varint: number }
  | { readonly number: number; readonly bytes: Uint8Array }
  | { readonly number: number; readonly text: string }
  /** `fixed64` and `sfixed64`. */
  | { readonly number: number; readonly fixed64: bigint }
  | { readonly number: number; readonly double: number };

export function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => encode(field)));
}

/** A packed field of doubles. */
export function packedDoubles(number: number, values: readonly number[]): Field {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, index * 8);
  return { number, bytes };
}

/** A packed field of whole numbers, `fixed64`. */
export function packedFixed64(number: number, values: readonly number[]): Field {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8);
  return { number, bytes };
}

/** The form of a varint, least significant bits first; `value` is at most 2^53. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function encode(field: Field): readonly Uint8Array[] {
  if ('varint' in field) return [varint(field.number * 8), varint(field.varint)];
  if ('text' in field) return encode({ number: field.number, bytes: Buffer.from(field.text) });
  if ('bytes' in field) return [varint(field.number * 8 + 2), varint(field.bytes.length), field.bytes];
  const eight = Buffer.alloc(8);
  if ('double' in field) eight.writeDoubleLE(field.double);
  else eight.writeBigUInt64LE(BigInt.asUintN(64, field.fixed64));
  return [varint(field.number * 8 + 1), eight];
}
