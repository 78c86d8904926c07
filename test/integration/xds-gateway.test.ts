/** A gateway as a whole: the model, its translation, the xDS server, and the real Envoy with clients in front of it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Gateway } from '../../src/mesh/gateway-model.ts';
import type { RouteRule } from '../../src/mesh/model.ts';
import type { ResourceAcks } from '../../src/xds/resource.ts';
import {
  type TestGateways,
  terminate,
  testGateway,
  type TestListener,
} from '../../src/xds/translate/gateway-testing.ts';
import { testRule } from '../../src/xds/translate/testing.ts';
import { gatewayCase, issue } from '../golden/gateway.ts';
import { EnvoyUnderTest } from '../support/envoy.ts';
import { freePort } from '../support/ports.ts';
import { identityIn, type RunningServer, serveFixture } from '../support/xds-fixture.ts';

const services = (v1: number, v2: number, tcp: number): string => `
certificates: [infra/web, infra/unused]
services:
  shop/v1:80: { endpoints: [127.0.0.1:${v1}] }
  shop/v2:80: { endpoints: [127.0.0.1:${v2}] }
  shop/tcp:80: { protocol: tcp, endpoints: [127.0.0.1:${tcp}] }
`;

interface Answer {
  readonly status: number;
  readonly body: string;
}

describe('a gateway', () => {
  const closers: (() => void)[] = [];
  let at: TestGateways;
  let running: RunningServer;
  let envoy: EnvoyUnderTest;
  let http: number;
  let https: number;
  let tcp: number;
  const rejections = new Map<string, ResourceAcks>();

  /** A server of HTTP that says its name. */
  async function named(name: string): Promise<number> {
    const server: Server = createServer((_, response) => response.end(name));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  const plain = (...more: readonly TestListener[]) => ({
    port: http,
    listeners: [...more, { name: 'http', protocol: 'HTTP' as const }],
  });
  const secured = () => ({
    port: https,
    listeners: [{ name: 'https', protocol: 'HTTPS' as const, tls: terminate('infra/web') }],
  });
  const opaque = () => ({ port: tcp, listeners: [{ name: 'tcp', protocol: 'TCP' as const }] });

  const put = (gateway: Gateway) => at.gateway.gateways.set('infra/web', gateway);
  const to = (service: string): RouteRule =>
    testRule({ backends: [{ servicePort: `shop/${service}:80`, weight: 1 }] });
  const serve = (listener: string, domain: string, ...rules: readonly RouteRule[]) =>
    at.gateway.listenerHosts.set(`infra/web/${listener}`, { hosts: [{ domain, rules }] });
  const connectionsTo = (...services: readonly string[]) =>
    at.gateway.listenerStreams.set('infra/web/tcp', {
      streams: [
        {
          kind: 'TCPRoute',
          route: 'shop/tcp',
          backends: services.map((each) => ({ servicePort: `shop/${each}:80`, weight: 1 })),
        },
      ],
    });

  /** Waits until the proxy has what is served and nothing is on its way. */
  async function atRest(): Promise<void> {
    await at.graph.settled();
    await envoy.until('at rest', () => Promise.resolve(running.server.proxies()[0]?.pending === 0));
  }

  async function get(agent: Agent, host = 'web.example.com', path = '/'): Promise<Answer> {
    const outgoing = request({ host: '127.0.0.1', port: http, path, agent, headers: { host } });
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode, body };
  }

  /** The serial number of the certificate that a new connection is shown. */
  async function shownSerial(): Promise<string> {
    const socket = connectTls({
      host: '127.0.0.1',
      port: https,
      servername: 'web.example.com',
      rejectUnauthorized: false,
    });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }

  before(async () => {
    const echo = createTcpServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    closers.push(() => echo.close());
    const echoPort = (echo.address() as AddressInfo).port;
    [http, https, tcp] = [await freePort(), await freePort(), await freePort()];
    ({ at } = await gatewayCase(services(await named('v1'), await named('v2'), echoPort)));
    const acks = at.graph.source<ResourceAcks>('acks');
    acks.subscribe((changes) => {
      for (const { key, after: now } of changes) if (now?.rejected !== undefined) rejections.set(key, now);
    });
    put(testGateway('infra/web', [plain(), secured(), opaque()]));
    serve('http', '*', to('v1'));
    serve('https', '*', to('v1'));
    connectionsTo('tcp');
    await at.graph.settled();
    running = await serveFixture({
      graph: at.graph,
      translation: at.translation,
      acks,
      used: [],
      onUse: () => undefined,
    });
    envoy = await EnvoyUnderTest.start({
      xdsPort: running.port,
      pki: running.pki,
      shows: running.pki.issue(`URI:${identityIn('infra')}`),
      id: 'infra/web-1/uid-1',
      cluster: 'Gateway/web',
    });
    await envoy.until('live', () => envoy.ready());
    await atRest();
  });

  after(async () => {
    await envoy?.stop();
    await running?.server.close();
    running?.pki.remove();
    for (const close of closers) close();
  });

  test('holds its listeners, its routes, and the one certificate that it refers to', () => {
    const proxy = running.server.proxy('infra/web-1');
    const names = proxy?.resources.map(({ kind, name }) => `${kind} ${name}`);
    assert.deepEqual(
      names,
      [
        'secret certificate/infra/web',
        'cluster svc/shop/tcp:80+opaque',
        'cluster svc/shop/v1:80+edge',
        'endpoints svc/shop/tcp:80+opaque',
        'endpoints svc/shop/v1:80+edge',
        `listener gateway/infra/web/tcp:${http}`,
        `listener gateway/infra/web/tcp:${https}`,
        `listener gateway/infra/web/tcp:${tcp}`,
        'route gateway/infra/web/https',
        `route gateway/infra/web/tcp:${http}`,
      ].sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1)),
    );
  });

  test('routes a changed route anew on a connection that is open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.deepEqual(await get(agent), { status: 200, body: 'v1' });
    serve('http', '*', to('v2'));
    await atRest();
    assert.deepEqual(await get(agent), { status: 200, body: 'v2' });
    serve('http', '*', to('v1'));
    await atRest();
    assert.deepEqual(await get(agent), { status: 200, body: 'v1' });
    assert.equal(await envoy.stat('http.gateway.downstream_cx_total'), 1);
    agent.destroy();
  });

  test('shows a new certificate to new connections, without a new listener', async () => {
    const listeners = await envoy.active('dynamic_listeners');
    const before = await shownSerial();
    const { chain, key: privateKey } = issue('infra/web');
    at.gateway.certificates.set('infra/web', { chain, privateKey });
    await envoy.until('the new certificate', async () => (await shownSerial()) !== before);
    assert.deepEqual(await envoy.active('dynamic_listeners'), listeners);
  });

  test('keeps a certificate whose successor has another key, and everything else goes on', async () => {
    const before = await shownSerial();
    const good = at.gateway.certificates.get('infra/web');
    const { chain } = issue('infra/web');
    const { key: privateKey } = issue('infra/web');
    at.gateway.certificates.set('infra/web', { chain, privateKey });
    await envoy.until('rejected', () => Promise.resolve(rejections.has('secret certificate/infra/web')));
    assert.equal(await shownSerial(), before);
    const agent = new Agent();
    serve('http', '*', to('v2'));
    await envoy.until('the route', async () => (await get(agent)).body === 'v2');
    serve('http', '*', to('v1'));
    if (good !== undefined) at.gateway.certificates.set('infra/web', good);
    await atRest();
    rejections.clear();
  });

  test('brings a listener on a port and takes it away, and connections of the others stay', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await get(agent);
    const connections = await envoy.stat('http.gateway.downstream_cx_total');
    const port = await freePort();
    const extra = { port, listeners: [{ name: 'extra', protocol: 'HTTP' as const }] };
    put(testGateway('infra/web', [plain(), secured(), opaque(), extra]));
    await atRest();
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
    put(testGateway('infra/web', [plain(), secured(), opaque()]));
    await atRest();
    await envoy.until('closed', () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => false,
        () => true,
      ),
    );
    assert.equal((await get(agent)).status, 200);
    assert.equal(await envoy.stat('http.gateway.downstream_cx_total'), connections + 1);
    agent.destroy();
  });

  test('keeps a TCP connection that is open while its route changes', async () => {
    const socket = connect(tcp, '127.0.0.1');
    const say = async (word: string): Promise<string> => {
      socket.write(word);
      const [data] = await once(socket, 'data');
      return String(data);
    };
    assert.equal(await say('one'), 'one');
    connectionsTo('tcp', 'v1');
    await atRest();
    assert.equal(await say('two'), 'two');
    connectionsTo('tcp');
    await atRest();
    assert.equal(await say('three'), 'three');
    socket.destroy();
  });

  test('a hundred routes change under load: no request fails, and each ends at its new backend', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `r${index}.example.com`);
    const listeners = names.map((hostname, index) => ({
      name: `r${index}`,
      protocol: 'HTTP' as const,
      hostname,
    }));
    for (const [index, name] of names.entries()) serve(`r${index}`, name, to('v1'));
    put(testGateway('infra/web', [plain(...listeners), secured(), opaque()]));
    await atRest();

    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const wrong: string[] = [];
    let requests = 0;
    const done = new AbortController();
    const load = Array.from({ length: 8 }, async (_, worker) => {
      for (let turn = worker; !done.signal.aborted; turn++) {
        const name = names[(turn * 7) % names.length] ?? '';
        const { status, body } = await get(agent, name).catch((error: unknown) => ({
          status: 0,
          body: String(error),
        }));
        requests++;
        if (status !== 200 || !['v1', 'v2'].includes(body)) wrong.push(`${name}: ${status} ${body}`);
      }
    });
    for (const [index, name] of names.entries()) {
      serve(`r${index}`, name, to('v2'));
      await sleep(10);
    }
    await atRest();
    done.abort();
    await Promise.all(load);
    assert.deepEqual(wrong, []);
    assert.ok(requests > names.length);
    for (const name of names) assert.equal((await get(agent, name)).body, 'v2', name);
    agent.destroy();
    put(testGateway('infra/web', [plain(), secured(), opaque()]));
    await atRest();
  });

  test('takes five hundred listeners with a thousand routes, and then one change of them', async () => {
    const count = 250;
    const hosts = Array.from({ length: count }, (_, index) => `h${index}.example.com`);
    const listener = (protocol: 'HTTP' | 'HTTPS', index: number, hostname: string): TestListener => ({
      name: `${protocol.toLowerCase()}-${index}`,
      protocol,
      hostname,
      ...(protocol === 'HTTPS' ? { tls: terminate('infra/web') } : {}),
    });
    const two = (service: string): readonly RouteRule[] => [
      { ...to(service), match: { path: { type: 'PathPrefix', value: '/a' }, headers: [], query: [] } },
      to('v1'),
    ];
    for (const [index, host] of hosts.entries()) {
      serve(`http-${index}`, host, ...two('v1'));
      serve(`https-${index}`, host, ...two('v1'));
    }
    put(
      testGateway('infra/web', [
        { port: http, listeners: hosts.map((host, index) => listener('HTTP', index, host)) },
        { port: https, listeners: hosts.map((host, index) => listener('HTTPS', index, host)) },
        opaque(),
      ]),
    );
    await atRest();
    const agent = new Agent({ keepAlive: true });
    assert.deepEqual(await get(agent, 'h249.example.com', '/a'), { status: 200, body: 'v1' });
    serve('http-249', 'h249.example.com', ...two('v2'));
    await atRest();
    assert.deepEqual(await get(agent, 'h249.example.com', '/a'), { status: 200, body: 'v2' });
    assert.deepEqual(await get(agent, 'h249.example.com', '/'), { status: 200, body: 'v1' });
    agent.destroy();
  });

  test('has rejected nothing but what was meant to be rejected', () => {
    assert.deepEqual([...rejections.keys()], []);
  });
});

const kinds = ['secret', 'cluster', 'endpoints', 'listener', 'route'];

function order(resource: string): number {
  return kinds.indexOf(resource.slice(0, resource.indexOf(' ')));
}
