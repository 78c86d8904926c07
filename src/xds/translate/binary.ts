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
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FeatureSet_FieldPresence, isWrapperDesc, StructSchema } from '@bufbuild/protobuf/wkt';

type Init = Readonly<Record<string, unknown>>;
type WriteValue = (writer: BinaryWriter, value: unknown) => void;

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

/** The bytes of a message, its fields in ascending order of number. */
export function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  try {
    writeMessage(shared, schema, message as Init);
    return shared.finish();
  } catch (error) {
    // It holds half a message.
    shared = new BinaryWriter();
    throw error;
  }
}

/** What it gives is a copy, and its memory is there for the next message. */
let shared = new BinaryWriter();

function writeMessage(writer: BinaryWriter, schema: DescMessage, message: Init): void {
  const members = membersOf(schema);
  const found: Member[] = [];
  const values: unknown[] = [];
  const insert = (member: Member, value: unknown): void => {
    let place = found.length;
    for (; place > 0 && (found[place - 1]?.number ?? 0) > member.number; place--) {
      found[place] = found[place - 1] as Member;
      values[place] = values[place - 1];
    }
    found[place] = member;
    values[place] = value;
  };
  for (const name of Object.keys(message)) {
    const value = message[name];
    if (value === undefined || value === null) continue;
    const member = members.get(name);
    if (member === undefined) {
      if (name === '$typeName') continue;
      throw new Error(`${schema.typeName} has no field ${name}`);
    }
    if (!('cases' in member)) insert(member, value);
    else {
      const chosen = value as { readonly case: string | undefined; readonly value?: unknown };
      if (chosen.case === undefined) continue;
      const field = member.cases.get(chosen.case);
      if (field === undefined) throw new Error(`${schema.typeName}.${name} has no case ${chosen.case}`);
      insert(field, chosen.value);
    }
  }
  for (const [index, member] of found.entries()) member.write(writer, values[index]);
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
  return (writer, value) => {
    const isEmpty = value instanceof Uint8Array && value.length === 0;
    // Minus zero is not the zero that a reader would put in the place of nothing.
    if (value === false || value === '' || value === 0n || Object.is(value, 0) || isEmpty) return;
    write(writer, value);
  };
}

function messageWriter(number: number, schema: DescMessage): WriteValue {
  if (schema.typeName === StructSchema.typeName) {
    return (writer, value) => {
      const struct = toBinary(StructSchema, fromJson(StructSchema, value as JsonObject));
      writer.tag(number, WireType.LengthDelimited).bytes(struct);
    };
  }
  return (writer, value) => {
    writer.tag(number, WireType.LengthDelimited).fork();
    writeMessage(writer, schema, value as Init);
    writer.join();
  };
}

/** Of `google.protobuf.UInt32Value` and its like, a plain value holds only the number. */
function wrapperWriter(field: DescField & { readonly fieldKind: 'message' }): WriteValue {
  const write = messageWriter(field.number, field.message);
  return (writer, value) => write(writer, { value });
}

function listWriter(field: DescField & { readonly fieldKind: 'list' }): WriteValue {
  const { number, listKind, packed } = field;
  if (listKind === 'message') {
    const write = messageWriter(number, field.message);
    return (writer, list) => {
      for (const value of list as readonly unknown[]) write(writer, value);
    };
  }
  const type = listKind === 'enum' ? ScalarType.INT32 : field.scalar;
  const write = scalarWriter(number, type);
  const { put } = scalars[type];
  return (writer, list) => {
    const values = list as readonly unknown[];
    if (!packed) {
      for (const value of values) write(writer, value);
    } else if (values.length > 0) {
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const value of values) put(writer, value);
      writer.join();
    }
  };
}

function mapWriter(field: DescField & { readonly fieldKind: 'map' }): WriteValue {
  const { number, mapKind, mapKey } = field;
  if (mapKey !== ScalarType.STRING)
    throw new Error(`${field.parent.typeName}.${field.name} has other keys than strings`);
  const writeKey = scalarWriter(1, mapKey);
  const writeValue =
    mapKind === 'message'
      ? messageWriter(2, field.message)
      : scalarWriter(2, mapKind === 'enum' ? ScalarType.INT32 : field.scalar);
  return (writer, map) => {
    for (const [key, value] of Object.entries(map as Init)) {
      writer.tag(number, WireType.LengthDelimited).fork();
      writeKey(writer, key);
      writeValue(writer, value);
      writer.join();
    }
  };
}

function scalarWriter(number: number, type: ScalarType): WriteValue {
  const { wireType, put } = scalars[type];
  return (writer, value) => {
    writer.tag(number, wireType);
    put(writer, value);
  };
}

interface Scalar {
  readonly wireType: WireType;
  readonly put: WriteValue;
}

const { Varint, Bit32, Bit64, LengthDelimited } = WireType;

const scalars: Readonly<Record<ScalarType, Scalar>> = {
  [ScalarType.DOUBLE]: { wireType: Bit64, put: (writer, value) => writer.double(value as number) },
  [ScalarType.FLOAT]: { wireType: Bit32, put: (writer, value) => writer.float(value as number) },
  [ScalarType.INT64]: { wireType: Varint, put: (writer, value) => writer.int64(value as bigint) },
  [ScalarType.UINT64]: { wireType: Varint, put: (writer, value) => writer.uint64(value as bigint) },
  [ScalarType.INT32]: { wireType: Varint, put: (writer, value) => writer.int32(value as number) },
  [ScalarType.FIXED64]: { wireType: Bit64, put: (writer, value) => writer.fixed64(value as bigint) },
  [ScalarType.FIXED32]: { wireType: Bit32, put: (writer, value) => writer.fixed32(value as number) },
  [ScalarType.BOOL]: { wireType: Varint, put: (writer, value) => writer.bool(value as boolean) },
  [ScalarType.STRING]: { wireType: LengthDelimited, put: (writer, value) => writer.string(value as string) },
  [ScalarType.BYTES]: {
    wireType: LengthDelimited,
    put: (writer, value) => writer.bytes(value as Uint8Array),
  },
  [ScalarType.UINT32]: { wireType: Varint, put: (writer, value) => writer.uint32(value as number) },
  [ScalarType.SFIXED32]: { wireType: Bit32, put: (writer, value) => writer.sfixed32(value as number) },
  [ScalarType.SFIXED64]: { wireType: Bit64, put: (writer, value) => writer.sfixed64(value as bigint) },
  [ScalarType.SINT32]: { wireType: Varint, put: (writer, value) => writer.sint32(value as number) },
  [ScalarType.SINT64]: { wireType: Varint, put: (writer, value) => writer.sint64(value as bigint) },
};
