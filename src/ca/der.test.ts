import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as der from './der.ts';

const hex = (element: der.Element): string => der.encode(element).toString('hex');
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
  assert.equal(hex(der.octetString(Buffer.alloc(127))).slice(0, 4), '047f');
  assert.equal(hex(der.octetString(Buffer.alloc(128))).slice(0, 6), '048180');
  assert.equal(hex(der.octetString(Buffer.alloc(256))).slice(0, 8), '04820100');
  assert.throws(() => der.encode(der.octetString(Buffer.alloc(65_536))), RangeError);
});

test('times are UTCTime through 2049 and GeneralizedTime from 2050 on', () => {
  const text = (atMs: number): string => der.encode(der.time(atMs)).toString('latin1');
  assert.equal(text(Date.UTC(2049, 11, 31, 23, 59, 59, 999)), '\x17\x0d491231235959Z');
  assert.equal(text(Date.UTC(2050, 0, 1)), '\x18\x0f20500101000000Z');
});

test('reads back what it wrote', () => {
  const parts = [der.utf8String('ä'), der.octetString(Buffer.alloc(300, 1)), der.boolean(true)];
  const read = der.decodeSequence(der.encode(der.sequence(...parts)));
  assert.deepEqual(read.map(hex), parts.map(hex));
});

test('what was encoded beforehand is written the same', () => {
  const name = der.sequence(der.element(der.tag.set, der.sequence(der.utf8String('a'), der.boolean(true))));
  const tagged = der.element(der.context(3, true), name);
  for (const whole of [name, tagged, der.sequence(), der.boolean(true)]) {
    assert.equal(hex(der.encodedOnce(whole)), hex(whole));
    assert.equal(hex(der.sequence(der.encodedOnce(whole))), hex(der.sequence(whole)));
  }
});

test('refuses what is not DER', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['cut short', '3005020100'],
    ['cut short within', '3003020200'],
    ['a lone tag', '30'],
    ['a tag without a length within', '300104'],
    ['indefinite length', '30800000'],
    ['indefinite length of something', '30800201000000'],
    ['indefinite length within', '3006308002010000'],
    ['indefinite length that takes no more bytes', `3080${'0482010000'.padEnd(8 + 512, '0')}0000`],
    ['indefinite length of a primitive', '0480010000'],
    ['a length that is not minimal', '308103020100'],
    ['a length that is not minimal within', '300402810100'],
    ['a long length that is not minimal', '30820003020100'],
    ['a length of three bytes', '3083010000'],
    ['a length that is negative as 32 bits', '3084ffffffff'],
    ['a length of 127 bytes', '30ff'],
    ['a tag of several bytes', '30031f8101'],
    ['a tag of several bytes that looks like one', '30049f020105'],
    ['an integer that is not minimal', '300402020001'],
    ['something behind the end', '300302010000'],
    ['another element behind the end', '30030201003000'],
    ['no sequence', '020100'],
    ['nothing at all', ''],
  ];
  for (const [name, bytes] of cases) {
    assert.throws(() => der.decodeSequence(Buffer.from(bytes, 'hex')), code, name);
  }
});

test('refuses what nests deeper than any certificate', () => {
  const nested = (depth: number): Buffer => {
    let whole = der.sequence();
    for (let i = 1; i < depth; i++) whole = der.sequence(whole);
    return der.encode(whole);
  };
  assert.equal(der.decodeSequence(nested(16)).length, 1);
  assert.throws(() => der.decodeSequence(nested(17)), code);
  assert.throws(() => der.decodeSequence(nested(2000)), code);
});

test('refuses more than 64 KiB before looking at them', () => {
  const bytes = Buffer.alloc(65_536, 0);
  bytes.set([0x30, 0x82, 0xff, 0xfc]);
  assert.throws(() => der.decode(bytes), { ...code, message: /64 KiB/ });
  bytes.set([0x04, 0x82, 0xff, 0xfb]);
  assert.equal(der.bytesOf(der.decode(bytes.subarray(0, 65_535))).length, 65_531);
});

test('refuses more elements than the caller expects', () => {
  const crowd = der.encode(der.sequence(...Array.from({ length: 9 }, () => der.boolean(true))));
  assert.throws(() => der.decodeSequence(crowd), code);
  assert.equal(der.decodeSequence(crowd, 9).length, 9);
});

test('tells primitive elements from constructed ones', () => {
  const [primitive, constructed] = ['040100', '2403040100'].map((bytes) =>
    der.decode(Buffer.from(bytes, 'hex')),
  );
  assert.ok(primitive !== undefined && constructed !== undefined);
  assert.equal(der.tagOf(primitive), der.tag.octetString);
  assert.equal(der.tagOf(constructed), der.tag.octetString | 0x20);
  assert.throws(() => der.partsOf(primitive), code);
  assert.throws(() => der.bytesOf(constructed), code);
});
