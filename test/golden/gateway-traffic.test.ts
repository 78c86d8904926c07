import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { issue } from './gateway.ts';
import { GatewayWorld } from './gateway-world.ts';

describe('the real Envoy, as a gateway for requests', () => {
  const world = new GatewayWorld();
  before(() => world.start());
  after(() => world.stop());
  const at = world.at.bind(world);
  const get = world.get.bind(world);
  const getSecure = world.getSecure.bind(world);

  describe('by server name and authority', () => {
    const pairs = [
      ['example.org', 'example.org', '200 v1'],
      ['example.org', 'second-example.org', '421'],
      ['example.org', 'unknown-example.org', '404'],
      ['second-example.org', 'second-example.org', '200 v2'],
      ['second-example.org', 'second-example.org:443', '200 v2'],
      ['second-example.org', 'example.org', '421'],
      ['second-example.org', 'unknown-example.org', '421'],
      ['third-example.wildcard.org', 'third-example.wildcard.org', '200 v3'],
      ['third-example.wildcard.org', 'fifth-example.wildcard.org', '200 v3'],
      ['third-example.wildcard.org', 'fourth-example.wildcard.org', '421'],
      ['third-example.wildcard.org', 'second-example.org', '421'],
      ['third-example.wildcard.org', 'unknown-example.org', '421'],
      ['fourth-example.wildcard.org', 'fourth-example.wildcard.org', '200 v1'],
      ['fourth-example.wildcard.org', 'fifth-example.wildcard.org', '421'],
      ['unknown-example.org', 'example.org', '200 v1'],
      ['unknown-example.org', 'unknown-example.org', '404'],
    ] as const;
    for (const [servername, authority, expected] of pairs) {
      test(`answers ${expected} for ${authority} on a connection of ${servername}`, async () => {
        assert.equal(await world.statusFor(servername, authority), expected);
      });
    }
  });

  describe('by host', () => {
    const requests = [
      ['bar.com', '/any', 200],
      ['bar.com:1234', '/any', 200],
      ['bar.com', '/wildcard', 404],
      ['bar.example.com', '/wildcard', 200],
      ['bar.example.com', '/any', 404],
      ['ABC.foo.example.com', '/exact', 200],
      ['abc.foo.example.com', '/wildcard', 404],
      ['abc.foo.example.com', '/any', 404],
      ['example.com', '/any', 200],
    ] as const;
    for (const [host, path, status] of requests) {
      test(`answers ${status} for ${host}${path}`, async () => {
        assert.equal((await get(host, path)).status, status);
      });
    }

    test('forwards Host as it came', async () => {
      const { seen } = await get('Bar.com:1234', '/any');
      assert.equal((seen['headers'] as Record<string, unknown>)['host'], 'Bar.com:1234');
    });
  });

  describe('towards strangers', () => {
    test('says itself where a request came from, whatever the client claims', async () => {
      const { seen } = await get('bar.com', '/any', {
        'x-forwarded-for': '8.8.8.8',
        'x-forwarded-proto': 'https',
        'x-forwarded-client-cert': 'By=me',
        'x-request-id': 'mine',
        'x-envoy-upstream-rq-timeout-ms': '1',
      });
      const headers = seen['headers'] as Record<string, string>;
      assert.match(headers['x-forwarded-for'] ?? '', /^8\.8\.8\.8,[0-9.]+$/);
      assert.equal(headers['x-forwarded-proto'], 'http');
      assert.equal(headers['x-forwarded-client-cert'], undefined);
      assert.match(headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/);
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('x-envoy')),
        [],
      );
    });

    test('reads a path in one way', async () => {
      assert.equal((await get('bar.com', '//any')).status, 200);
      assert.equal((await get('bar.com', '/nobody/../any')).status, 200);
      assert.equal((await get('bar.com', '/%61ny')).status, 200);
      const escaped = await get('bar.com', '/any%2Fx');
      assert.equal(escaped.status, 307);
      assert.equal(escaped.headers['location'], '/any/x');
    });

    test('refuses headers with underscores', async () => {
      assert.equal((await get('bar.com', '/any', { x_a: 'b' })).status, 400);
    });

    test('takes HTTP/2 without TLS on the same port, and calls the backend by HTTP/1.1', async () => {
      const session = connectHttp2(`http://127.0.0.1:${at(80)}`);
      const stream = session.request({ ':authority': 'bar.com', ':path': '/any' });
      const [headers] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'end');
      session.close();
      assert.equal(headers[':status'], 200);
      assert.equal(headers['server'], 'v1');
    });

    test('answers gRPC of which nothing is known with Unimplemented', async () => {
      const session = connectHttp2(`http://127.0.0.1:${at(80)}`);
      const stream = session.request({
        ':method': 'POST',
        ':authority': 'bar.com',
        ':path': '/shop.Unknown/Call',
        'content-type': 'application/grpc',
      });
      const [headers] = await once(stream, 'response');
      stream.resume();
      session.close();
      assert.equal(headers[':status'], 200);
      assert.equal(headers['grpc-status'], '12');
    });

    test('passes WebSocket on, and bytes both ways', async () => {
      const outgoing = httpRequest({
        host: '127.0.0.1',
        port: at(80),
        path: '/any',
        headers: { host: 'bar.com', connection: 'upgrade', upgrade: 'websocket' },
      });
      outgoing.end();
      const [response, socket] = await once(outgoing, 'upgrade');
      assert.equal(response.statusCode, 101);
      socket.write('ping');
      const [echo] = await once(socket, 'data');
      assert.equal(String(echo), 'ping');
      socket.destroy();
    });

    test('redirects to the well-known port of the other scheme', async () => {
      const { status, headers } = await get('bar.com', '/to-https/x?y');
      assert.equal(status, 301);
      assert.equal(headers['location'], 'https://bar.com/to-https/x?y');
    });
  });

  describe('towards backends', () => {
    test('answers 503 without endpoints and 500 for a backend that does not exist', async () => {
      assert.equal((await get('bar.com', '/nobody')).status, 503);
      assert.equal((await get('bar.com', '/invalid')).status, 500);
    });

    test('speaks TLS by the policy, shows its certificate, and sends the hostname', async () => {
      const { status, server, seen } = await get('bar.com', '/tls');
      assert.deepEqual({ status, server }, { status: 200, server: 'tls' });
      assert.deepEqual(seen, { proven: true, sni: 'tls.example.com' });
    });

    test('refuses a server with another name, and takes one of the names that the policy lists', async () => {
      assert.equal((await get('bar.com', '/wrong-name')).status, 503);
      assert.equal((await get('bar.com', '/uri-name')).status, 200);
    });

    test('sends nothing where the policy is broken', async () => {
      assert.equal((await get('bar.com', '/broken')).status, 503);
    });
  });

  describe('with certificates of clients', () => {
    const client = issue('infra/client');

    test('lets in a client with a certificate of the authorities and tells the backend whose it is', async () => {
      const { status, seen } = await getSecure(8443, 'strict.example.com', {
        key: client.key,
        cert: client.chain,
      });
      assert.equal(status, 200);
      const told = (seen['headers'] as Record<string, string>)['x-forwarded-client-cert'] ?? '';
      assert.match(told, /URI=spiffe:\/\/cluster.local\/ns\/infra\/sa\/client/);
      assert.match(told, /DNS=client.example.com/);
    });

    test('refuses a client without one', async () => {
      await assert.rejects(getSecure(8443, 'strict.example.com'));
    });

    test('lets anybody in where that is wanted, and tells the backend nothing', async () => {
      for (const each of [{}, { key: client.key, cert: client.chain }]) {
        const { status, seen } = await getSecure(8443, 'lax.example.com', each);
        assert.equal(status, 200);
        const headers = seen['headers'] as Record<string, string>;
        assert.equal(headers['x-forwarded-client-cert'], undefined);
      }
    });
  });
});
