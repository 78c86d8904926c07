/**
 * The two messages of delta ADS on the wire, by hand: an acknowledgement costs a few microseconds to read
 * this way, and a response is put together from parts that were encoded once for all proxies.
 *
 * Source: envoy/service/discovery/v3/discovery.proto, envoy/config/core/v3/base.proto (Node),
 * google/rpc/status.proto; the encoding: https://protobuf.dev/programming-guides/encoding/.
 */

import { fromBinary, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { xdsError } from './errors.ts';

/** What a proxy says of itself. Nothing in it is proven; the certificate is. */
export interface ProxyNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface HeldVersion {
  readonly name: string;
  readonly version: string;
}

export interface DeltaRequest {
  readonly node: ProxyNode | undefined;
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the proxy holds from an earlier stream; only in the first request of a type. */
  readonly held: readonly HeldVersion[];
  readonly nonce: string;
  /** Present exactly when the proxy rejects the response with that nonce. */
  readonly error: string | undefined;
}

const none: readonly string[] = [];
const noneHeld: readonly HeldVersion[] = [];

/** Reads fields of one message; every read is checked against the message's end. */
class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, from: number, to: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.#at >= this.#end) throw malformed('it ends inside a number');
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw malformed('a number is too long');
  }

  string(): string {
    const [from, to] = this.#span();
    return this.#bytes.toString('utf8', from, to);
  }

  message(): Reader {
    const [from, to] = this.#span();
    return new Reader(this.#bytes, from, to);
  }

  bytes(): Buffer {
    const [from, to] = this.#span();
    return this.#bytes.subarray(from, to);
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.#span();
    else if (wireType === 5) this.#advance(4);
    else throw malformed(`wire type ${wireType} does not exist`);
  }

  #span(): readonly [number, number] {
    const length = this.varint();
    const from = this.#at;
    this.#advance(length);
    return [from, this.#at];
  }

  #advance(length: number): void {
    if (length > this.#end - this.#at) throw malformed('a field is longer than the message');
    this.#at += length;
  }
}

function malformed(detail: string): Error {
  return xdsError('WEFT-XDS-06', `The message cannot be read: ${detail}.`);
}

const lengthDelimited = 2;

/** Throws WEFT-XDS-06 where the bytes are no DeltaDiscoveryRequest. Unknown fields are skipped. */
export function decodeRequest(bytes: Buffer): DeltaRequest {
  const reader = new Reader(bytes, 0, bytes.length);
  let node: ProxyNode | undefined;
  let typeUrl = '';
  let subscribe: string[] | undefined;
  let unsubscribe: string[] | undefined;
  let held: HeldVersion[] | undefined;
  let nonce = '';
  let error: string | undefined;
  while (!reader.done) {
    const tag = reader.varint();
    if ((tag & 7) !== lengthDelimited) {
      reader.skip(tag & 7);
      continue;
    }
    switch (tag >>> 3) {
      case 1:
        node = decodeNode(reader.message());
        break;
      case 2:
        typeUrl = reader.string();
        break;
      case 3:
        (subscribe ??= []).push(reader.string());
        break;
      case 4:
        (unsubscribe ??= []).push(reader.string());
        break;
      case 5:
        (held ??= []).push(decodeHeld(reader.message()));
        break;
      case 6:
        nonce = reader.string();
        break;
      case 7:
        error = decodeStatus(reader.message());
        break;
      default:
        reader.skip(lengthDelimited);
    }
  }
  return {
    node,
    typeUrl,
    subscribe: subscribe ?? none,
    unsubscribe: unsubscribe ?? none,
    held: held ?? noneHeld,
    nonce,
    error,
  };
}

function decodeNode(reader: Reader): ProxyNode {
  let id = '';
  let cluster = '';
  let metadata: Readonly<Record<string, unknown>> = {};
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 0x0a) id = reader.string();
    else if (tag === 0x12) cluster = reader.string();
    else if (tag === 0x1a) metadata = decodeStruct(reader.bytes());
    else reader.skip(tag & 7);
  }
  return { id, cluster, metadata };
}

function decodeStruct(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return toJson(StructSchema, fromBinary(StructSchema, bytes)) as Record<string, unknown>;
  } catch {
    throw malformed('the metadata of its node is no struct');
  }
}

