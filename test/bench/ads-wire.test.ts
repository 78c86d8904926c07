import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../../src/xds/proto/envoy/config/cluster/v3/cluster_pb.js';
import { typeUrls } from '../../src/xds/resource.ts';
import { decodeRequest, encodeResponseHead, ResourceHead } from '../../src/xds/server/wire.ts';
import { encodeRequest, ResponseReader } from './ads-wire.ts';

/** As the server puts it together, without the prefix of gRPC. */
function response(nonce: string, removed: readonly string[], names: readonly string[]): Buffer {
  const parts = names.flatMap((name) => {
    const message = create(ClusterSchema, {
      name,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    });
    const body = toBinary(ClusterSchema, message);
    const head = new ResourceHead(typeUrls.cluster, name, `v-${name}`, body.length);
    const bytes = Buffer.alloc(head.length);
    head.write(bytes, 0);
    return [bytes, body];
  });
  const resources = Buffer.concat(parts);
  const head = encodeResponseHead(typeUrls.cluster, nonce, removed, resources.length);
  return Buffer.concat([head, resources]).subarray(5);
}

test('a response is read with its resources, what they need and what is removed', () => {
  const { kind, nonce, content } = new ResponseReader().read(response('n1', ['gone'], ['a', 'b']));
  assert.equal(kind, 'cluster');
  assert.equal(nonce, 'n1');
  assert.deepEqual(content.removed, ['gone']);
  assert.deepEqual(content.resources, [
    { kind: 'cluster', name: 'a', version: 'v-a', needs: [{ kind: 'endpoints', name: 'a' }] },
    { kind: 'cluster', name: 'b', version: 'v-b', needs: [{ kind: 'endpoints', name: 'b' }] },
  ]);
});

test('the same content under another nonce is the same object, other content is not', () => {
  const reader = new ResponseReader();
  const first = reader.read(response('n1', [], ['a', 'b']));
  const second = reader.read(response('n2', [], ['a', 'b']));
  const third = reader.read(response('n3', [], ['b', 'a']));
  assert.equal(second.content, first.content);
  assert.equal(second.nonce, 'n2');
  assert.notEqual(third.content, first.content);
  assert.equal(third.content.resources[0], first.content.resources[1]);
});

test('the server reads of a request what was put into it', () => {
  const [resource] = new ResponseReader().read(response('n1', [], ['a'])).content.resources;
  assert.ok(resource !== undefined);
  const node = { id: 'ns/pod/uid', cluster: 'ns/Deployment/web' };
  const long = `vip/${'1'.repeat(200)}`;
  const bytes = encodeRequest({
    kind: 'cluster',
    node,
    subscribe: ['*', long],
    held: [resource],
    nonce: 'n9',
  });
  const request = decodeRequest(bytes);
  assert.equal(request.typeUrl, typeUrls.cluster);
  assert.deepEqual(request.node, { ...node, metadata: {} });
  assert.deepEqual(request.subscribe, ['*', long]);
  assert.deepEqual(request.held, [{ name: 'a', version: 'v-a' }]);
  assert.equal(request.nonce, 'n9');
  assert.equal(request.error, undefined);
});
