/**
 * Delta ADS as the bench's proxies speak it: requests put together from parts that are encoded once, responses read
 * once for all proxies that get the same bytes. A body is only read the first time, for what it needs.
 */

import { fromBinary } from '@bufbuild/protobuf';
import {
  ClusterSchema,
  Cluster_DiscoveryType,
} from '../../src/xds/proto/envoy/config/cluster/v3/cluster_pb.js';
import { ListenerSchema } from '../../src/xds/proto/envoy/config/listener/v3/listener_pb.js';
import { HttpConnectionManagerSchema } from '../../src/xds/proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { type ResourceKind, type ResourceRef, resourceKinds, typeUrls } from '../../src/xds/resource.ts';

export interface WireResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly version: string;
  /** What a proxy asks for when it has got this. */
  readonly needs: readonly ResourceRef[];
}

export interface WireResponse {
  readonly kind: ResourceKind;
  readonly nonce: string;
  /** The same object for all responses that say the same. */
  readonly content: Content;
}

export interface Content {
  readonly resources: readonly WireResource[];
  readonly removed: readonly string[];
}

interface KnownContent extends Content {
  readonly bytes: Buffer;
}

const kindByUrl = new Map(resourceKinds.map((kind) => [typeUrls[kind] as string, kind]));
/** Contents kept per kind, the newest; more would only be compared in vain. */
const keptContents = 16;

export class ResponseReader {
  /** By version, which is a hash of what the resource says, its name included. */
  readonly #resources = new Map<string, WireResource>();
  readonly #contents = new Map<ResourceKind, KnownContent[]>();

  /** The server writes type and nonce first; what follows is the same for many proxies. */
  read(message: Buffer): WireResponse {
    let kind: ResourceKind | undefined;
    let nonce = '';
    let at = 0;
    while (at < message.length) {
      const number = message[at]! >>> 3;
      if (number !== 4 && number !== 5) break;
      const [from, to] = span(message, at + 1);
      const value = message.toString('utf8', from, to);
      if (number === 4) kind = kindByUrl.get(value);
      else nonce = value;
      at = to;
    }
    if (kind === undefined) throw new Error('a response of a type that nobody asked for');
    return { kind, nonce, content: this.#content(kind, message.subarray(at)) };
  }

  #content(kind: ResourceKind, bytes: Buffer): Content {
    const known = this.#contents.get(kind) ?? [];
    this.#contents.set(kind, known);
    const same = known.find((one) => one.bytes.equals(bytes));
    if (same !== undefined) return same;
    const content = { bytes: Buffer.from(bytes), ...this.#parse(kind, bytes) };
    known.unshift(content);
    known.length = Math.min(known.length, keptContents);
    return content;
  }

  #parse(kind: ResourceKind, bytes: Buffer): Content {
    const resources: WireResource[] = [];
    const removed: string[] = [];
    let at = 0;
    while (at < bytes.length) {
      const number = bytes[at]! >>> 3;
      const [from, to] = span(bytes, at + 1);
      if (number === 2) resources.push(this.#resource(kind, bytes, from, to));
      else if (number === 6) removed.push(bytes.toString('utf8', from, to));
      at = to;
    }
    return { resources, removed };
  }

  /** The version is the first field that the server writes of a resource. */
  #resource(kind: ResourceKind, bytes: Buffer, start: number, end: number): WireResource {
    let [from, to] = span(bytes, start + 1);
    const version = bytes.toString('latin1', from, to);
    const known = this.#resources.get(version);
    if (known !== undefined) return known;
    let name = '';
    let body: Buffer = Buffer.alloc(0);
    for (let at = to; at < end; at = to) {
      const number = bytes[at]! >>> 3;
      [from, to] = span(bytes, at + 1);
      if (number === 3) name = bytes.toString('utf8', from, to);
      else if (number === 2) body = valueOfAny(bytes.subarray(from, to));
    }
    const resource = { kind, name, version, needs: needsOf(kind, body) };
    this.#resources.set(version, resource);
    return resource;
  }
}

