/** Address ranges: merged, so that a thousand nodes' pod ranges become the few that hold them. */

import { isIP } from 'node:net';

interface Range {
  readonly family: 4 | 6;
  /** First and last address. */
  readonly first: bigint;
  readonly last: bigint;
}

const bits = { 4: 32, 6: 128 } as const;

/**
 * The same addresses in as few CIDRs as possible, IPv4 first, ascending. Texts that are not CIDRs are left
 * out; host bits are ignored.
 */
export function mergeCIDRs(cidrs: Iterable<string>): readonly string[] {
  const ranges = [...cidrs].flatMap((cidr) => parseCIDR(cidr) ?? []);
  ranges.sort((a, b) => a.family - b.family || compare(a.first, b.first) || compare(a.last, b.last));
  const merged: Range[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous === undefined || previous.family !== range.family || range.first > previous.last + 1n) {
      merged.push(range);
    } else if (range.last > previous.last) {
      merged[merged.length - 1] = { ...previous, last: range.last };
    }
  }
  return merged.flatMap((range) => [...split(range)]);
}

function parseCIDR(cidr: string): Range | undefined {
  const slash = cidr.indexOf('/');
  const address = slash < 0 ? cidr : cidr.slice(0, slash);
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const text = slash < 0 ? String(bits[family]) : cidr.slice(slash + 1);
  const length = Number(text);
  if (!/^\d{1,3}$/.test(text) || length > bits[family]) return undefined;
  const size = 1n << BigInt(bits[family] - length);
  const value = family === 4 ? parseIPv4(address) : parseIPv6(address);
  const first = value - (value % size);
  return { family, first, last: first + size - 1n };
}

function parseIPv4(address: string): bigint {
  return address.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function parseIPv6(address: string): bigint {
  const plain = address.replace(/%.*$/, '').replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const value = parseIPv4(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...'0'.repeat(8 - left.length - right.length), ...right];
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** The largest aligned blocks that make up the range. */
function* split({ family, first, last }: Range): Generator<string> {
  let start = first;
  while (start <= last) {
    let size = 1n;
    let length = bits[family];
    while (length > 0 && start % (size * 2n) === 0n && start + size * 2n - 1n <= last) {
      size *= 2n;
      length--;
    }
    yield `${family === 4 ? formatIPv4(start) : formatIPv6(start)}/${length}`;
    start += size;
  }
}

function formatIPv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
}

/** Shortest form, RFC 5952. */
function formatIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

/** Whether the range has the address; never where one of the two is none. */
export function containsAddress(cidr: string, address: string): boolean {
  const range = parseCIDR(cidr);
  const single = parseCIDR(address);
  if (range === undefined || single === undefined || range.family !== single.family) return false;
  return range.first <= single.first && single.last <= range.last;
}

/** Whether some of the ranges have all addresses of another one. The ranges are merged first. */
export function coversRange(ranges: readonly string[], cidr: string): boolean {
  const inner = parseCIDR(cidr);
  if (inner === undefined) return false;
  const merged = mergeCIDRs(ranges).flatMap((range) => parseCIDR(range) ?? []);
  let reached = inner.first;
  for (const { family, first, last } of merged) {
    if (family === inner.family && first <= reached && last >= reached) reached = last + 1n;
  }
  return reached > inner.last;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
