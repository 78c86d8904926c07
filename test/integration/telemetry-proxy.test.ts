/**
 * What proxies count, held against what really happened: two applications with real Envoys in between. Each number is
 * exact, on both sides, and each side names the other's workload and version.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request, type RequestOptions } from 'node:http';
import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import {
  connectionEvents,
  durationBoundsMs,
  formatPlainPeer,
  formatSubject,
  signals,
  subjectOf,
} from '../../src/base/signals.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { Graph } from '../../src/graph/graph.ts';
import {
  meshConfig,
  parent,
  pod,
  podEndpoint,
  route,
  service,
  slice,
} from '../../src/mesh/testing-objects.ts';
import { createTestMesh } from '../../src/mesh/testing.ts';
import { createTranslation } from '../../src/xds/translate/translation.ts';
import { ReportingProxy, type Series } from '../support/reporting-proxy.ts';

const authority = new Authority(testMaterial(systemClock), systemClock);
const client = subjectOf('shop/Deployment/client', 'c1');
/** As long as a name can be, with the longest version. */
const longName = 'w'.repeat(200);
const web = subjectOf(`shop/Deployment/${longName}`, 'v'.repeat(63));
const db = subjectOf('shop/StatefulSet/db', '');

const closers: (() => unknown)[] = [];
let clientProxy: ReportingProxy;
let webProxy: ReportingProxy;
let dbProxy: ReportingProxy;
/** Told of each request that reaches the application. */
let onRequest: () => void = () => undefined;

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** HTTP/1.1: the status that the path says, or one of the ways not to answer. */
function application(): Promise<number> {
  let flaky = 0;
  const server = createServer((incoming, response) => {
    onRequest();
    const path = incoming.url ?? '';
    if (path === '/never') return;
    if (path === '/flaky') return void response.writeHead(flaky++ % 2 === 0 ? 503 : 200).end();
    if (path === '/half') {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setTimeout(() => response.destroy(), 50);
      return;
    }
    const wait = Number(/^\/wait\/(\d+)/.exec(path)?.[1] ?? 0);
    setTimeout(() => response.writeHead(Number(/\/status\/(\d+)/.exec(path)?.[1] ?? 200)).end('hello'), wait);
  });
  server.on('upgrade', (_incoming, socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  closers.push(() => server.closeAllConnections());
  return listening(server);
}

/** Sends back what it gets, and says nothing on its own. */
function echo(): Promise<number> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    }),
  );
}

/** A gRPC server that ends every call with the status that its path says. */
async function grpcServer(): Promise<number> {
  const server = createHttp2Server();
  server.on('session', (session) => closers.push(() => session.destroy()));
  server.on('stream', (stream, headers) => {
    onRequest();
    if (headers[':path'] === '/never') return void stream.on('error', () => {});
    const status = (headers[':path'] ?? '').split('/').at(-1) ?? '0';
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.end();
  });
  return listening(server);
}

