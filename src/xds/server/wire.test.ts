/** The hand-written encoding against the generated one, which follows the proto files. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from '../proto/envoy/service/discovery/v3/discovery_pb.js';
import { decodeRequest, encodeResponseHead, ResourceHead } from './wire.ts';

function request(message: Parameters<typeof create<typeof DeltaDiscoveryRequestSchema>>[1]): Buffer {
  return Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, message)));
}

describe('a request', () => {
  test('is read with everything in it', () => {
    const bytes = request({
      node: { id: 'a/p/1', cluster: 'app', metadata: { ip: '10.0.0.1', nested: { list: [1, true, null] } } },
      typeUrl: 'type.googleapis.com/x',
      resourceNamesSubscribe: ['*', 'vip/10.0.0.1:80', 'ünïcode'],
      resourceNamesUnsubscribe: ['gone'],
      initialResourceVersions: { one: 'v1', two: '' },
      responseNonce: 'n1',
      errorDetail: { code: 13, message: 'several\nlines' },
    });
    assert.deepEqual(decodeRequest(bytes), {
      node: { id: 'a/p/1', cluster: 'app', metadata: { ip: '10.0.0.1', nested: { list: [1, true, null] } } },
      typeUrl: 'type.googleapis.com/x',
      subscribe: ['*', 'vip/10.0.0.1:80', 'ünïcode'],
      unsubscribe: ['gone'],
      held: [
        { name: 'one', version: 'v1' },
        { name: 'two', version: '' },
      ],
      nonce: 'n1',
      error: 'several\nlines',
    });
  });

  test('that only acknowledges has no error', () => {
    const read = decodeRequest(request({ typeUrl: 't', responseNonce: 'n' }));
    assert.deepEqual([read.error, read.node, read.subscribe, read.held], [undefined, undefined, [], []]);
  });

  test('that rejects without a word has one', () => {
    assert.equal(decodeRequest(request({ typeUrl: 't', errorDetail: { code: 3 } })).error, '');
  });

  test('of a real proxy is read past all that it says of itself', () => {
    const extensions = Array.from({ length: 500 }, (_, index) => ({
      name: `extension ${index}`,
      category: 'x',
    }));
    const read = decodeRequest(
      request({ typeUrl: 't', node: { id: 'i', userAgentName: 'envoy', extensions } }),
    );
    assert.deepEqual(read.node, { id: 'i', cluster: '', metadata: {} });
  });

  test('may have fields that are not known here, of every wire type', () => {
    const unknown = Buffer.from([
      0xf8, 0x06, 0x96, 0x01, 0xf9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0x06, 1, 2, 3, 4,
    ]);
    const read = decodeRequest(Buffer.concat([unknown, request({ typeUrl: 't' })]));
    assert.equal(read.typeUrl, 't');
  });

  for (const [what, bytes] of [
    ['ends inside a number', [0xff]],
    ['has a number without end', Array.from({ length: 12 }, () => 0xff)],
    ['has a field that is longer than itself', [0x12, 0x7f, 0x61]],
    ['has a length beyond all memory', [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['has a wire type that does not exist', [0x0f]],
    ['has metadata that is no struct', [0x0a, 0x04, 0x1a, 0x02, 0x0a, 0x7f]],
  ] as const) {
    test(`that ${what} is refused`, () => {
      assert.throws(() => decodeRequest(Buffer.from(bytes)), { code: 'WEFT-XDS-06' });
    });
  }

  test('is refused or read, whatever byte of it is changed, but never anything else', () => {
    const bytes = request({
      node: { id: 'a/p/1', metadata: { ip: '10.0.0.1' } },
      typeUrl: 'type.googleapis.com/x',
      resourceNamesSubscribe: ['a', 'b'],
      initialResourceVersions: { one: 'v1' },
      errorDetail: { code: 13, message: 'm' },
    });
    for (let index = 0; index < bytes.length; index++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff, (bytes[index] ?? 0) ^ 1]) {
        const changed = Buffer.from(bytes);
        changed[index] = value;
        try {
          decodeRequest(changed);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'WEFT-XDS-06');
        }
      }
    }
  });
});

function headBytes(...of: ConstructorParameters<typeof ResourceHead>): Buffer {
  const head = new ResourceHead(...of);
  const bytes = Buffer.alloc(head.length);
  assert.equal(head.write(bytes, 0), bytes.length);
  return bytes;
}

describe('a response', () => {
  for (const length of [0, 1, 127, 128, 20_000, 3_000_000]) {
    test(`with a body of ${length} bytes is what the generated code reads`, () => {
      const body = Buffer.alloc(length, 7);
      const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
      const head = headBytes(typeUrl, 'svc/ünï:80', 'version', body.length);
      const second = headBytes(typeUrl, 'other', 'v2', 3);
      const resources = Buffer.concat([head, body, second, Buffer.from('abc')]);
      const bytes = Buffer.concat([
        encodeResponseHead(typeUrl, 'nonce', ['gone', 'gøne'], resources.length),
        resources,
      ]);
      assert.equal(bytes[0], 0);
      assert.equal(bytes.readUInt32BE(1), bytes.length - 5);
      const read = fromBinary(DeltaDiscoveryResponseSchema, bytes.subarray(5));
      assert.deepEqual(
        [read.typeUrl, read.nonce, read.removedResources],
        [typeUrl, 'nonce', ['gone', 'gøne']],
      );
      assert.deepEqual(
        read.resources.map(({ name, version }) => [name, version]),
        [
          ['svc/ünï:80', 'version'],
          ['other', 'v2'],
        ],
      );
      assert.equal(read.resources[0]?.resource?.typeUrl, typeUrl);
      assert.deepEqual(Buffer.from(read.resources[0].resource.value), body);
    });
  }
});
