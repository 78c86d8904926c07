/**
 * For tests: a real Envoy that carries out a Gateway with listeners of every kind, backends behind it that say who they
 * are, and the clients' side of HTTP.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
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

export interface Answer {
  readonly status: number;
  readonly server: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly seen: Readonly<Record<string, unknown>>;
}

export class GatewayWorld {
  readonly #closers: (() => void)[] = [];
  #envoy: RunningEnvoy | undefined;

  async start(): Promise<void> {
    const [v1, v2, v3] = [await this.#http('v1'), await this.#http('v2'), await this.#http('v3')];
    const [tcp1, tcp2] = [await this.#greeter('tcp1'), await this.#greeter('tcp2')];
    const [udp1, udp2] = [await this.#udp('udp1'), await this.#udp('udp2')];
    const ports = { v1, v2, v3, tls: await this.#tls(), tcp1, tcp2, udp1, udp2 };
    this.#envoy = await RunningEnvoy.start((await gatewayCase(model(ports))).translation, 'gateway/');
  }

  async stop(): Promise<void> {
    await this.#envoy?.stop();
    for (const close of this.#closers) close();
  }

  /** Where the listener for a port of the Gateway is bound. */
  at(port: number, transport = 'tcp'): number {
    if (this.#envoy === undefined) throw new Error('the world has not started');
    return this.#envoy.portOf(`gateway/infra/web/${transport}:${port}`);
  }

  /** One request, by a connection of its own. */
  get(host: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: this.at(80),
      path,
      headers: { host, ...headers },
      agent: false,
    });
    outgoing.end();
    return answerTo(outgoing);
  }

  /** One request over TLS; rejects where the handshake fails. */
  getSecure(
    port: number,
    servername: string,
    client: { readonly key?: string; readonly cert?: string } = {},
  ): Promise<Answer> {
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port: this.at(port),
      servername,
      rejectUnauthorized: false,
      headers: { host: servername },
      agent: false,
      ...client,
    });
    outgoing.end();
    return answerTo(outgoing);
  }

  /** Status and server for an authority on an HTTP/2 connection of a server name. */
  async statusFor(servername: string, authority: string): Promise<string> {
    const origin = `https://127.0.0.1:${this.at(443)}`;
    const session = connectHttp2(origin, { servername, rejectUnauthorized: false });
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

  async #listening(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#closers.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** Says its name as soon as somebody connects, then repeats what it hears. */
  #greeter(name: string): Promise<number> {
    return this.#listening(
      createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.write(name);
        socket.pipe(socket);
      }),
    );
  }

  async #http(name: string): Promise<number> {
    const server = await startEndpoint(name);
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    this.#closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  /** Says which server name it was called by, and whether the client's certificate was proven. */
  #tls(): Promise<number> {
    const own = issue('infra/tls');
    const options = {
      key: own.key,
      cert: own.chain,
      ca: authorities,
      requestCert: true,
      rejectUnauthorized: false,
    };
    return this.#listening(
      createHttpsServer(options, (incoming, response) => {
        const socket = incoming.socket as unknown as { authorized: boolean; servername: string };
        response.setHeader('server', 'tls');
        response.end(JSON.stringify({ proven: socket.authorized, sni: socket.servername }));
      }),
    );
  }

  /** Answers every datagram with its name. */
  async #udp(name: string): Promise<number> {
    const socket = createSocket('udp4');
    socket.on('message', (_, from) => socket.send(name, from.port, from.address));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    this.#closers.push(() => socket.close());
    return socket.address().port;
  }
}

async function answerTo(outgoing: ClientRequest): Promise<Answer> {
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
