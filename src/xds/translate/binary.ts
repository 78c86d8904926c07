/**
 * Plain values of messages straight to bytes. What `create` and `toBinary` of the protobuf library give together,
 * without the full message in between: Envoy's messages have up to sixty fields, of which a resource sets a few, and
 * there are thousands of resources to encode when the control plane starts and proxies connect.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/; the shape of plain values is MessageInitShape.
 */

import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type MessageInitShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { type Any, FeatureSet_FieldPresence, isWrapperDesc, StructSchema } from '@bufbuild/protobuf/wkt';
import { ByteWriter } from './byte-writer.ts';

type Init = Readonly<Record<string, unknown>>;
/** Writes from the end to the front: of a field the value before the tag, of a list the last element first. */
type WriteValue = (value: unknown) => void;

/** One field, ready to be written. */
interface Member {
  readonly number: number;
  /** Tag and value; of a list or map, of each of its elements. */
  readonly write: WriteValue;
}

interface OneOf {
  readonly cases: ReadonlyMap<string, Member>;
}

/** By the names that properties have. */
type Members = ReadonlyMap<string, Member | OneOf>;

/** What it gives is a copy, and its memory is there for the next message. */
const writer = new ByteWriter();

/** The bytes of a message, its fields in ascending order of number. */
export function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  try {
    writeMessage(schema, membersOf(schema), message as Init);
    return writer.finish();
  } catch (error) {
    // It holds half a message.
    writer.clear();
    pending.length = 0;
    throw error;
  }
}

/** A message inside of an Any: written where it belongs when what surrounds it is, without bytes of its own. */
export class Packed<Desc extends DescMessage = DescMessage> implements Any {
  readonly $typeName = 'google.protobuf.Any';
  readonly typeUrl: string;
  readonly #schema: Desc;
  readonly #message: MessageInitShape<Desc>;

  constructor(schema: Desc, message: MessageInitShape<Desc>) {
    this.typeUrl = `type.googleapis.com/${schema.typeName}`;
    this.#schema = schema;
    this.#message = message;
  }

