import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import type { Call } from './app/calls.ts';
import { type App, answerOf, createNamespace, createService, deployApp, kinds, put } from './apps.ts';
import { capture, inboundHandshakes } from './evidence.ts';
import { type TestMesh, until, useMesh } from './harness.ts';

const namespace = 'traffic';
const outside = 'traffic-outside';
let mesh: TestMesh;
let client: App;
let server: App;
let stranger: App;
let plainServer: App;

/** One call of every protocol to a host that has all ports of `allPorts`. */
function everyProtocol(host: string): Readonly<Record<string, Call>> {
  return {
    'HTTP/1.1': { kind: 'http', url: `http://${host}:80/` },
    'HTTP/2 with prior knowledge': { kind: 'h2', url: `http://${host}:80/` },
    gRPC: { kind: 'grpc', url: `http://${host}:90/test.Echo/Say` },
    WebSocket: { kind: 'websocket', url: `http://${host}:80/socket` },
    'HTTP on a port whose name says nothing': { kind: 'http', url: `http://${host}:81/` },
    'opaque TCP': { kind: 'tcp', url: `tcp://${host}:70` },
    'TCP where the server speaks first': { kind: 'banner', url: `tcp://${host}:71` },
  };
}

suite('traffic', () => {
  before(async () => {
    mesh = await useMesh();
    await createNamespace(mesh.api, namespace, true);
    await createNamespace(mesh.api, outside, false);
    await createService(mesh.api, namespace, 'server');
    await createService(mesh.api, namespace, 'server-headless', { app: 'server', headless: true });
    await createService(mesh.api, outside, 'plain');
    [client, server, stranger, plainServer] = await Promise.all([
      deployApp(mesh, namespace, { name: 'client' }),
      deployApp(mesh, namespace, { name: 'server' }),
      deployApp(mesh, outside, { name: 'stranger' }),
      deployApp(mesh, outside, { name: 'plain' }),
    ]);
  });

  for (const [protocol, call] of Object.entries(everyProtocol('server'))) {
    test(`${protocol} works between meshed pods through a Service`, async () => {
      const outcome = await client.call(call);
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.match(outcome.body, call.kind === 'tcp' || call.kind === 'grpc' ? /hello/ : /server-/);
    });
  }

  for (const [protocol, call] of Object.entries(everyProtocol('plain.traffic-outside'))) {
    test(`${protocol} works from a meshed pod to an unmeshed one`, async () => {
      const outcome = await client.call(call);
      assert.ok(outcome.ok, JSON.stringify(outcome));
    });
  }

  for (const [protocol, call] of Object.entries(everyProtocol('server.traffic'))) {
    test(`${protocol} works from an unmeshed pod to a permissive meshed one`, async () => {
      const outcome = await stranger.call(call);
      assert.ok(outcome.ok, JSON.stringify(outcome));
    });
  }

  test('a meshed call carries the identity of the caller', async () => {
    const answer = answerOf(await client.call({ kind: 'http', url: 'http://server/' }));
    assert.match(
      answer.headers['x-forwarded-client-cert'] ?? '',
      /URI=spiffe:\/\/cluster\.local\/ns\/traffic\/sa\/client/,
    );
  });

  test('a caller cannot forge an identity by header', async () => {
    const headers = { 'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/kube-system/sa/admin' };
    for (const caller of [client, stranger]) {
      const answer = answerOf(await caller.call({ kind: 'http', url: 'http://server.traffic/', headers }));
      assert.doesNotMatch(answer.headers['x-forwarded-client-cert'] ?? '', /kube-system/);
    }
  });

  test('a headless Service and a bare pod address are reached over mutual TLS', async () => {
    const address = await server.address();
    for (const url of ['http://server-headless:8080/', `http://${address}:8080/`]) {
      const answer = answerOf(await client.call({ kind: 'http', url }));
      assert.match(answer.headers['x-forwarded-client-cert'] ?? '', /sa\/client/, url);
    }
  });

  test('a pod reaches itself through its own Service', async () => {
    const answer = answerOf(await server.call({ kind: 'http', url: 'http://server/self' }));
    assert.match(answer.headers['x-forwarded-client-cert'] ?? '', /sa\/server/);
  });

  test('the server counts a mutual TLS handshake for each new connection of a meshed caller', async () => {
    const address = await server.address();
    // A request that closes its connection still travels over the sidecar's pooled one, so a fresh pod calls.
    const earlier = await inboundHandshakes(address);
    const fresh = await deployApp(mesh, namespace, { name: 'fresh' });
    assert.ok((await fresh.call({ kind: 'http', url: 'http://server/' })).ok);
    assert.ok((await inboundHandshakes(address)) > earlier);
  });

  test('nothing readable is on the wire between meshed pods, and everything is to an unmeshed one', async () => {
    const marker = 'a-marker-nobody-else-sends';
    // A pod that has no connection yet, so that the handshake is on the wire too.
    const caller = await deployApp(mesh, namespace, { name: 'caller' });
    const ask = (host: string) => () => caller.call({ kind: 'http', url: `http://${host}/${marker}` });
    const secret = await capture(mesh.cluster, await server.address(), ask('server'));
    assert.ok(secret.includes('.traffic.weft'), 'the handshake names the mesh in its SNI');
    assert.ok(!secret.includes(marker), 'the request is encrypted');
    const open = await capture(mesh.cluster, await plainServer.address(), ask('plain.traffic-outside'));
    assert.ok(open.includes(marker), 'the capture sees what is not encrypted');
  });

  test('a plaintext caller is refused by a strict workload, and meshed callers are not', async () => {
    await put(mesh.api, kinds.mutualTLSPolicy, {
      metadata: { name: 'strict', namespace },
      spec: { mode: 'Strict', selector: { matchLabels: { app: 'server' } } },
    });
    await until('the stranger is refused', async () =>
      (await stranger.call({ kind: 'http', url: 'http://server.traffic/', keepAlive: false })).ok
        ? undefined
        : true,
    );
    const refused = await Promise.all(
      Object.values(everyProtocol('server.traffic')).map((call) => stranger.call(call)),
    );
    assert.deepEqual(
      refused.filter((outcome) => outcome.ok),
      [],
    );
    for (const [protocol, call] of Object.entries(everyProtocol('server'))) {
      const outcome = await client.call(call);
      assert.ok(outcome.ok, `${protocol}: ${JSON.stringify(outcome)}`);
    }
    const [pod] = await server.ready(1);
    assert.ok(pod !== undefined, 'probes still pass');
    await mesh.api.delete(kinds.mutualTLSPolicy, 'strict', namespace);
    await until('the stranger is let in again', async () =>
      (await stranger.call({ kind: 'http', url: 'http://server.traffic/', keepAlive: false })).ok
        ? true
        : undefined,
    );
  });

  test('calls to an address outside the mesh pass straight through', async () => {
    const address = await plainServer.address();
    const outcome = await client.call({ kind: 'http', url: `http://${address}:8080/` });
    assert.ok(outcome.ok, JSON.stringify(outcome));
  });
});
