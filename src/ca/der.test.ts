import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as der from './der.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const code = { code: 'WEFT-CA-02' };

test('object identifiers are encoded as X.690 says', () => {
  assert.equal(hex(der.objectIdentifier('1.2.840.113549')), '06062a864886f70d');
  assert.equal(hex(der.objectIdentifier('2.5.29.17')), '0603551d11');
});

test('integers are positive and minimal', () => {
  assert.equal(hex(der.positiveInteger(Uint8Array.of(0))), '020100');
  assert.equal(hex(der.positiveInteger(Uint8Array.of(0, 0, 0x7f))), '02017f');
  assert.equal(hex(der.positiveInteger(Uint8Array.of(0x80))), '02020080');
});

test('lengths take the shortest form', () => {
  assert.equal(hex(der.octetString(Buffer.alloc(127)).subarray(0, 2)), '047f');
  assert.equal(hex(der.octetString(Buffer.alloc(128)).subarray(0, 3)), '048180');
  assert.equal(hex(der.octetString(Buffer.alloc(256)).subarray(0, 4)), '04820100');
  assert.throws(() => der.octetString(Buffer.alloc(65536)), RangeError);
});

test('times are UTCTime through 2049 and GeneralizedTime from 2050 on', () => {
  assert.equal(der.time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1'), '\x17\x0d491231235959Z');
  assert.equal(der.time(Date.UTC(2050, 0, 1)).toString('latin1'), '\x18\x0f20500101000000Z');
});

test('reads back what it wrote', () => {
  const parts = [der.utf8String('a'), der.octetString(Buffer.alloc(300, 1)), der.boolean(true)];
  const read = der.readSequence(der.sequence(...parts));
  assert.deepEqual(
    read.map((part) => hex(part.whole)),
    parts.map(hex),
  );
});

test('refuses what is not DER', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['cut short', '3005020100'],
    ['a lone tag', '30'],
    ['indefinite length', '30800000'],
    ['a length that is not minimal', '308103020100'],
    ['a long length that is not minimal', '30820003020100'],
    ['a length of three bytes', '3083010000'],
    ['a tag of several bytes', '30031f8101'],
    ['something behind the end', '300302010000'],
    ['no sequence', '020100'],
    ['nothing at all', ''],
  ];
  for (const [name, bytes] of cases) {
    assert.throws(() => der.readSequence(Buffer.from(bytes, 'hex')), code, name);
  }
});

test('refuses more elements than the caller expects', () => {
  const crowd = der.sequence(...Array.from({ length: 9 }, () => der.boolean(true)));
  assert.throws(() => der.readSequence(crowd), code);
});