before(async () => {
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const world = createTestMesh(graph);
  const translation = createTranslation(graph, world.mesh);
  const destinations = ['10.96.0.1:80', '10.96.0.2:5432', '10.96.0.3:80', '10.96.0.4:80', '10.96.0.5:80'];
  await world.use('shop/Deployment/client', ...destinations);
  for (const called of [`shop/Deployment/${longName}`, 'shop/StatefulSet/db']) await world.use(called);
  await world.apply(
    meshConfig({}),
    pod('shop/client-1', '10.0.0.1'),
    pod('shop/web-1', '127.0.0.2', { owner: `Deployment/${longName}`, labels: { version: web.version } }),
    pod('shop/db-1', '127.0.0.3', { owner: 'StatefulSet/db' }),
  );
  const applicationPort = await application();
  const echoPort = await echo();
  const server = { translation, authority, listeners: ['inbound/', 'detect/'] };
  webProxy = await ReportingProxy.start({ ...server, subject: web, applicationPort });
  dbProxy = await ReportingProxy.start({ ...server, subject: db, applicationPort: echoPort });
  const at = (name: string, port: number, podName: string) =>
    slice(`shop/${name}`, name, [podEndpoint(`shop/${podName}`, '127.0.0.1')], [{ name: 'p', port }]);
  const ports = (port: number) => [{ name: 'p', port, appProtocol: port === 80 ? 'http' : 'tcp' }];
  await world.apply(
    service('shop/web', '10.96.0.1', ports(80)),
    service('shop/db', '10.96.0.2', ports(5432)),
    service('shop/plain', '10.96.0.3', ports(80)),
    service('shop/grpc', '10.96.0.4', [{ name: 'p', port: 80, appProtocol: 'kubernetes.io/h2c' }]),
    service('shop/gone', '10.96.0.5', ports(80)),
    pod('shop/plain-1', '127.0.0.4', { meshed: false, labels: { version: 'p1' } }),
    at('web', webProxy.portOf(`inbound/shop/Deployment/${longName}`), 'web-1'),
    at('db', dbProxy.portOf('inbound/shop/StatefulSet/db'), 'db-1'),
    at('plain', applicationPort, 'plain-1'),
    at('grpc', await grpcServer(), 'plain-1'),
    route(
      'shop/web',
      [parent('web')],
      [
        {
          name: 'short',
          matches: [{ path: { type: 'PathPrefix', value: '/never' } }],
          timeouts: { request: '200ms' },
          backendRefs: [{ name: 'web', port: 80 }],
        },
        {
          matches: [{ path: { type: 'PathPrefix', value: '/flaky' } }],
          retry: { attempts: 2, codes: [503], backoff: '10ms' },
          backendRefs: [{ name: 'web', port: 80 }],
        },
        { backendRefs: [{ name: 'web', port: 80 }] },
      ],
    ),
  );
  const outsidePort = echoPort;
  clientProxy = await ReportingProxy.start({
    translation,
    authority,
    subject: client,
    listeners: ['vl/', 'outbound'],
    outsidePort,
  });
});

after(async () => {
  for (const proxy of [clientProxy, webProxy, dbProxy]) await proxy?.stop();
  for (const close of closers) close();
});

const agent = new Agent({ keepAlive: true });
after(() => agent.destroy());

interface Called {
  readonly status: number;
}

async function call(destination: string, path: string, options: RequestOptions = {}): Promise<Called> {
  const port = clientProxy.portOf(`vl/${destination}`);
  return callPort(port, path, options);
}

async function callPort(port: number, path: string, options: RequestOptions = {}): Promise<Called> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent, ...options });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode };
}

/** Calls of the Service without endpoints so far. */
let goneCalls = 0;

function callGone(): Promise<Called> {
  goneCalls += 1;
  return call('10.96.0.5:80', '/');
}

const sum = (
  series: readonly Pick<Series, 'tags' | 'total'>[],
  tags: Readonly<Record<string, string>>,
): number =>
  series
    .filter((one) => Object.entries(tags).every(([name, value]) => (one.tags[name] ?? '') === value))
    .reduce((total, one) => total + one.total, 0);

const flaggedAtClient = 'envoy_weft_http_client_flagged';

/** Of the client's proxy. A request is counted there before or with its duration, so there is nothing to wait for. */
async function flagged(tags: Readonly<Record<string, string>>): Promise<number> {
  return sum(await clientProxy.exposed(flaggedAtClient), tags);
}

