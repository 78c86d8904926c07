import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { SecretSchema } from '../proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { contentVersion, duration, encodeResource, pack, sameResource } from './encode.ts';

test('a version is the hash of the bytes and nothing else', () => {
  const one = encodeResource('a', SecretSchema, { name: 'a' });
  const again = encodeResource('a', SecretSchema, { name: 'a' }, [{ kind: 'cluster', name: 'c' }]);
  const other = encodeResource('a', SecretSchema, { name: 'b' });
  assert.equal(one.version, again.version);
  assert.notEqual(one.version, other.version);
  assert.equal(one.version, contentVersion(one.body));
  assert.match(one.version, /^[\w-]{22}$/);
});

test('resources are the same when version, name and needs are', () => {
  const one = encodeResource('a', SecretSchema, { name: 'a' }, [{ kind: 'cluster', name: 'c' }]);
  assert.ok(sameResource(one, { ...one, body: new Uint8Array() }));
  assert.ok(!sameResource(one, { ...one, version: 'x' }));
  assert.ok(!sameResource(one, { ...one, name: 'b' }));
  assert.ok(!sameResource(one, { ...one, needs: [] }));
  assert.ok(!sameResource(one, { ...one, needs: [{ kind: 'route', name: 'c' }] }));
  assert.ok(!sameResource(one, { ...one, needs: [{ kind: 'cluster', name: 'd' }] }));
});

test('durations keep milliseconds', () => {
  const { seconds, nanos } = duration(1_250);
  assert.deepEqual([seconds, nanos], [1n, 250_000_000]);
});

test('a packed message names its type as Envoy looks it up', () => {
  const any = pack(SecretSchema, { name: 'a' });
  assert.equal(any.typeUrl, 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret');
  assert.equal(fromBinary(SecretSchema, any.value).name, 'a');
});
