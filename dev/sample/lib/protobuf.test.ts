import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, numberOf, textOf } from './protobuf.ts';

test('what is encoded is decoded again', () => {
  const fields = decode(
    encode([
      [1, 'loom'],
      [2, 48_000],
      [3, ''],
    ]),
  );
  assert.equal(textOf(fields, 1), 'loom');
  assert.equal(numberOf(fields, 2), 48_000);
  assert.equal(textOf(fields, 3), '');
});

test('the bytes are those of the protobuf documentation', () => {
  assert.deepEqual([...encode([[1, 150]])], [0x08, 0x96, 0x01]);
  assert.deepEqual([...encode([[2, 'testing']])], [0x12, 0x07, ...Buffer.from('testing')]);
});

test('numbers beyond 32 bits survive', () => {
  assert.equal(numberOf(decode(encode([[1, 2 ** 40 + 5]])), 1), 2 ** 40 + 5);
});

test('an absent field has its default', () => {
  assert.equal(textOf([], 1), '');
  assert.equal(numberOf([], 1), 0);
});

test('truncated and foreign input is refused', () => {
  assert.throws(() => decode(Buffer.from([0x12, 0x07, 0x61])), /ends inside a field/);
  assert.throws(() => decode(Buffer.from([0x08, 0x96])), /ends inside a varint/);
  assert.throws(() => decode(Buffer.from([0x0d, 0, 0, 0, 0])), /wire type 5/);
  assert.throws(() => decode(Buffer.alloc(12, 0xff)), /too large/);
});