describe('requests over mutual TLS', () => {
  test('are counted one by one on both sides, by status, each side naming the other', async () => {
    for (const [status, times] of [
      [200, 7],
      [404, 3],
      [500, 2],
      [503, 1],
    ] as const) {
      for (let i = 0; i < times; i++)
        assert.equal((await call('10.96.0.1:80', `/status/${status}`)).status, status);
    }
    const common = { protocol: 'HTTP/1.1' };
    const atClient = {
      ...common,
      peer: formatSubject(web),
      service: 'shop/web:80',
      route: 'shop/web',
    };
    const atServer = { ...common, peer: formatSubject(client), route: '' };
    for (const [proxy, side, tags] of [
      [clientProxy, 'client', atClient],
      [webProxy, 'server', atServer],
    ] as const) {
      const series = await proxy.until(signals.duration[side], (all) => sum(all, tags) >= 13);
      assert.equal(sum(series, { ...tags, code: '200' }), 7);
      assert.equal(sum(series, { ...tags, code: '404' }), 3);
      assert.equal(sum(series, { ...tags, code: '500' }), 2);
      assert.equal(sum(series, { ...tags, code: '503' }), 1);
    }
    assert.deepEqual(await clientProxy.exposed(flaggedAtClient), [], 'the application has answered them all');
  });

  test('fall into the bucket of their duration', async () => {
    const before = bucketsOf(clientProxy.series(signals.duration.client), '200');
    await call('10.96.0.1:80', '/wait/180/status/200');
    await clientProxy.until(signals.duration.client, (all) => count(bucketsOf(all, '200')) > count(before));
    const gained = bucketsOf(clientProxy.series(signals.duration.client), '200').map(
      (n, i) => n - (before[i] ?? 0),
    );
    // Between 150 and 250 ms; a busy machine may take longer, never less.
    assert.equal(count(gained), 1);
    assert.ok(gained.indexOf(1) >= durationBoundsMs.indexOf(250), gained.join());
  });

  test('that ran into a time limit, were tried again, given up, or lost half-way are counted as what they are', async () => {
    const rule = { route: 'shop/web/short' };
    assert.equal((await call('10.96.0.1:80', '/never')).status, 504);
    const atClient = await clientProxy.until(signals.duration.client, (all) => sum(all, rule) === 1);
    assert.equal(sum(atClient, { ...rule, code: '504' }), 1);
    assert.equal(await flagged({ ...rule, code: '504', flags: 'UT', peer: formatSubject(web) }), 1);
    // The client's proxy gave up on the server's.
    await webProxy.until(signals.duration.server, (all) => sum(all, { code: '0' }) === 1);
    const atServer = await webProxy.exposed('envoy_weft_http_server_flagged');
    assert.equal(sum(atServer, { code: '0', flags: 'DC', peer: formatSubject(client) }), 1);

    const okBefore = sum(clientProxy.series(signals.duration.client), {
      code: '200',
      service: 'shop/web:80',
    });
    assert.equal((await call('10.96.0.1:80', '/flaky')).status, 200);
    await clientProxy.until(
      signals.duration.client,
      (all) => sum(all, { code: '200', service: 'shop/web:80', attempts: '2' }) === 1,
    );
    await clientProxy.until(
      signals.duration.client,
      (all) => sum(all, { code: '200', service: 'shop/web:80' }) === okBefore + 1,
    );

    const given = request({ host: '127.0.0.1', port: clientProxy.portOf('vl/10.96.0.3:80'), path: '/never' });
    given.on('error', () => {});
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    onRequest = resolve;
    given.end();
    await arrived;
    given.destroy();
    await clientProxy.until(
      signals.duration.client,
      (all) => sum(all, { service: 'shop/plain:80', code: '0' }) === 1,
    );
    assert.equal(await flagged({ service: 'shop/plain:80', code: '0', flags: 'DC' }), 1);

    await assert.rejects(call('10.96.0.3:80', '/half'));
    const half = { service: 'shop/plain:80', code: '200' };
    await clientProxy.until(signals.duration.client, (all) => sum(all, half) === 1);
    assert.equal(await flagged(half), 1);
  });
});

