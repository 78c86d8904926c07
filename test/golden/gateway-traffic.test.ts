import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { authorities, gatewayCase, issue } from './gateway.ts';
import { RunningEnvoy, startEndpoint } from './traffic.ts';

interface Ports {
  readonly v1: number;
  readonly v2: number;
  readonly v3: number;
  readonly tls: number;
  readonly tcp1: number;
  readonly tcp2: number;
  readonly udp1: number;
  readonly udp2: number;
}

const terminate = '{ mode: Terminate, certificates: [infra/web] }';

const model = (ports: Ports): string => `
gateways:
  infra/web:
    - port: 80
      listeners:
        - { name: exact, protocol: HTTP, hostname: abc.foo.example.com }
        - { name: wildcard, protocol: HTTP, hostname: '*.example.com' }
        - { name: any, protocol: HTTP }
    - port: 443
      listeners:
        - { name: second, protocol: HTTPS, hostname: second-example.org, tls: ${terminate} }
        - { name: fourth, protocol: HTTPS, hostname: fourth-example.wildcard.org, tls: ${terminate} }
        - { name: third, protocol: HTTPS, hostname: '*.wildcard.org', tls: ${terminate} }
        - { name: https, protocol: HTTPS, tls: ${terminate} }
    - port: 8443
      listeners:
        - { name: strict, protocol: HTTPS, hostname: strict.example.com, tls: { mode: Terminate, certificates: [infra/web], clientValidation: { mode: AllowValidOnly, authorities: test } } }
        - { name: lax, protocol: HTTPS, hostname: lax.example.com, tls: { mode: Terminate, certificates: [infra/web], clientValidation: { mode: AllowInsecureFallback, authorities: test } } }
        - { name: pass, protocol: TLS, hostname: pass.example.com, tls: { mode: Passthrough } }
        - { name: end, protocol: TLS, hostname: end.example.com, tls: ${terminate} }
        - { name: silent, protocol: TLS, hostname: '*.example.com', tls: { mode: Passthrough } }
    - { port: 9300, listeners: [{ name: tcp, protocol: TCP }] }
    - { port: 9301, listeners: [{ name: refused, protocol: TCP }] }
    - { port: 53, transport: udp, listeners: [{ name: udp, protocol: UDP }] }
    - { port: 54, transport: udp, listeners: [{ name: nobody, protocol: UDP }] }
certificates: [infra/web, infra/client]
hosts:
  infra/web/any:
    '*':
      - { match: { path: { type: PathPrefix, value: /nobody } }, backends: [shop/none:80] }
      - { match: { path: { type: PathPrefix, value: /invalid } }, backends: [{}] }
      - { match: { path: { type: PathPrefix, value: /broken } }, backends: [{ servicePort: shop/tls:443, upstream: { tls: shop/broken } }] }
      - { match: { path: { type: PathPrefix, value: /tls } }, backends: [{ servicePort: shop/tls:443, upstream: { tls: shop/tls, clientCertificate: infra/client } }] }
      - { match: { path: { type: PathPrefix, value: /wrong-name } }, backends: [{ servicePort: shop/tls:443, upstream: { tls: shop/wrong-name } }] }
      - { match: { path: { type: PathPrefix, value: /uri-name } }, backends: [{ servicePort: shop/tls:443, upstream: { tls: shop/uri-name } }] }
      - { match: { path: { type: PathPrefix, value: /to-https } }, filters: { redirect: { scheme: https, statusCode: 301 } }, backends: [] }
      - { match: { path: { type: PathPrefix, value: /any } }, backends: [shop/v1:80] }
  infra/web/wildcard: { '*.example.com': [{ match: { path: { type: PathPrefix, value: /wildcard } }, backends: [shop/v1:80] }] }
  infra/web/exact: { abc.foo.example.com: [{ match: { path: { type: PathPrefix, value: /exact } }, backends: [shop/v1:80] }] }
  infra/web/https: { example.org: [{ backends: [shop/v1:80] }] }
  infra/web/second: { second-example.org: [{ backends: [shop/v2:80] }] }
  infra/web/third: { '*.wildcard.org': [{ backends: [shop/v3:80] }] }
  infra/web/fourth: { fourth-example.wildcard.org: [{ backends: [shop/v1:80] }] }
  infra/web/strict: { strict.example.com: [{ backends: [shop/v1:80] }] }
  infra/web/lax: { lax.example.com: [{ backends: [shop/v1:80] }] }
streams:
  infra/web/pass: [{ serverName: pass.example.com, backends: [shop/tls:443] }]
  infra/web/end: [{ serverName: end.example.com, backends: [shop/tcp1:9000] }]
  infra/web/tcp: [{ kind: TCPRoute, backends: [{ servicePort: shop/tcp1:9000, weight: 70 }, { servicePort: shop/tcp2:9000, weight: 30 }, { weight: 50 }] }]
  infra/web/udp: [{ kind: UDPRoute, backends: [{ servicePort: shop/udp1:53/udp, weight: 70 }, { servicePort: shop/udp2:53/udp, weight: 30 }, { weight: 50 }] }]
  infra/web/nobody: [{ kind: UDPRoute, backends: [{ weight: 1 }] }]
backendTLS:
  shop/tls: { hostname: tls.example.com, authorities: test }
  shop/wrong-name: { hostname: other.example.com, authorities: test }
  shop/uri-name: { hostname: other.example.com, subjectAltNames: [{ type: URI, value: spiffe://cluster.local/ns/infra/sa/tls }], authorities: test }
  shop/broken: { broken: true }
services:
  shop/v1:80: { endpoints: [127.0.0.1:${ports.v1}] }
  shop/v2:80: { endpoints: [127.0.0.1:${ports.v2}] }
  shop/v3:80: { endpoints: [127.0.0.1:${ports.v3}] }
  shop/none:80: {}
  shop/tls:443: { protocol: tcp, endpoints: [127.0.0.1:${ports.tls}] }
  shop/tcp1:9000: { protocol: tcp, endpoints: [127.0.0.1:${ports.tcp1}] }
  shop/tcp2:9000: { protocol: tcp, endpoints: [127.0.0.1:${ports.tcp2}] }
  shop/udp1:53/udp: { protocol: udp, endpoints: [127.0.0.1:${ports.udp1}] }
  shop/udp2:53/udp: { protocol: udp, endpoints: [127.0.0.1:${ports.udp2}] }
`;

