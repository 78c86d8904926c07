import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type DescField, type DescMessage, ScalarType, toBinary } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import { ClusterSchema } from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../proto/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../proto/envoy/config/route/v3/route_pb.js';
import { HttpConnectionManagerSchema } from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { encode } from './binary.ts';

type Random = (below: number) => number;

function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

/** A plain value of the message: some of its fields, zeros among them, in any order. */
function plain(schema: DescMessage, random: Random, depth: number): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  const members = [...schema.members];
  for (let index = members.length - 1; index > 0; index--) {
    const other = random(index + 1);
    [members[index], members[other]] = [members[other]!, members[index]!];
  }
  for (const member of members) {
    if (random(depth > 0 ? 3 : 6) > 0) continue;
    if (member.kind === 'field') {
      if (depth > 0 || !('message' in member) || member.message === undefined) {
        value[member.localName] = random(9) === 0 ? undefined : ofField(member, random, depth);
      }
    } else if (depth > 0) {
      const field = member.fields[random(member.fields.length)]!;
      value[member.localName] =
        random(5) === 0
          ? { case: undefined }
          : { case: field.localName, value: ofField(field, random, depth) };
    }
  }
  return value;
}

function ofField(field: DescField, random: Random, depth: number): unknown {
  const several = <T>(make: () => T): T[] => Array.from({ length: random(4) }, make);
  switch (field.fieldKind) {
    case 'scalar':
      return ofScalar(field.scalar, random);
    case 'enum':
      return field.enum.values[random(field.enum.values.length)]!.number;
    case 'message':
      if (isWrapperDesc(field.message) && field.oneof === undefined) {
        return ofScalar(field.message.fields[0]!.scalar!, random);
      }
      return ofMessage(field.message, random, depth);
    case 'list':
      return several(() => ofElement(field, random, depth));
    case 'map':
      return Object.fromEntries(several(() => [`key-${random(9)}`, ofElement(field, random, depth)]));
  }
}

function ofElement(
  field: DescField & { readonly fieldKind: 'list' | 'map' },
  random: Random,
  depth: number,
): unknown {
  if (field.message !== undefined) return ofMessage(field.message, random, depth);
  if (field.enum !== undefined) return field.enum.values[random(field.enum.values.length)]!.number;
  return ofScalar(field.scalar, random);
}

function ofMessage(schema: DescMessage, random: Random, depth: number): unknown {
  if (schema.typeName === 'google.protobuf.Struct') return { text: 'ü', list: [1, null, { deep: true }] };
  return plain(schema, random, depth - 1);
}

function ofScalar(type: ScalarType, random: Random): unknown {
  switch (type) {
    case ScalarType.STRING:
      return ['', 'short', 'Grüße, 世界 🌍', 'x'.repeat(300)][random(4)];
    case ScalarType.BYTES:
      return new Uint8Array(random(5)).fill(200);
    case ScalarType.BOOL:
      return random(2) === 1;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return [0, -0, 1.5, -1e10][random(4)];
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.SINT64:
      return [0n, 1n, 300n, 2n ** 40n][random(4)];
    default:
      return [0, 1, 300, 2_000_000_000][random(4)];
  }
}

const schemas: readonly DescMessage[] = [
  ClusterSchema,
  ClusterLoadAssignmentSchema,
  ListenerSchema,
  RouteConfigurationSchema,
  HttpConnectionManagerSchema,
];

describe('plain values as bytes', () => {
  for (const schema of schemas) {
    test(`are those that the library writes, of ${schema.name}`, () => {
      const random = generator(schema.name.length);
      let longest = 0;
      for (let round = 0; round < 150; round++) {
        const message = plain(schema, random, 4);
        const expected = toBinary(schema, create(schema, message));
        assert.deepEqual(Buffer.from(encode(schema, message)), Buffer.from(expected));
        longest = Math.max(longest, expected.length);
      }
      assert.ok(longest > 200);
    });
  }

  test('are refused with a name that the message has not', () => {
    assert.throws(() => encode(ClusterSchema, { nmae: 'web' } as object), /Cluster has no field nmae/);
    const typo = { clusterDiscoveryType: { case: 'typ', value: 1 } } as object;
    assert.throws(() => encode(ClusterSchema, typo), /clusterDiscoveryType has no case typ/);
    const inside = { name: 'web', loadAssignment: { endpoints: [{ nmae: '' } as object] } };
    assert.throws(() => encode(ClusterSchema, inside), /LocalityLbEndpoints has no field nmae/);
    assert.deepEqual(encode(ClusterSchema, {}), new Uint8Array(0), 'nothing is left of what failed');
  });
});
