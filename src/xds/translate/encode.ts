/**
 * From messages to bytes, and the small values that every message needs. Equal content must give equal bytes:
 * messages are written in field order, lists come sorted from the model, and maps have their keys in the
 * order in which they were inserted, so a map with more than one key is built in ascending order.
 */

import { hash } from 'node:crypto';
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type { Any, Duration } from '@bufbuild/protobuf/wkt';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { encode, Packed } from './binary.ts';

/** The resource with its content hash. */
export function encodeResource<Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageInitShape<Desc>,
  needs: readonly ResourceRef[] = [],
): EncodedResource {
  return resourceOf(name, encode(schema, message), needs);
}

export function resourceOf(
  name: string,
  body: Uint8Array,
  needs: readonly ResourceRef[] = [],
): EncodedResource {
  return { name, version: contentVersion(body), body, needs };
}

/** 128 bits of SHA-256 in 22 characters. */
export function contentVersion(body: Uint8Array): string {
  return hash('sha256', body, 'base64url').slice(0, 22);
}

/** Versions name the bytes, so bodies need not be compared. */
export function sameResource(a: EncodedResource, b: EncodedResource): boolean {
  return (
    a.version === b.version &&
    a.name === b.name &&
    a.needs.length === b.needs.length &&
    a.needs.every((ref, index) => ref.kind === b.needs[index]?.kind && ref.name === b.needs[index]?.name)
  );
}

export function pack<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Any {
  return new Packed(schema, message);
}

/** An extension as Envoy wants it: a name, which only shows in its statistics and logs, and the typed configuration. */
export function extension<Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageInitShape<Desc>,
): { name: string; configType: { case: 'typedConfig'; value: Any } } {
  return { name, configType: { case: 'typedConfig', value: pack(schema, message) } };
}

export function duration(milliseconds: number): Duration {
  return {
    $typeName: 'google.protobuf.Duration',
    seconds: BigInt(Math.floor(milliseconds / 1000)),
    nanos: Math.round((milliseconds % 1000) * 1e6),
  };
}

export function socketAddress(address: string, port: number) {
  return {
    address: {
      case: 'socketAddress',
      value: { address, portSpecifier: { case: 'portValue', value: port } },
    },
  } as const;
}