interface Answer {
  readonly status: number;
  readonly server: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly seen: Readonly<Record<string, unknown>>;
}

describe('the real Envoy, as a gateway', () => {
  const closers: (() => void)[] = [];
  let envoy: RunningEnvoy;

  async function listening(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** Says its name as soon as somebody connects, then repeats what it hears. */
  const greeter = (name: string) =>
    listening(
      createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.write(name);
        socket.pipe(socket);
      }),
    );

  const http = async (name: string): Promise<number> => {
    const server = await startEndpoint(name);
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };

  /** Answers every datagram with its name. */
  const udp = async (name: string): Promise<number> => {
    const socket = createSocket('udp4');
    socket.on('message', (_, from) => socket.send(name, from.port, from.address));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    closers.push(() => socket.close());
    return socket.address().port;
  };

  before(async () => {
    const own = issue('infra/tls');
    const tls = createHttpsServer(
      { key: own.key, cert: own.chain, ca: authorities, requestCert: true, rejectUnauthorized: false },
      (incoming, response) => {
        const socket = incoming.socket as unknown as {
          authorized: boolean;
          servername: string;
        };
        response.setHeader('server', 'tls');
        response.end(JSON.stringify({ proven: socket.authorized, sni: socket.servername }));
      },
    );
    const [v1, v2, v3] = [await http('v1'), await http('v2'), await http('v3')];
    const [tcp1, tcp2] = [await greeter('tcp1'), await greeter('tcp2')];
    const [udp1, udp2] = [await udp('udp1'), await udp('udp2')];
    const ports = { v1, v2, v3, tls: await listening(tls), tcp1, tcp2, udp1, udp2 };
    envoy = await RunningEnvoy.start((await gatewayCase(model(ports))).translation, 'gateway/');
  });

  after(async () => {
    await envoy?.stop();
    for (const close of closers) close();
  });

  const at = (port: number, transport = 'tcp') => envoy.portOf(`gateway/infra/web/${transport}:${port}`);

  /** One request, by a connection of its own. */
  async function get(host: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: at(80),
      path,
      headers: { host, ...headers },
      agent: false,
    });
    outgoing.end();
    return answerTo(outgoing);
  }

  async function answerTo(outgoing: ReturnType<typeof httpRequest>): Promise<Answer> {
    const [response] = await once(outgoing, 'response');
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return {
      status: response.statusCode,
      server: response.headers.server,
      headers: response.headers,
      seen: text.startsWith('{') ? JSON.parse(text) : {},
    };
  }

  /** One request over TLS; rejects where the handshake fails. */
  async function getSecure(
    port: number,
    servername: string,
    client: { readonly key?: string; readonly cert?: string } = {},
  ): Promise<Answer> {
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port,
      servername,
      rejectUnauthorized: false,
      headers: { host: servername },
      agent: false,
      ...client,
    });
    outgoing.end();
    return answerTo(outgoing);
  }

  /** The status for an authority on an HTTP/2 connection of a server name. */
  async function statusFor(servername: string, authority: string): Promise<string> {
    const session = connectHttp2(`https://127.0.0.1:${at(443)}`, { servername, rejectUnauthorized: false });
    try {
      const stream = session.request({
        [constants.HTTP2_HEADER_AUTHORITY]: authority,
        [constants.HTTP2_HEADER_PATH]: '/',
      });
      const [headers] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'end');
      return [headers[':status'], headers['server']].filter(Boolean).join(' ');
    } finally {
      session.close();
    }
  }

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
        assert.equal(await statusFor(servername, authority), expected);
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
      const { status, seen } = await getSecure(at(8443), 'strict.example.com', {
        key: client.key,
        cert: client.chain,
      });
      assert.equal(status, 200);
      const told = (seen['headers'] as Record<string, string>)['x-forwarded-client-cert'] ?? '';
      assert.match(told, /URI=spiffe:\/\/cluster.local\/ns\/infra\/sa\/client/);
      assert.match(told, /DNS=client.example.com/);
    });

    test('refuses a client without one', async () => {
      await assert.rejects(getSecure(at(8443), 'strict.example.com'));
    });

    test('lets anybody in where that is wanted, and tells the backend nothing', async () => {
      for (const each of [{}, { key: client.key, cert: client.chain }]) {
        const { status, seen } = await getSecure(at(8443), 'lax.example.com', each);
        assert.equal(status, 200);
        const headers = seen['headers'] as Record<string, string>;
        assert.equal(headers['x-forwarded-client-cert'], undefined);
      }
    });
  });

  describe('with connections', () => {
    /** The first bytes of the server, or `closed`. */
    async function greeting(port: number): Promise<string> {
      const socket = connectTcp(port, '127.0.0.1');
      return new Promise((resolve) => {
        socket.on('data', (data) => {
          resolve(String(data));
          socket.destroy();
        });
        socket.on('error', () => resolve('closed'));
        socket.on('close', () => resolve('closed'));
      });
    }

    async function tlsGreeting(servername: string): Promise<string> {
      const socket = connectTls({
        host: '127.0.0.1',
        port: at(8443),
        rejectUnauthorized: false,
        ...(servername === '' ? {} : { servername }),
      });
      return new Promise((resolve) => {
        socket.on('data', (data) => {
          resolve(String(data));
          socket.destroy();
        });
        socket.on('error', () => resolve('closed'));
        socket.on('close', () => resolve('closed'));
      });
    }

    function assertShare(actual: number, count: number, share: number): void {
      const deviation = 4 * Math.sqrt(count * share * (1 - share));
      assert.ok(
        Math.abs(actual - count * share) <= deviation,
        `${actual} of ${count} is no share of ${share}`,
      );
    }

    test('shares TCP by weight and closes the share of a backend that does not exist', async () => {
      const seen: string[] = [];
      for (let i = 0; i < 300; i++) seen.push(await greeting(at(9300)));
      assertShare(seen.filter((name) => name === 'tcp1').length, 300, 70 / 150);
      assertShare(seen.filter((name) => name === 'tcp2').length, 300, 30 / 150);
      assertShare(seen.filter((name) => name === 'closed').length, 300, 50 / 150);
    });

    test('closes connections of a listener without a route', async () => {
      assert.equal(await greeting(at(9301)), 'closed');
    });

    test('passes TLS through, ends it, and closes what nobody serves, all on one port', async () => {
      assert.equal((await getSecure(at(8443), 'pass.example.com')).server, 'tls');
      assert.equal(await tlsGreeting('end.example.com'), 'tcp1');
      assert.equal(await tlsGreeting('other.example.com'), 'closed');
      assert.equal(await tlsGreeting('other.example.org'), 'closed');
      assert.equal(await tlsGreeting(''), 'closed');
    });

    test('closes plaintext on a port of TLS', async () => {
      const socket = connectTcp(at(8443), '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nHost: strict.example.com\r\n\r\n');
      socket.on('error', () => {});
      let heard = '';
      socket.on('data', (data) => (heard += String(data)));
      await new Promise((resolve) => socket.on('close', resolve));
      assert.equal(heard, '');
    });
  });

  describe('with datagrams', () => {
    const count = 300;
    const sockets: UdpSocket[] = [];
    after(() => {
      for (const socket of sockets) socket.close();
    });

    /** What each of `count` clients hears until none of them is expected to hear more. */
    async function ask(port: number, expected: number): Promise<readonly string[]> {
      const heard: string[] = [];
      await new Promise<void>((resolve) => {
        for (let i = 0; i < count; i++) {
          const socket = createSocket('udp4');
          sockets.push(socket);
          socket.on('message', (data) => {
            heard.push(String(data));
            if (heard.length >= expected) resolve();
          });
          socket.send('?', port, '127.0.0.1');
        }
      });
      return heard;
    }

    test('shares clients by weight and drops the share of a backend that does not exist', async () => {
      const deviation = 4 * Math.sqrt(count * (1 / 3) * (2 / 3));
      const heard = await ask(at(53, 'udp'), Math.ceil((count * 2) / 3 - deviation));
      const first = heard.filter((name) => name === 'udp1').length;
      assert.ok(heard.length < count);
      assert.ok(Math.abs(first / heard.length - 0.7) < 0.15, `${first} of ${heard.length}`);
    });

    test('drops what is for nobody, and goes on', async () => {
      const socket = createSocket('udp4');
      sockets.push(socket);
      const heard: string[] = [];
      socket.on('message', (data) => heard.push(String(data)));
      for (let i = 0; i < 20; i++) socket.send('?', at(54, 'udp'), '127.0.0.1');
      assert.equal((await get('bar.com', '/any')).status, 200);
      assert.deepEqual(heard, []);
    });

    test('keeps a client with one endpoint', async () => {
      const names = await new Promise<readonly string[]>((resolve) => {
        // Of twenty, one at least is not in the share that is dropped.
        for (let i = 0; i < 20; i++) {
          const socket = createSocket('udp4');
          sockets.push(socket);
          const heard: string[] = [];
          socket.on('message', (data) => {
            heard.push(String(data));
            if (heard.length === 5) resolve(heard);
            else socket.send('?', at(53, 'udp'), '127.0.0.1');
          });
          socket.send('?', at(53, 'udp'), '127.0.0.1');
        }
      });
      assert.equal(new Set(names).size, 1);
    });
  });
});
