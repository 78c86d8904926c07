/**
 * Endpoints of one service port, encoded by hand: this is what changes most often in a cluster and the
 * library takes many times as long. A test holds the bytes against the library's.
 *
 *   ClusterLoadAssignment { 1: cluster_name, 2: LocalityLbEndpoints { 2: LbEndpoint
 *     { 1: Endpoint { 1: Address { 1: SocketAddress { 2: address, 3: port } } }, 3: Metadata } ... } }
 */

import { create, toBinary } from '@bufbuild/protobuf';
import { peerMetadata } from '../../base/signals.ts';
import type { Endpoint } from '../../mesh/model.ts';
import { MetadataSchema } from '../proto/envoy/config/core/v3/base_pb.js';
import type { EncodedResource } from '../resource.ts';
import { meshEndpointMatch } from './cluster.ts';
import { resourceOf } from './encode.ts';

/** Tells the cluster's transport_socket_matches that the endpoint speaks TLS of the mesh. */
const meshMetadata = toBinary(
  MetadataSchema,
  create(MetadataSchema, { filterMetadata: { 'envoy.transport_socket_match': meshEndpointMatch } }),
);

const noBytes = new Uint8Array();

/**
 * Who an endpoint without a certificate is, for the proxies' reports:
 * Metadata { 1: entry { 1: namespace, 2: Struct { 1: entry { 1: key, 2: Value { 3: peer } } } } }
 */
function peerBytes(peer: string): Uint8Array {
  const value = delimited(0x1a, Buffer.from(peer));
  const struct = mapEntry(peerKey, value);
  return mapEntry(peerNamespace, struct);
}

const peerNamespace = Buffer.from(peerMetadata.namespace);
const peerKey = Buffer.from(peerMetadata.key);

/** The only entry of a map that is field 1 of its message. */
function mapEntry(key: Uint8Array, value: Uint8Array): Uint8Array {
  return delimited(0x0a, Buffer.concat([delimited(0x0a, key), delimited(0x12, value)]));
}

function delimited(tag: number, value: Uint8Array): Uint8Array {
  const writer = new Writer(prefixed(value.length));
  writer.bytes(tag, value);
  return writer.out;
}

/** The largest length that one byte of varint can say. */
const oneByte = 0x7f;

/** `name` is that of the cluster: each variant of a cluster must have endpoints of its own. */
export function namedEndpoints(name: string, endpoints: readonly Endpoint[]): EncodedResource {
  return resourceOf(name, encodeAssignment(name, endpoints));
}

/** The ClusterLoadAssignment; endpoints in the order given, all in one locality. */
export function encodeAssignment(name: string, endpoints: readonly Endpoint[]): Uint8Array {
  const nameBytes = Buffer.from(name);
  const addresses = endpoints.map((endpoint) => Buffer.from(endpoint.address, 'latin1'));
  const metadata = endpoints.map(metadataOf);
  const lengths = endpoints.map((endpoint, index) =>
    sizes(addresses[index] ?? noBytes, endpoint.port, metadata[index]),
  );
  const localityLength = lengths.reduce((sum, { lbEndpoint }) => sum + prefixed(lbEndpoint), 0);
  const total = prefixed(nameBytes.length) + (endpoints.length === 0 ? 0 : prefixed(localityLength));
  const writer = new Writer(total);
  writer.bytes(0x0a, nameBytes);
  if (endpoints.length === 0) return writer.out;
  writer.length(0x12, localityLength);
  for (const [index, endpoint] of endpoints.entries()) {
    const size = lengths[index];
    if (size === undefined) continue;
    writer.length(0x12, size.lbEndpoint);
    writer.length(0x0a, prefixed(prefixed(size.socketAddress)));
    writer.length(0x0a, prefixed(size.socketAddress));
    writer.length(0x0a, size.socketAddress);
    writer.bytes(0x12, addresses[index] ?? noBytes);
    writer.length(0x18, endpoint.port);
    const more = metadata[index];
    if (more !== undefined) writer.bytes(0x1a, more);
  }
  return writer.out;
}

/** Lengths of the nested messages without their own tag and length. */
function sizes(address: Uint8Array, port: number, metadata: Uint8Array | undefined) {
  const socketAddress = prefixed(address.length) + 1 + varintSize(port);
  const more = metadata === undefined ? 0 : prefixed(metadata.length);
  return { socketAddress, lbEndpoint: prefixed(prefixed(prefixed(socketAddress))) + more };
}

function metadataOf({ identity, peer }: Endpoint): Uint8Array | undefined {
  if (identity !== undefined) return meshMetadata;
  return peer === undefined ? undefined : peerBytes(peer);
}

/** Size of a length-delimited field with a one-byte tag. */
function prefixed(length: number): number {
  return 1 + varintSize(length) + length;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > oneByte; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

class Writer {
  readonly out: Uint8Array;
  #position = 0;

  constructor(size: number) {
    this.out = new Uint8Array(size);
  }

  /** A tag and a varint: the length of what follows, or a number field. */
  length(tag: number, value: number): void {
    this.out[this.#position++] = tag;
    let rest = value;
    for (; rest > oneByte; rest = Math.floor(rest / 128)) this.out[this.#position++] = (rest % 128) | 0x80;
    this.out[this.#position++] = rest;
  }

  bytes(tag: number, value: Uint8Array): void {
    this.length(tag, value.length);
    this.out.set(value, this.#position);
    this.#position += value.length;
  }
}