/** Where the contents of a length-delimited field lie whose length is at `at`. */
function span(bytes: Buffer, at: number): [number, number] {
  let length = 0;
  let next = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[next++];
    if (byte === undefined) throw new Error('a response ends inside a number');
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [next, next + length];
  }
}

function valueOfAny(bytes: Buffer): Buffer {
  for (let at = 0; at < bytes.length; ) {
    const [from, to] = span(bytes, at + 1);
    if (bytes[at]! >>> 3 === 2) return bytes.subarray(from, to);
    at = to;
  }
  return Buffer.alloc(0);
}

function needsOf(kind: ResourceKind, body: Buffer): readonly ResourceRef[] {
  if (kind === 'cluster') {
    const { name, clusterDiscoveryType, edsClusterConfig } = fromBinary(ClusterSchema, body);
    if (clusterDiscoveryType.case !== 'type' || clusterDiscoveryType.value !== Cluster_DiscoveryType.EDS)
      return [];
    const serviceName = edsClusterConfig?.serviceName ?? '';
    return [{ kind: 'endpoints', name: serviceName === '' ? name : serviceName }];
  }
  if (kind !== 'listener') return [];
  const { filterChains, defaultFilterChain } = fromBinary(ListenerSchema, body);
  const names = new Set<string>();
  for (const chain of [...filterChains, ...(defaultFilterChain === undefined ? [] : [defaultFilterChain])]) {
    for (const { configType } of chain.filters) {
      if (configType.case !== 'typedConfig') continue;
      if (!configType.value.typeUrl.endsWith(HttpConnectionManagerSchema.typeName)) continue;
      const { routeSpecifier } = fromBinary(HttpConnectionManagerSchema, configType.value.value);
      if (routeSpecifier.case === 'rds') names.add(routeSpecifier.value.routeConfigName);
    }
  }
  return [...names].map((name) => ({ kind: 'route', name }));
}

function field(number: number, contents: Buffer): Buffer {
  const head = [(number << 3) | 2];
  let rest = contents.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) head.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, rest]), contents]);
}

const subscriptions = new Map<string, Buffer>();
const versions = new WeakMap<WireResource, Buffer>();
const types = new Map(resourceKinds.map((kind) => [kind, field(2, Buffer.from(typeUrls[kind]))]));

function subscription(name: string): Buffer {
  const known = subscriptions.get(name);
  if (known !== undefined) return known;
  const bytes = field(3, Buffer.from(name));
  subscriptions.set(name, bytes);
  return bytes;
}

function versionOf(resource: WireResource): Buffer {
  const known = versions.get(resource);
  if (known !== undefined) return known;
  const pair = [field(1, Buffer.from(resource.name)), field(2, Buffer.from(resource.version))];
  const bytes = field(5, Buffer.concat(pair));
  versions.set(resource, bytes);
  return bytes;
}

export interface WireRequest {
  readonly kind: ResourceKind;
  /** Of the first request of a stream. */
  readonly node?: { readonly id: string; readonly cluster: string };
  readonly subscribe?: Iterable<string>;
  readonly held?: Iterable<WireResource>;
  readonly nonce?: string;
}

export function encodeRequest(request: WireRequest): Buffer {
  const { kind, node, subscribe = [], held = [], nonce } = request;
  const parts: Buffer[] = [];
  if (node !== undefined) {
    parts.push(
      field(1, Buffer.concat([field(1, Buffer.from(node.id)), field(2, Buffer.from(node.cluster))])),
    );
  }
  parts.push(types.get(kind)!);
  for (const name of subscribe) parts.push(subscription(name));
  for (const resource of held) parts.push(versionOf(resource));
  if (nonce !== undefined) parts.push(field(6, Buffer.from(nonce)));
  return Buffer.concat(parts);
}
