/**
 * DER (ITU-T X.690): a writer for certificates and a strict reader for the little that is read of requests.
 * The reader never recurses and accepts definite, minimal lengths only; whatever carries meaning (keys,
 * signatures, certificates) is parsed by OpenSSL through node:crypto.
 */

import { WeftError } from '../base/errors.ts';

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

/** Tag of context-specific number `number`, primitive or constructed. */
export function context(number: number, constructed: boolean): number {
  return (constructed ? 0xa0 : 0x80) | number;
}

/** One element; its contents are the parts, one after the other. */
export function element(tagByte: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = lengthHeader(tagByte, length);
  const out = Buffer.allocUnsafe(header.length + length);
  out.set(header);
  let at = header.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function lengthHeader(tagByte: number, length: number): readonly number[] {
  if (length < 0x80) return [tagByte, length];
  if (length < 0x100) return [tagByte, 0x81, length];
  if (length < 0x10000) return [tagByte, 0x82, length >> 8, length & 0xff];
  throw new RangeError(`DER element of ${length} bytes`);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(tag.sequence, ...parts);
}

/** `1.2.840.10045.4.3.2` -> OBJECT IDENTIFIER. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      septets.unshift((left % 128) | 0x80);
    }
    bytes.push(...septets);
  }
  return element(tag.objectIdentifier, Uint8Array.from(bytes));
}

/** A positive INTEGER from its big-endian bytes. */
export function positiveInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const significant = bytes.subarray(start);
  const negative = ((significant[0] ?? 0) & 0x80) !== 0;
  return negative ? element(tag.integer, Uint8Array.of(0), significant) : element(tag.integer, significant);
}

export function boolean(value: boolean): Buffer {
  return element(tag.boolean, Uint8Array.of(value ? 0xff : 0));
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(tag.bitString, Uint8Array.of(unusedBits), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(tag.octetString, bytes);
}

export function utf8String(text: string): Buffer {
  return element(tag.utf8String, Buffer.from(text, 'utf8'));
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280, section 4.1.2.5); whole seconds. */
export function time(atMs: number): Buffer {
  const digits = new Date(atMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return new Date(atMs).getUTCFullYear() < 2050
    ? element(tag.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : element(tag.generalizedTime, Buffer.from(digits, 'latin1'));
}

export interface Element {
  readonly tag: number;
  /** Contents without the header. */
  readonly body: Uint8Array;
  /** Header and contents. */
  readonly whole: Uint8Array;
}

/** The elements that lie side by side in `bytes`, at most `maxElements`. Throws WEFT-CA-02 for anything but DER. */
export function readElements(bytes: Uint8Array, maxElements = 8): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (elements.length === maxElements) throw malformed(`more than ${maxElements} elements side by side`);
    const next = readElement(bytes.subarray(at));
    elements.push(next);
    at += next.whole.length;
  }
  return elements;
}

function readElement(bytes: Uint8Array): Element {
  const [tagByte, first] = bytes;
  if (tagByte === undefined || first === undefined) throw malformed('an element is cut short');
  if ((tagByte & 0x1f) === 0x1f) throw malformed('a tag is longer than one byte');
  const { length, headerLength } = readLength(bytes, first);
  const end = headerLength + length;
  if (end > bytes.length) throw malformed('an element is longer than what holds it');
  return { tag: tagByte, body: bytes.subarray(headerLength, end), whole: bytes.subarray(0, end) };
}

function readLength(bytes: Uint8Array, first: number): { length: number; headerLength: number } {
  if (first < 0x80) return { length: first, headerLength: 2 };
  if (first === 0x81) {
    const length = bytes[2] ?? 0;
    if (length < 0x80) throw malformed('a length is not minimal');
    return { length, headerLength: 3 };
  }
  if (first === 0x82) {
    const length = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    if (length < 0x100) throw malformed('a length is not minimal');
    return { length, headerLength: 4 };
  }
  throw malformed('a length is indefinite or beyond 64 KiB');
}

/** The parts of the one SEQUENCE that `bytes` is. */
export function readSequence(bytes: Uint8Array, maxElements = 8): readonly Element[] {
  const [only, ...others] = readElements(bytes, 2);
  if (only === undefined || others.length > 0 || only.tag !== tag.sequence)
    throw malformed('not one SEQUENCE');
  return readElements(only.body, maxElements);
}

export function malformed(why: string): WeftError {
  return new WeftError('WEFT-CA-02', `The request is not DER as it should be: ${why}.`);
}
