/** The whole shop on loopback ports: every role serves, passes on what it should, and leaves in order. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { GrpcClient, GrpcError } from './lib/grpc.ts';
import { JsonClient, serveJson, startHttp } from './lib/http.ts';
import { converse, startLines } from './lib/lines.ts';
import { type Addresses, listen, type RoleOptions, type Running, splitAddress } from './lib/running.ts';
import { startTrace } from './lib/trace.ts';
import type { Report } from './lib/tally.ts';
import { openWebSocket } from './lib/websocket.ts';
import { startCatalog } from './roles/catalog.ts';
import { startGreeter } from './roles/greeter.ts';
import { startHealth } from './roles/health.ts';
import { startLedger } from './roles/ledger.ts';
import { startLoad } from './roles/load.ts';
import { askPrice, startPrices } from './roles/prices.ts';
import { startTicker } from './roles/ticker.ts';
import { startWeb } from './roles/web.ts';

const nowhere: Addresses = {
  web: '127.0.0.1:1',
  catalog: '127.0.0.1:1',
  prices: '127.0.0.1:1',
  ticker: '127.0.0.1:1',
  ledger: '127.0.0.1:1',
  greeter: '127.0.0.1:1',
};
const running: Running[] = [];
let addresses = nowhere;

async function start(
  role: (options: RoleOptions) => Promise<Running>,
  options: Partial<RoleOptions> = {},
): Promise<string> {
  const started = await role({ version: 'v1', port: 0, addresses, ...options });
  running.push(started);
  return `127.0.0.1:${started.port}`;
}

before(async () => {
  addresses = {
    ...nowhere,
    catalog: await start(startCatalog),
    prices: await start(startPrices, { version: 'v7' }),
    ticker: await start(startTicker),
    ledger: await start(startLedger),
    greeter: await start(startGreeter),
  };
  addresses = { ...addresses, web: await start(startWeb) };
});
after(async () => {
  await Promise.all(running.map((service) => service.close()));
});

async function getJson(address: string, path: string): Promise<Record<string, unknown>> {
  const client = new JsonClient(address);
  const { body } = await client.get(path);
  client.close();
  return body;
}

test('web answers with goods, a price, and who served it', async () => {
  const body = await getJson(addresses.web, '/');
  assert.deepEqual(body['servedBy'], { web: 'v1', catalog: 'v1', prices: 'v7' });
  assert.deepEqual(body['offer'], { item: 'loom', cents: 48_000, version: 'v7' });
});

test('a checkout is written into the ledger', async () => {
  assert.equal((await getJson(addresses.web, '/checkout'))['receipt'], 'OK v1 450');
  assert.equal((await getJson(addresses.web, '/checkout'))['receipt'], 'OK v1 900');
});

test('only the second version of catalog says how many are left', async () => {
  const v1 = (await getJson(addresses.catalog, '/items'))['items'] as object[];
  const v2 = (await getJson(await start(startCatalog, { version: 'v2' }), '/items'))['items'] as object[];
  assert.deepEqual(v1[0], { name: 'shuttle' });
  assert.deepEqual(v2[0], { name: 'shuttle', left: 12 });
});

test('web passes the trace on to those it calls', async () => {
  const seen: (string | undefined)[] = [];
  const catalog = await startHttp(
    serveJson(({ headers }) => {
      seen.push(headers['traceparent'] as string, headers['tracestate'] as string);
      return { body: { version: 'v1', items: [] } };
    }),
    0,
  );
  running.push(catalog);
  const web = await start(startWeb, { addresses: { ...addresses, catalog: `127.0.0.1:${catalog.port}` } });
  const { traceparent = '' } = startTrace();
  const client = new JsonClient(web);
  await client.get('/', { traceparent, tracestate: 'shop=1', cookie: 'secret' });
  client.close();
  assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.deepEqual(seen, [traceparent, 'shop=1']);
});

test('web answers 502 and says why when a service behind it is gone', async () => {
  const web = await start(startWeb, { addresses: { ...addresses, catalog: nowhere.catalog } });
  const client = new JsonClient(web);
  const { status, body } = await client.get('/');
  client.close();
  assert.equal(status, 502);
  assert.match(String(body['error']), /ECONNREFUSED/);
});

test('prices refuses what it does not sell with a gRPC status', async () => {
  const client = new GrpcClient(addresses.prices);
  await assert.rejects(askPrice(client, 'yacht', {}), (error: GrpcError) => {
    assert.ok(error instanceof GrpcError);
    assert.equal(error.status, 3);
    assert.match(error.message, /no price for "yacht"/);
    return true;
  });
  client.close();
});

test('an unknown gRPC method is answered with UNIMPLEMENTED', async () => {
  const client = new GrpcClient(addresses.prices);
  await assert.rejects(client.call('/shop.v1.Prices/Haggle', Buffer.alloc(0)), { status: 12 });
  client.close();
});

test('a gRPC client connects again after its server was replaced', async () => {
  const first = await startPrices({ version: 'v1', port: 0, addresses });
  const client = new GrpcClient(`127.0.0.1:${first.port}`);
  assert.equal((await askPrice(client, 'yarn', {})).version, 'v1');
  await first.close();
  running.push(await startPrices({ version: 'v2', port: first.port, addresses }));
  assert.equal((await askPrice(client, 'yarn', {})).version, 'v2');
  client.close();
});

test('a plain answer to a gRPC call is an error that tells the status', async () => {
  const server = createServer();
  const address = `127.0.0.1:${await listen(server, 0)}`;
  const client = new GrpcClient(address);
  await assert.rejects(client.call('/shop.v1.Prices/Quote', Buffer.alloc(0)));
  client.close();
  server.close();
});

test('ticker answers who asks, and refuses plain HTTP with 426', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const connection = await openWebSocket(addresses.ticker, '/', {}, resolve);
  connection.send('yarn');
  assert.deepEqual(JSON.parse(await promise), { version: 'v1', tick: 0, asked: 'yarn' });
  connection.close(1000);
  const response = await fetch(`http://${addresses.ticker}/`);
  assert.equal(response.status, 426);
  await response.body?.cancel();
});

test('ledger keeps balances and explains its protocol', async () => {
  const say = ['ADD a 5', 'ADD b 1', 'ADD a -2', 'GIVE ME ALL'];
  const heard = await converse(addresses.ledger, say, { serverSpeaksFirst: false, timeoutMs: 1000 });
  assert.deepEqual(heard, ['OK v1 5', 'OK v1 1', 'OK v1 3', 'ERR v1 say ADD <account> <cents>']);
});

test('greeter speaks before it is spoken to', async () => {
  const heard = await converse(addresses.greeter, ['ada', 'QUIT'], {
    serverSpeaksFirst: true,
    timeoutMs: 1000,
  });
  assert.deepEqual(heard, ['220 greeter v1 at your service', '250 v1 hello ada', '221 goodbye from v1']);
});

test('a conversation that ends early or falls silent is an error', async () => {
  const rude = await startLines(0, (socket) => socket.end('bye\n'));
  const silent = await startLines(0, () => {});
  running.push(rude, silent);
  const options = { serverSpeaksFirst: false, timeoutMs: 50 };
  await assert.rejects(converse(`127.0.0.1:${rude.port}`, ['a', 'b'], options), /closed after 1 of 2/);
  await assert.rejects(converse(`127.0.0.1:${silent.port}`, ['a'], options), /silent for 50 ms/);
});

test('a line without end closes the connection', async () => {
  const { host, port } = splitAddress(addresses.ledger);
  const socket = connect(port, host);
  socket.on('error', () => {});
  socket.write('x'.repeat(5000));
  await once(socket, 'close');
});

test('load calls every service and counts by version', async () => {
  const load = await startLoad({ version: 'v1', port: 0, addresses, perSecond: 80, print: () => {} });
  running.push(load);
  const expected = ['catalog v1', 'greeter v1', 'ledger v1', 'prices v7', 'ticker v1', 'web v1'];
  let report: Report;
  do {
    report = (await getJson(`127.0.0.1:${load.port}`, '/stats?seconds=30')) as unknown as Report;
  } while (report.lines.length < expected.length || report.lines.some((line) => line.calls < 5));
  assert.deepEqual(
    report.lines.map((line) => `${line.service} ${line.version}`),
    expected,
  );
  assert.deepEqual(
    report.lines.map((line) => line.lastError),
    expected.map(() => undefined),
  );
  assert.ok((report.totals['web']?.calls ?? 0) >= 5);
});

test('load counts what nobody answers as failures, with the reason', async () => {
  const load = await startLoad({
    version: 'v1',
    port: 0,
    addresses: nowhere,
    perSecond: 80,
    print: () => {},
  });
  running.push(load);
  let report: Report;
  do {
    report = (await getJson(`127.0.0.1:${load.port}`, '/stats')) as unknown as Report;
  } while (report.lines.length < 6);
  for (const line of report.lines) {
    assert.equal(line.version, '-');
    assert.equal(line.success, 0);
    assert.match(line.lastError ?? '', /ECONNREFUSED/, line.service);
  }
});

test('load refuses a window it cannot know', async () => {
  const load = await startLoad({ version: 'v1', port: 0, addresses, perSecond: 1, print: () => {} });
  running.push(load);
  for (const seconds of ['0', '31', 'x']) {
    const client = new JsonClient(`127.0.0.1:${load.port}`);
    assert.equal((await client.get(`/stats?seconds=${seconds}`)).status, 400);
    client.close();
  }
});

test('a role that leaves answers what is in flight and takes no new connection', async () => {
  const { promise: asked, resolve: askedNow } = Promise.withResolvers<void>();
  const { promise: release, resolve: releaseNow } = Promise.withResolvers<void>();
  const service = await startHttp(
    serveJson(async () => {
      askedNow();
      await release;
      return { body: { late: true } };
    }),
    0,
  );
  const client = new JsonClient(`127.0.0.1:${service.port}`);
  const answer = client.get('/');
  await asked;
  const closed = service.close();
  releaseNow();
  assert.deepEqual((await answer).body, { late: true });
  assert.equal((await answer).headers['connection'], 'close');
  await closed;
  await assert.rejects(client.get('/'), /ECONNREFUSED/);
  client.close();
});

test('readiness is withdrawn before a role leaves', async () => {
  const health = await startHealth(0);
  running.push(health);
  const client = new JsonClient(`127.0.0.1:${health.port}`);
  assert.equal((await client.get('/ready')).status, 200);
  health.leave();
  assert.equal((await client.get('/ready')).status, 503);
  assert.equal((await client.get('/')).status, 404);
  client.close();
});

test('an address is host:port, with IPv6 in brackets', () => {
  assert.deepEqual(splitAddress('web.shop.svc:80'), { host: 'web.shop.svc', port: 80 });
  assert.deepEqual(splitAddress('[fd00::1]:9000'), { host: 'fd00::1', port: 9000 });
  assert.throws(() => splitAddress('web'), /"web" is not host:port/);
});

test('every n-th request for items fails where it is told to, and is counted', async () => {
  const catalog = await start((options) => startCatalog({ ...options, failEvery: 3 }));
  const client = new JsonClient(catalog);
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await client.get('/items')).status);
  client.close();
  assert.deepEqual(statuses, [200, 200, 503, 200, 200, 503]);
  assert.deepEqual(await getJson(catalog, '/counts'), { answered: 6, failed: 2 });
});

test('a paused load sends nothing, and its totals are final', async () => {
  const load = await start((options) => startLoad({ ...options, perSecond: 200, print: () => {} }));
  const post = async (path: string): Promise<Report> => {
    const response = await fetch(`http://${load}${path}`, { method: 'POST' });
    return (await response.json()) as Report;
  };
  await post('/resume');
  while (((await (await fetch(`http://${load}/stats`)).json()) as Report).totals['catalog'] === undefined);
  const paused = await post('/pause');
  const again = await post('/pause');
  assert.deepEqual(again.totals, paused.totals);
  const { calls = 0, failures, versions } = paused.totals['catalog'] ?? {};
  assert.ok(calls > 0);
  assert.equal(failures, 0);
  assert.deepEqual(versions, { v1: calls });
});
