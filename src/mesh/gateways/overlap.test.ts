import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { KubeListener } from '../kubernetes-gateways.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';
import {
  certificateFor,
  gateway,
  httpsListener,
  listener,
  summarize,
  tlsSecret,
  weftClass,
} from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: assert.ifError }));
  await world.apply(
    weftClass,
    tlsSecret('edge/a', certificateFor('a.example')),
    tlsSecret('edge/b', certificateFor('b.example')),
    tlsSecret('edge/wild', certificateFor('*.example')),
  );
});

async function overlaps(...listeners: readonly KubeListener[]): Promise<Readonly<Record<string, string>>> {
  await world.apply(gateway('edge/public', listeners));
  const verdict = world.mesh.gateway.gatewayVerdicts.get('edge/public');
  return Object.fromEntries(
    (verdict?.listeners ?? []).flatMap(({ name, conditions }) => {
      const overlap = summarize(conditions)['OverlappingTLSConfig'];
      return overlap === undefined ? [] : [[name, overlap]];
    }),
  );
}

const at = (hostname?: string, port = 443): Partial<KubeListener> =>
  hostname === undefined ? { port } : { hostname, port };

test('hostnames of TLS overlap where one means some of what the other does', async () => {
  const found = await overlaps(
    httpsListener('one', 'a', at('foo.example.com')),
    httpsListener('other', 'b', at('*.example.com')),
    httpsListener('apart', 'b', at('foo.example.org', 8443)),
  );
  assert.deepEqual(found, { one: 'True/OverlappingHostnames', other: 'True/OverlappingHostnames' });
});

test('a listener for every hostname overlaps with all others on its port', async () => {
  const found = await overlaps(
    httpsListener('all', 'a', at()),
    httpsListener('wild', 'b', at('*.b.example')),
    listener('http', { hostname: 'x.b.example' }),
  );
  assert.deepEqual(found, { all: 'True/OverlappingHostnames', wild: 'True/OverlappingHostnames' });
});

test('a name does not overlap with a wildcard that is below it', async () => {
  assert.deepEqual(
    await overlaps(
      httpsListener('apex', 'a', at('example.com')),
      httpsListener('wild', 'b', at('*.example.com')),
    ),
    {},
  );
});

test('certificates overlap where one holds for a name of the other, which says more than hostnames', async () => {
  const found = await overlaps(
    httpsListener('one', 'a', at('a.example')),
    httpsListener('other', 'wild', at('b.example')),
    httpsListener('third', 'b', at('c.test')),
  );
  assert.deepEqual(found, {
    one: 'True/OverlappingCertificates',
    other: 'True/OverlappingCertificates',
    third: 'True/OverlappingCertificates',
  });
});

test('what is passed through shows no certificate of the gateway, but its hostname counts', async () => {
  const tls = { mode: 'Passthrough' };
  const found = await overlaps(
    httpsListener('ended', 'wild', at('a.example')),
    listener('through', { protocol: 'TLS', port: 443, hostname: '*.example', tls }),
  );
  assert.deepEqual(found, { ended: 'True/OverlappingHostnames', through: 'True/OverlappingHostnames' });
});
