import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import type { Endpoint } from '../../mesh/model.ts';
import { ClusterLoadAssignmentSchema } from '../proto/envoy/config/endpoint/v3/endpoint_pb.js';
import { meshEndpointMatch } from './cluster.ts';
import { socketAddress } from './encode.ts';
import { encodeAssignment, namedEndpoints } from './endpoints.ts';

function byLibrary(clusterName: string, endpoints: readonly Endpoint[]): Uint8Array {
  const lbEndpoints = endpoints.map(({ address, port, identity, peer }) => ({
    hostIdentifier: { case: 'endpoint', value: { address: socketAddress(address, port) } } as const,
    ...(identity === undefined
      ? {}
      : { metadata: { filterMetadata: { 'envoy.transport_socket_match': meshEndpointMatch } } }),
    ...(peer === undefined ? {} : { metadata: { filterMetadata: { weft: { peer } } } }),
  }));
  const message = create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: lbEndpoints.length === 0 ? [] : [{ lbEndpoints }],
  });
  return toBinary(ClusterLoadAssignmentSchema, message);
}

function endpoint(index: number): Endpoint {
  const address =
    index % 5 === 0
      ? `fd00:10:244::${index.toString(16)}`
      : `10.${index % 256}.${(index * 7) % 256}.${index % 250}`;
  const identity = index % 3 === 0 ? undefined : 'spiffe://cluster.local/ns/shop/sa/web';
  // From none to longer than one byte of a length can say.
  const peer = index % 6 === 0 ? `plain|shop|Deployment/${'w'.repeat(index % 253)}|v1` : undefined;
  return {
    address,
    port: 1 + ((index * 7919) % 65_535),
    zone: '',
    ...(identity === undefined ? {} : { identity }),
    ...(peer === undefined ? {} : { peer }),
  };
}

const lengths = [0, 1, 2, 3, 10, 127, 128, 300, 2000];
for (const length of lengths) {
  test(`the bytes of ${length} endpoints are those of the protobuf library`, () => {
    const endpoints = Array.from({ length }, (_, index) => endpoint(index));
    for (const name of ['svc/shop/web:80', `svc/${'n'.repeat(63)}/${'s'.repeat(63)}:65535`]) {
      assert.deepEqual(
        Buffer.from(encodeAssignment(name, endpoints)),
        Buffer.from(byLibrary(name, endpoints)),
      );
    }
  });
}

test('ports on both sides of each length of a varint are written as the library writes them', () => {
  for (const port of [1, 127, 128, 16_383, 16_384, 65_535]) {
    const endpoints = [{ address: '10.0.0.1', port, zone: '' }];
    assert.deepEqual(
      Buffer.from(encodeAssignment('svc/a/b:1', endpoints)),
      Buffer.from(byLibrary('svc/a/b:1', endpoints)),
    );
  }
});

test('endpoints have the name of their cluster', () => {
  assert.equal(namedEndpoints('svc/shop/web:80', []).name, 'svc/shop/web:80');
});

test('the version follows the content: zones do not matter, an identity that appears does', () => {
  const [plain, zoned, meshed] = [{}, { zone: 'b' }, { identity: 'spiffe://cluster.local/ns/a/sa/b' }].map(
    (more) =>
      namedEndpoints('svc/shop/web:80', [{ address: '10.0.0.1', port: 80, zone: 'a', ...more }]).version,
  );
  assert.equal(plain, zoned);
  assert.notEqual(plain, meshed);
});