/** An entry of the map `initial_resource_versions`. */
function decodeHeld(reader: Reader): HeldVersion {
  let name = '';
  let version = '';
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 0x0a) name = reader.string();
    else if (tag === 0x12) version = reader.string();
    else reader.skip(tag & 7);
  }
  return { name, version };
}

function decodeStatus(reader: Reader): string {
  let message = '';
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 0x12) message = reader.string();
    else reader.skip(tag & 7);
  }
  return message;
}

/**
 * Memory of its own. Node cuts small buffers from blocks of 64 KB, and a block lives as long as any part of
 * it: what we allocate between two connections would let each connection keep such a block alive.
 */
export function unpooled(length: number): Buffer {
  return Buffer.allocUnsafeSlow(length);
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let next = at;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[next++] = (rest & 0x7f) | 0x80;
  bytes[next++] = rest;
  return next;
}

/** One length-delimited field. */
function field(tag: number, length: number): number {
  return 1 + varintSize(length) + length + (tag > 15 ? 1 : 0);
}

function writeText(bytes: Buffer, at: number, tag: number, text: string, length: number): number {
  bytes[at] = tag;
  const start = writeVarint(bytes, at + 1, length);
  bytes.write(text, start, length, 'utf8');
  return start + length;
}

/**
 * Everything of `resources` (field 2 of DeltaDiscoveryResponse) that comes before the body of the resource, so that head
 * and body together are the whole field. It is measured once and written for every proxy: kept as bytes, it would take
 * several times the memory.
 */
export class ResourceHead {
  /** In bytes. */
  readonly length: number;
  readonly bodyLength: number;
  readonly #typeUrl: string;
  readonly #name: string;
  readonly #nameLength: number;
  readonly #version: string;
  readonly #versionLength: number;
  readonly #anyLength: number;
  readonly #fieldsLength: number;

  /** @param typeUrl and version are of ASCII */
  constructor(typeUrl: string, name: string, version: string, bodyLength: number) {
    this.bodyLength = bodyLength;
    this.#typeUrl = typeUrl;
    this.#name = name;
    this.#nameLength = Buffer.byteLength(name);
    this.#version = version;
    this.#versionLength = version.length;
    this.#anyLength = field(1, typeUrl.length) + field(2, bodyLength);
    this.#fieldsLength =
      field(1, this.#versionLength) + field(3, this.#nameLength) + field(2, this.#anyLength);
    this.length = field(2, this.#fieldsLength) - bodyLength;
  }

  /** @returns the place behind it */
  write(bytes: Buffer, start: number): number {
    bytes[start] = 0x12;
    let at = writeVarint(bytes, start + 1, this.#fieldsLength);
    at = writeText(bytes, at, 0x0a, this.#version, this.#versionLength);
    at = writeText(bytes, at, 0x1a, this.#name, this.#nameLength);
    bytes[at] = 0x12;
    at = writeVarint(bytes, at + 1, this.#anyLength);
    at = writeText(bytes, at, 0x0a, this.#typeUrl, this.#typeUrl.length);
    bytes[at] = 0x12;
    return writeVarint(bytes, at + 1, this.bodyLength);
  }
}

/**
 * What comes before the resources: the length prefix of gRPC, then type_url, nonce and removed_resources.
 * @param resourcesLength of all heads and bodies that follow, in bytes
 */
export function encodeResponseHead(
  typeUrl: string,
  nonce: string,
  removed: readonly string[],
  resourcesLength: number,
): Buffer {
  const typeLength = Buffer.byteLength(typeUrl);
  const nonceLength = Buffer.byteLength(nonce);
  const removedLengths = removed.map((name) => Buffer.byteLength(name));
  let length = field(4, typeLength) + field(5, nonceLength);
  for (const nameLength of removedLengths) length += field(6, nameLength);
  const bytes = unpooled(5 + length);
  bytes[0] = 0;
  bytes.writeUInt32BE(length + resourcesLength, 1);
  let at = writeText(bytes, 5, 0x22, typeUrl, typeLength);
  at = writeText(bytes, at, 0x2a, nonce, nonceLength);
  for (const [index, name] of removed.entries()) {
    at = writeText(bytes, at, 0x32, name, removedLengths[index] ?? 0);
  }
  return bytes;
}