  get value(): Uint8Array {
    return encode(this.#schema, this.#message);
  }

  write(): void {
    const end = writer.length;
    writeMessage(this.#schema, membersOf(this.#schema), this.#message as Init);
    const length = writer.length - end;
    if (length > 0) {
      writer.varint(length);
      writer.varint(tagOf(2, WireType.LengthDelimited));
    }
    writeText(this.typeUrl);
    writer.varint(tagOf(1, WireType.LengthDelimited));
  }
}

interface Pending {
  readonly member: Member;
  readonly value: unknown;
}

/** The fields of the messages under way that are yet to be written, those of the innermost message last. */
const pending: Pending[] = [];

function writeMessage(schema: DescMessage, members: Members, message: Init): void {
  const start = pending.length;
  for (const name of Object.keys(message)) {
    const value = message[name];
    if (value === undefined || value === null) continue;
    const member = members.get(name);
    if (member === undefined) {
      if (name === '$typeName') continue;
      throw new Error(`${schema.typeName} has no field ${name}`);
    }
    if (!('cases' in member)) insert(start, member, value);
    else {
      const chosen = value as { readonly case: string | undefined; readonly value?: unknown };
      if (chosen.case === undefined) continue;
      const field = member.cases.get(chosen.case);
      if (field === undefined) throw new Error(`${schema.typeName}.${name} has no case ${chosen.case}`);
      insert(start, field, chosen.value);
    }
  }
  while (pending.length > start) {
    const { member, value } = pending.pop() as Pending;
    member.write(value);
  }
}

/** In ascending order of number, as most are written anyway. */
function insert(start: number, member: Member, value: unknown): void {
  let place = pending.push({ member, value }) - 1;
  for (; place > start; place--) {
    const before = pending[place - 1] as Pending;
    if (before.member.number <= member.number) return;
    pending[place - 1] = pending[place] as Pending;
    pending[place] = before;
  }
}

const known = new WeakMap<DescMessage, Members>();

function membersOf(schema: DescMessage): Members {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const members = new Map<string, Member | OneOf>();
  for (const member of schema.members) {
    if (member.kind === 'field') members.set(member.localName, memberOf(member));
    else {
      const cases = new Map(member.fields.map((field) => [field.localName, memberOf(field)]));
      members.set(member.localName, { cases });
    }
  }
  known.set(schema, members);
  return members;
}

function memberOf(field: DescField): Member {
  return { number: field.number, write: writerOf(field) };
}

function writerOf(field: DescField): WriteValue {
  const { number } = field;
  switch (field.fieldKind) {
    case 'scalar':
      return presentOnly(field, scalarWriter(number, field.scalar));
    case 'enum':
      return presentOnly(field, scalarWriter(number, ScalarType.INT32));
    case 'message':
      if (field.oneof === undefined && isWrapperDesc(field.message)) return wrapperWriter(field);
      return messageWriter(number, field.message);
    case 'list':
      return listWriter(field);
    case 'map':
      return mapWriter(field);
  }
}

/** Without explicit presence a zero is the same as nothing. */
function presentOnly(field: DescField, write: WriteValue): WriteValue {
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) return write;
  return (value) => {
    const isEmpty = value instanceof Uint8Array && value.length === 0;
    // Minus zero is not the zero that a reader would put in the place of nothing.
    if (value === false || value === '' || value === 0n || Object.is(value, 0) || isEmpty) return;
    write(value);
  };
}

function tagOf(number: number, wireType: WireType): number {
  return number * 8 + wireType;
}

function messageWriter(number: number, schema: DescMessage): WriteValue {
  const tag = tagOf(number, WireType.LengthDelimited);
  if (schema.typeName === StructSchema.typeName) {
    return (value) => {
      writeBytes(toBinary(StructSchema, fromJson(StructSchema, value as JsonObject)));
      writer.varint(tag);
    };
  }
  let members: Members | undefined;
  return (value) => {
    const end = writer.length;
    if (value instanceof Packed) value.write();
    // Only now: a message may contain messages of its own kind.
    else writeMessage(schema, (members ??= membersOf(schema)), value as Init);
    writer.varint(writer.length - end);
    writer.varint(tag);
  };
}

/** Of `google.protobuf.UInt32Value` and its like, a plain value holds only the number. */
function wrapperWriter(field: DescField & { readonly fieldKind: 'message' }): WriteValue {
  const tag = tagOf(field.number, WireType.LengthDelimited);
  const inner = field.message.field['value'];
  if (inner === undefined) throw new Error(`${field.message.typeName} wraps nothing`);
  const write = writerOf(inner);
  return (value) => {
    const end = writer.length;
    write(value);
    writer.varint(writer.length - end);
    writer.varint(tag);
  };
}

function listWriter(field: DescField & { readonly fieldKind: 'list' }): WriteValue {
  const { number, listKind, packed } = field;
  if (listKind === 'message') return eachFromLast(messageWriter(number, field.message));
  const type = listKind === 'enum' ? ScalarType.INT32 : field.scalar;
  if (!packed) return eachFromLast(scalarWriter(number, type));
  const tag = tagOf(number, WireType.LengthDelimited);
  const putAll = eachFromLast(scalars[type].put);
  return (list) => {
    if ((list as readonly unknown[]).length === 0) return;
    const end = writer.length;
    putAll(list);
    writer.varint(writer.length - end);
    writer.varint(tag);
  };
}

function eachFromLast(write: WriteValue): WriteValue {
  return (list) => {
    const values = list as readonly unknown[];
    for (let index = values.length - 1; index >= 0; index--) write(values[index]);
  };
}

function mapWriter(field: DescField & { readonly fieldKind: 'map' }): WriteValue {
  const { number, mapKind, mapKey } = field;
  if (mapKey !== ScalarType.STRING)
    throw new Error(`${field.parent.typeName}.${field.name} has other keys than strings`);
  const tag = tagOf(number, WireType.LengthDelimited);
  const writeKey = scalarWriter(1, mapKey);
  const writeValue =
    mapKind === 'message'
      ? messageWriter(2, field.message)
      : scalarWriter(2, mapKind === 'enum' ? ScalarType.INT32 : field.scalar);
  return (map) => {
    for (const [key, value] of Object.entries(map as Init).reverse()) {
      const end = writer.length;
      writeValue(value);
      writeKey(key);
      writer.varint(writer.length - end);
      writer.varint(tag);
    }
  };
}

function scalarWriter(number: number, type: ScalarType): WriteValue {
  const { wireType, put } = scalars[type];
  const tag = tagOf(number, wireType);
  return (value) => {
    put(value);
    writer.varint(tag);
  };
}

function writeText(text: string): void {
  const end = writer.length;
  writer.text(text);
  writer.varint(writer.length - end);
}

function writeBytes(bytes: Uint8Array): void {
  writer.bytes(bytes);
  writer.varint(bytes.length);
}

interface Scalar {
  readonly wireType: WireType;
  readonly put: WriteValue;
}

const { Varint, Bit32, Bit64, LengthDelimited } = WireType;
const zigzag32 = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;
const zigzag64 = (value: bigint): bigint => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));

const scalars: Readonly<Record<ScalarType, Scalar>> = {
  [ScalarType.DOUBLE]: { wireType: Bit64, put: (value) => writer.double(value as number) },
  [ScalarType.FLOAT]: { wireType: Bit32, put: (value) => writer.float(value as number) },
  [ScalarType.INT64]: { wireType: Varint, put: (value) => writer.varint64(value as bigint) },
  [ScalarType.UINT64]: { wireType: Varint, put: (value) => writer.varint64(value as bigint) },
  [ScalarType.INT32]: { wireType: Varint, put: (value) => writer.int32(value as number) },
  [ScalarType.FIXED64]: { wireType: Bit64, put: (value) => writer.fixed64(value as bigint) },
  [ScalarType.FIXED32]: { wireType: Bit32, put: (value) => writer.fixed32(value as number) },
  [ScalarType.BOOL]: { wireType: Varint, put: (value) => writer.varint(value === true ? 1 : 0) },
  [ScalarType.STRING]: { wireType: LengthDelimited, put: (value) => writeText(value as string) },
  [ScalarType.BYTES]: { wireType: LengthDelimited, put: (value) => writeBytes(value as Uint8Array) },
  [ScalarType.UINT32]: { wireType: Varint, put: (value) => writer.uint32(value as number) },
  [ScalarType.SFIXED32]: { wireType: Bit32, put: (value) => writer.fixed32(value as number) },
  [ScalarType.SFIXED64]: { wireType: Bit64, put: (value) => writer.fixed64(value as bigint) },
  [ScalarType.SINT32]: { wireType: Varint, put: (value) => writer.varint(zigzag32(value as number)) },
  [ScalarType.SINT64]: { wireType: Varint, put: (value) => writer.varint64(zigzag64(value as bigint)) },
};
