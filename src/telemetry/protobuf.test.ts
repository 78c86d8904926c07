/** The reader of protobuf: what is well-formed comes back as it was written, all else throws and reads nothing beyond. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedMessage, ProtobufReader } from './protobuf.ts';
import { message, varint } from './protobuf-writer.ts';

test('reads what was written', () => {
  const reader = new ProtobufReader(
    message(
      { number: 1, varint: 2 ** 53 - 1 },
      { number: 2, text: 'grüße' },
      { number: 3, fixed64: 2n ** 53n - 1n },
      { number: 4, fixed64: -5n },
      { number: 5, double: -0.25 },
      { number: 536_870_911, varint: 0 },
    ),
  );
  assert.equal(reader.tag(), 8);
  assert.equal(reader.varint(), 2 ** 53 - 1);
  assert.equal(reader.tag(), 2 * 8 + 2);
  assert.equal(reader.string(), 'grüße');
  reader.tag();
  assert.equal(reader.fixed64(), 2 ** 53 - 1);
  reader.tag();
  assert.equal(reader.signedFixed64(), -5);
  reader.tag();
  assert.equal(reader.double(), -0.25);
  assert.equal(reader.tag(), 536_870_911 * 8);
  reader.skip(8);
  assert.equal(reader.more, false);
});

for (const [what, bytes] of [
  ['a number that does not end', [8, 0x80]],
  ['a number of eleven bytes', [8, ...Array<number>(11).fill(0x80), 0]],
  ['a field that is longer than the message', [10, 5, 1, 2]],
  ['a length of nearly 2^64', [10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
  ['half a fixed64', [9, 1, 2, 3]],
  ['half a fixed32', [13, 1]],
  ['a group', [11, 12]],
  ['a field of number 0', [0, 0]],
  ['wire type 7', [15]],
] as const) {
  test(`refuses ${what}`, () => {
    const reader = new ProtobufReader(Buffer.from(bytes));
    assert.throws(() => {
      while (reader.more) reader.skip(reader.tag());
    }, MalformedMessage);
    assert.ok(reader.at <= bytes.length);
  });
}

test('a message within a message ends where it says, not where the outer one does', () => {
  const inner = message({ number: 1, varint: 1 });
  const reader = new ProtobufReader(
    Buffer.concat([message({ number: 1, bytes: inner.subarray(0, 1) }), varint(1)]),
  );
  reader.tag();
  reader.end = reader.contentEnd();
  reader.tag();
  assert.throws(() => reader.varint(), MalformedMessage);
});
