/**
 * DER (ITU-T X.690) by way of node-forge's `asn1`: a tree of elements that is turned into bytes once, and a reader
 * that is stricter than the library's own. Whatever carries meaning (keys, signatures, certificates) is parsed by
 * OpenSSL through node:crypto.
 */

import asn1, { type Asn1 } from 'node-forge/lib/asn1.js';
import { WeftError } from '../base/errors.ts';

/** Class, form and number in one byte, as DER writes them. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** More is neither written nor read. */
const maxBytes = 64 * 1024 - 1;
/** A certificate nests eight deep; every level costs the reader a stack frame. */
const maxDepth = 16;
const classBits = 0xc0;
const constructedBit = 0x20;
const numberBits = 0x1f;

/** One element, not yet or no longer DER. */
export type Element = Asn1;

/** Tag of context-specific number `number`, primitive or constructed. */
export function context(number: number, constructed: boolean): number {
  return (constructed ? 0xa0 : 0x80) | number;
}

/** One element; its contents are the parts, one after the other, or the bytes. */
export function element(
  tagByte: number,
  ...contents: readonly Element[] | readonly [contents: Uint8Array]
): Element {
  const [first] = contents;
  const value = first instanceof Uint8Array ? toBinary(first) : [...(contents as readonly Element[])];
  return create(tagByte, value);
}

function create(tagByte: number, value: string | Element[]): Element {
  return asn1.create(tagByte & classBits, tagByte & numberBits, (tagByte & constructedBit) !== 0, value);
}

/** The library holds bytes as strings of characters up to U+00FF. */
function toBinary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The DER of one element with all that is in it. Throws a RangeError beyond 64 KiB. */
export function encode(whole: Element): Buffer {
  const bytes = Buffer.from(asn1.toDer(whole).getBytes(), 'latin1');
  if (bytes.length > maxBytes) throw new RangeError(`DER element of ${bytes.length} bytes`);
  return bytes;
}

/**
 * The same element with its contents as bytes, for what many certificates have in common or what is written twice.
 * Only for writing: the library takes it for a primitive element whose number has the bit of constructed ones.
 */
export function encodedOnce(whole: Element): Element {
  if (!Array.isArray(whole.value)) return whole;
  const contents = whole.value.map((part) => asn1.toDer(part).getBytes()).join('');
  return asn1.create(whole.tagClass, whole.type | constructedBit, false, contents);
}

export function sequence(...parts: readonly Element[]): Element {
  return element(tag.sequence, ...parts);
}

/** `1.2.840.10045.4.3.2` -> OBJECT IDENTIFIER. */
export function objectIdentifier(dotted: string): Element {
  return create(tag.objectIdentifier, asn1.oidToDer(dotted).getBytes());
}

/** A positive INTEGER from its big-endian bytes. */
export function positiveInteger(bytes: Uint8Array): Element {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const significant = toBinary(bytes.subarray(start));
  return create(tag.integer, significant >= '\x80' ? `\0${significant}` : significant);
}

export function boolean(value: boolean): Element {
  return create(tag.boolean, value ? '\xff' : '\0');
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Element {
  return create(tag.bitString, String.fromCharCode(unusedBits) + toBinary(bytes));
}

/** Bytes, or the DER of an element. */
export function octetString(contents: Uint8Array | Element): Element {
  const bytes = contents instanceof Uint8Array ? toBinary(contents) : asn1.toDer(contents).getBytes();
  return create(tag.octetString, bytes);
}

export function utf8String(text: string): Element {
  return element(tag.utf8String, Buffer.from(text, 'utf8'));
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280, section 4.1.2.5); whole seconds. */
export function time(atMs: number): Element {
  const at = new Date(atMs);
  return at.getUTCFullYear() < 2050
    ? create(tag.utcTime, asn1.dateToUtcTime(at))
    : create(tag.generalizedTime, asn1.dateToGeneralizedTime(at));
}

/**
 * The one element that `der` is. Throws WEFT-CA-02 for anything but DER. The library reads BER too (lengths that are
 * indefinite or longer than they need be, padded integers); what it would not write the same again is refused.
 */
export function decode(der: Uint8Array): Element {
  if (der.length > maxBytes) throw malformed('it is beyond 64 KiB');
  const bytes = toBinary(der);
  const read = readOne(bytes);
  if (hasLongTag(read)) throw malformed('a tag is longer than one byte');
  if (asn1.toDer(read).getBytes() !== bytes) {
    throw malformed('a length is indefinite, or a length or an integer is not minimal');
  }
  return read;
}

function readOne(bytes: string): Element {
  try {
    return asn1.fromDer(bytes, { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth });
  } catch (cause) {
    const why = `an element is cut short, nested more than ${maxDepth} deep, or followed by more`;
    throw malformed(why, cause);
  }
}

/** The library takes the first byte of a longer tag for all of it. */
function hasLongTag({ type, value }: Element): boolean {
  return type === numberBits || (Array.isArray(value) && value.some(hasLongTag));
}

/** Class, form and number in one byte, to compare with `tag`. */
export function tagOf({ tagClass, type, constructed }: Element): number {
  return tagClass | (constructed ? constructedBit : 0) | type;
}

export function equal(one: Element, other: Element): boolean {
  return asn1.equals(one, other);
}

/** What a primitive element holds. Throws WEFT-CA-02 for one made of others. */
export function bytesOf({ value }: Element): Buffer {
  if (typeof value !== 'string') throw malformed('an element is made of others that should not be');
  return Buffer.from(value, 'latin1');
}

/** What a constructed element holds, at most `maxElements`. Throws WEFT-CA-02 for more, or for a primitive one. */
export function partsOf({ value }: Element, maxElements = 8): readonly Element[] {
  if (typeof value === 'string') throw malformed('an element is not made of others that should be');
  if (value.length > maxElements) throw malformed(`more than ${maxElements} elements side by side`);
  return value;
}

/** The parts of the one SEQUENCE that `der` is. */
export function decodeSequence(der: Uint8Array, maxElements = 8): readonly Element[] {
  const only = decode(der);
  if (tagOf(only) !== tag.sequence) throw malformed('not one SEQUENCE');
  return partsOf(only, maxElements);
}

export function malformed(why: string, cause?: unknown): WeftError {
  return new WeftError('WEFT-CA-02', `The request is not DER as it should be: ${why}.`, { cause });
}