describe('durations', () => {
  const plain = { service: 'shop/plain:80' };

  test('tell half a millisecond from a whole one', async () => {
    const between = durationBoundsMs.indexOf(1);
    const seen = (all: readonly Series[]): boolean => all.some(({ buckets }) => (buckets[between] ?? 0) > 0);
    // An answer of the proxy alone is the fastest, one of the application nearly always takes longer.
    while (!seen(clientProxy.series(signals.duration.client))) {
      await callGone();
      await call('10.96.0.3:80', '/status/202');
    }
  });

  test('of what was given up are those until then, in the same unit', async () => {
    const tags = { ...plain, code: '0' };
    const of = (all: readonly Series[]): readonly number[] =>
      durationBoundsMs.map((_, index) =>
        all
          .filter((one) => sum([one], tags) > 0)
          .reduce((total, { buckets }) => total + (buckets[index] ?? 0), 0),
      );
    const before = clientProxy.series(signals.duration.client);
    const known = [sum(before, tags), of(before)] as const;
    const beganMs = performance.now();
    const given = request({ host: '127.0.0.1', port: clientProxy.portOf('vl/10.96.0.3:80'), path: '/never' });
    given.on('error', () => {});
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    onRequest = resolve;
    given.end();
    await arrived;
    await sleep(1_100);
    given.destroy();
    const after = await clientProxy.until(signals.duration.client, (all) => sum(all, tags) === known[0] + 1);
    const tookMs = performance.now() - beganMs;
    const index = of(after).findIndex((n, at) => n > (known[1][at] ?? 0));
    assert.ok(index >= durationBoundsMs.indexOf(2_500), String(index));
    assert.ok((durationBoundsMs[index - 1] ?? 0) <= tookMs, `${index} after ${tookMs} ms`);
  });

  test('are known of all: upgraded connections, tunnels refused, streams reset, bodies that were never sent', async () => {
    const port = clientProxy.portOf('vl/10.96.0.3:80');
    for (const [head, code] of [
      ['GET /ws HTTP/1.1\r\nHost: plain\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '101'],
      ['CONNECT plain:80 HTTP/1.1\r\nHost: plain:80\r\n\r\n', '404'],
    ] as const) {
      const count = (all: readonly Series[]): number => sum(all, { ...plain, code });
      const before = count(clientProxy.series(signals.duration.client));
      const socket = connect({ host: '127.0.0.1', port });
      socket.write(head);
      const [answer] = await once(socket, 'data');
      assert.match(String(answer), new RegExp(`^HTTP/1.1 ${code} `));
      socket.destroy();
      await clientProxy.until(signals.duration.client, (all) => count(all) === before + 1);
    }

    const streams = { service: 'shop/grpc:80', code: '0' };
    const known = sum(clientProxy.series(signals.duration.client), streams);
    const session = connectHttp2(`http://127.0.0.1:${clientProxy.portOf('vl/10.96.0.4:80')}`);
    const arrived = Promise.withResolvers<void>();
    onRequest = arrived.resolve;
    const stream = session.request({ ':method': 'POST', ':path': '/never', te: 'trailers' });
    stream.on('error', () => {});
    await arrived.promise;
    stream.close(constants.NGHTTP2_CANCEL);
    await clientProxy.until(signals.duration.client, (all) => sum(all, streams) === known + 1);
    session.close();

    const half = connect({ host: '127.0.0.1', port });
    const gone = { ...plain, code: '0' };
    const before = sum(clientProxy.series(signals.duration.client), gone);
    const reached = Promise.withResolvers<void>();
    onRequest = reached.resolve;
    half.write('POST /never HTTP/1.1\r\nHost: plain\r\nContent-Length: 10\r\n\r\nfew');
    await reached.promise;
    half.destroy();
    await clientProxy.until(signals.duration.client, (all) => sum(all, gone) === before + 1);
  });
});

describe('requests in plain text', () => {
  test('to an endpoint without a proxy name its workload', async () => {
    const before = clientProxy.series(signals.duration.client);
    assert.equal((await call('10.96.0.3:80', '/status/204')).status, 204);
    const peer = formatPlainPeer(subjectOf('shop/Deployment/plain', 'p1'));
    const tags = { service: 'shop/plain:80', code: '204', peer };
    assert.equal(sum(before, tags), 0);
    await clientProxy.until(signals.duration.client, (all) => sum(all, tags) === 1);
  });

  test('from a client without a proxy have no peer', async () => {
    const port = webProxy.portOf(`inbound/shop/Deployment/${longName}`);
    const through = await callPort(port, '/status/201', { agent: false });
    assert.equal(through.status, 201);
    const series = await webProxy.until(signals.duration.server, (all) => sum(all, { code: '201' }) === 1);
    assert.equal(sum(series, { code: '201', peer: '' }), 1);
  });

  test('to a Service without endpoints are counted with the reason', async () => {
    const tags = { service: 'shop/gone:80', code: '503' };
    const known = goneCalls;
    assert.equal((await callGone()).status, 503);
    await clientProxy.until(signals.duration.client, (all) => sum(all, tags) === known + 1);
    assert.equal(await flagged({ ...tags, flags: 'UH' }), known + 1);
  });
});

test('calls of gRPC are counted by their status', async () => {
  const session = connectHttp2(`http://127.0.0.1:${clientProxy.portOf('vl/10.96.0.4:80')}`);
  for (const status of [0, 0, 5, 14]) {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/shop.Catalog/${status}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end();
    stream.resume();
    await once(stream, 'close');
  }
  session.close();
  const tags = { service: 'shop/grpc:80', protocol: 'HTTP/2', code: '200' };
  const series = await clientProxy.until(signals.duration.client, (all) => sum(all, tags) === 4);
  for (const [grpc, times] of [
    ['0', 2],
    ['5', 1],
    ['14', 1],
  ] as const) {
    assert.equal(sum(series, { ...tags, grpc }), times);
  }
});

async function exchange(socket: Socket, bytes: number): Promise<void> {
  let received = 0;
  const done = new Promise<void>((resolve) => {
    const take = (chunk: Buffer): void => {
      received += chunk.length;
      if (received < bytes) return;
      socket.off('data', take);
      resolve();
    };
    socket.on('data', take);
  });
  socket.write(Buffer.alloc(bytes, 'x'));
  await done;
}

describe('connections', () => {
  test('are counted with their peers when they begin and end, their bytes while they are open', async () => {
    const socket = connect({ host: '127.0.0.1', port: clientProxy.portOf('vl/10.96.0.2:5432') });
    await exchange(socket, 1000);
    const prefix = { 'envoy.tcp_prefix': 'svc/shop/db_5432' };
    const [began, ended] = [connectionEvents.established, connectionEvents.ended];
    const atClient = { peer: formatSubject(db), service: 'shop/db:5432', flags: '-' };
    const atServer = { peer: formatSubject(client), flags: '-' };
    for (const [proxy, side, tags] of [
      [clientProxy, 'client', atClient],
      [dbProxy, 'server', atServer],
    ] as const) {
      const series = await proxy.until(
        signals.connections[side],
        (all) => sum(all, { ...tags, event: began }) === 1,
      );
      assert.equal(sum(series, { event: ended }), 0);
    }
    const mesh = { 'envoy.tcp_prefix': 'inbound-mesh' };
    for (const [proxy, tags] of [
      [clientProxy, prefix],
      [dbProxy, mesh],
    ] as const) {
      await proxy.until(signals.bytesSent, (all) => sum(all, tags) === 1000);
      await proxy.until(signals.bytesReceived, (all) => sum(all, tags) === 1000);
    }
    await exchange(socket, 500);
    socket.end();
    await once(socket, 'close');
    for (const [proxy, side, tags, bytes] of [
      [clientProxy, 'client', atClient, prefix],
      [dbProxy, 'server', atServer, mesh],
    ] as const) {
      const series = await proxy.until(
        signals.connections[side],
        (all) => sum(all, { ...tags, event: ended }) === 1,
      );
      assert.equal(sum(series, { event: began }), 1);
      await proxy.until(signals.bytesSent, (all) => sum(all, bytes) === 1500);
      await proxy.until(signals.bytesReceived, (all) => sum(all, bytes) === 1500);
    }
  });

  test('to outside of the mesh are counted by their address', async () => {
    const socket = connect({ host: '127.0.0.1', port: clientProxy.portOf('outbound') });
    await exchange(socket, 300);
    socket.end();
    await once(socket, 'close');
    const address = `127.0.0.1:${clientProxy.portOf('outbound')}`;
    await clientProxy.until(
      signals.connections.client,
      (all) => sum(all, { service: address, event: connectionEvents.ended }) === 1,
    );
    await clientProxy.until(
      signals.bytesSent,
      (all) => sum(all, { 'envoy.tcp_prefix': 'passthrough' }) === 300,
    );
  });
});

test('what has not changed is not reported again', async () => {
  const idle = dbProxy.reports.count;
  // Both proxies report equally often, those that have something to say.
  for (let reports = 0; reports < 3; reports++) {
    const { count: before } = clientProxy.reports;
    await call('10.96.0.1:80', '/status/200');
    while (clientProxy.reports.count === before) await sleep(20);
  }
  assert.equal(dbProxy.reports.count, idle);
});

test('a proxy says nothing in its log about what it counts', () => {
  for (const { log } of [clientProxy, webProxy, dbProxy]) {
    const lines = log
      .split('\n')
      .filter((line) => line !== '' && !line.includes('active downstream connections'));
    assert.deepEqual(lines, []);
  }
});

const bucketsOf = (series: readonly Series[], code: string): readonly number[] => {
  const chosen = series.filter(({ tags }) => tags['code'] === code && tags['service'] === 'shop/web:80');
  return Array.from({ length: durationBoundsMs.length + 1 }, (_, index) =>
    chosen.reduce((n, one) => n + (one.buckets[index] ?? 0), 0),
  );
};
const count = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
