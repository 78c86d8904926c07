import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  boolean,
  contentOf,
  decode,
  integer,
  intOrString,
  list,
  map,
  message,
  nested,
  string,
  strings,
  time,
} from './protobuf.ts';

interface Inner {
  readonly name?: string;
  readonly on?: boolean;
}

interface Sample {
  readonly text?: string;
  readonly texts?: readonly string[];
  readonly count?: number;
  readonly at?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly inner?: Inner;
  readonly inners?: readonly Inner[];
}

const inner = message<Inner>({ name: string(1), on: boolean(2) });
const sample = message<Sample>({
  text: string(1),
  texts: strings(2),
  count: integer(3),
  at: time(4),
  labels: map(5),
  inner: nested(6, inner),
  inners: list(7, inner),
});

type Write = (writer: BinaryWriter) => unknown;

function encoded(write: Write): Buffer {
  const writer = new BinaryWriter();
  write(writer);
  return Buffer.from(writer.finish());
}

function part(writer: BinaryWriter, field: number, write: Write): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

const label = (writer: BinaryWriter, key: string, value: string): void =>
  part(writer, 5, (entry) =>
    entry.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value),
  );

function everything(writer: BinaryWriter): void {
  writer.tag(8, WireType.LengthDelimited).bytes(new Uint8Array([1, 2]));
  writer.tag(1, WireType.LengthDelimited).string('größe 😀');
  for (const text of ['a', '', 'c']) writer.tag(2, WireType.LengthDelimited).string(text);
  writer.tag(3, WireType.Varint).int64(2 ** 40 + 5);
  part(writer, 4, (at) => at.tag(1, WireType.Varint).int64(1_790_000_000).tag(2, WireType.Varint).int32(0));
  label(writer, 'app', 'web');
  label(writer, 'tier', '');
  part(writer, 6, (one) =>
    one.tag(1, WireType.LengthDelimited).string('x').tag(2, WireType.Varint).bool(false),
  );
  part(writer, 7, (one) => one.tag(2, WireType.Varint).bool(true));
  part(writer, 7, () => {});
}

const expected: Sample = {
  text: 'größe 😀',
  texts: ['a', '', 'c'],
  count: 2 ** 40 + 5,
  at: '2026-09-21T14:13:20Z',
  labels: { app: 'web', tier: '' },
  inner: { name: 'x', on: false },
  inners: [{ on: true }, {}],
};

test('every kind of field is read', () => {
  assert.deepEqual(decode(encoded(everything), sample), expected);
});

test('fields that are in no table are stepped over, whatever their wire type', () => {
  const data = encoded((writer) => {
    writer.tag(90, WireType.Varint).int64(2 ** 50);
    writer.tag(91, WireType.Bit32).fixed32(7);
    writer.tag(92, WireType.Bit64).fixed64(7);
    part(writer, 93, (unknown) => everything(unknown));
    everything(writer);
    writer.tag(1000, WireType.LengthDelimited).string('x'.repeat(500));
  });
  assert.deepEqual(decode(data, sample), expected);
});

test('times are those of Date, on every day and at its ends', () => {
  const seconds = [
    1, 59, 3599, 86_399, 86_400, 951_782_399, 951_782_400, 1_790_000_000, 4_102_444_799, 253_402_300_799,
  ];
  for (const each of seconds) {
    const data = encoded((writer) => part(writer, 4, (at) => at.tag(1, WireType.Varint).int64(each)));
    assert.equal(decode(data, sample).at, new Date(each * 1000).toISOString().replace('.000Z', 'Z'));
  }
});

test('empty strings, zeros and empty times are absent, as the JSON leaves them out', () => {
  const data = encoded((writer) => {
    writer.tag(1, WireType.LengthDelimited).string('');
    writer.tag(3, WireType.Varint).int64(0);
    part(writer, 4, () => {});
  });
  assert.deepEqual(decode(data, sample), {});
});

test('a message that is cut anywhere throws, and never reads beyond its end', () => {
  const data = encoded(everything);
  const whole = JSON.stringify(decode(data, sample));
  for (let length = 1; length < data.length; length++) {
    let read: unknown;
    try {
      read = decode(data.subarray(0, length), sample);
    } catch (error) {
      assert.ok(error instanceof Error);
      continue;
    }
    // Cut between two fields, what remains is a message of its own.
    assert.notEqual(JSON.stringify(read), whole);
  }
});

test('a length that runs over the enclosing message throws', () => {
  // Field 6 has two bytes, and the string in it claims ten.
  assert.throws(() => decode(Buffer.from([0x32, 0x02, 0x0a, 0x0a, 0x61, 0x62]), sample));
});

test('a wire type that the field cannot have throws', () => {
  assert.throws(() => decode(Buffer.from([0x09, 0, 0, 0, 0, 0, 0, 0, 0]), sample), /wire type/);
  assert.throws(() => decode(Buffer.from([0x1a, 0x01, 0x61]), sample), /wire type/);
});

test('one field can be cut out of a message', () => {
  const data = encoded(everything);
  assert.equal(contentOf(data, 1)?.toString(), 'größe 😀');
  assert.deepEqual(contentOf(data, 8), Buffer.from([1, 2]));
  assert.equal(contentOf(data, 9), undefined);
  assert.throws(() => contentOf(data.subarray(0, 3), 8), /longer than its message/);
});

test('a map key cannot reach the prototype', () => {
  const data = encoded((writer) => {
    label(writer, '__proto__', 'polluted');
    label(writer, 'app', 'web');
  });
  const { labels } = decode(data, sample);
  assert.deepEqual(labels, { app: 'web' });
  assert.equal(Object.getPrototypeOf(labels), Object.prototype);
});

test('what is a number or a text comes out as the one it is', () => {
  const ports = message<{ port?: number | string }>({ port: intOrString(1) });
  const read = (write: Write): unknown =>
    decode(
      encoded((writer) => part(writer, 1, write)),
      ports,
    );
  assert.deepEqual(
    read((one) => one.tag(2, WireType.Varint).int32(8080)),
    { port: 8080 },
  );
  assert.deepEqual(
    read((one) => one.tag(1, WireType.Varint).int32(1).tag(3, WireType.LengthDelimited).string('web')),
    { port: 'web' },
  );
  assert.deepEqual(
    read(() => {}),
    {},
  );
});
