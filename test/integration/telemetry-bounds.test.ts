/**
 * However many different things pass a proxy, what it keeps of them is bounded: a flood of addresses outside of the mesh
 * and of status codes reaches the limits of the shared scope, which hold for all listeners together, and no further.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from '../bench/control-plane.ts';
import { signals } from '../../src/base/signals.ts';
import { seriesLimits } from '../../src/xds/translate/telemetry.ts';
import { type ProxyPair, startPair } from '../support/proxy-pair.ts';

let pair: ProxyPair;
let port = 0;
const application = createServer((incoming, response) => {
  const status = Number(incoming.url?.slice(1));
  response.writeHead(status).end();
});

const applicationPort = (): number => (application.address() as AddressInfo).port;

before(async () => {
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  pair = await startPair({ applicationPort: applicationPort() });
  port = pair.ports.http;
});

after(async () => {
  await pair.stop();
  application.closeAllConnections();
  application.close();
});

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
after(() => agent.destroy());

async function ask(status: number, at = port): Promise<void> {
  const outgoing = request({ host: '127.0.0.1', port: at, path: `/${status}`, agent });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  assert.equal(response.statusCode, status);
}

test('an application that answers with ever new statuses fills its proxies up to the limit', async () => {
  await ask(200);
  const before = memoryOf(pair.client.pid, 'RssAnon');
  const statuses = Array.from({ length: seriesLimits.maxHistograms + 100 }, (_, index) => 200 + index);
  const bodyless = new Set([204, 205, 304]);
  for (const status of statuses) if (!bodyless.has(status)) await ask(status);
  const asked = statuses.length - bodyless.size + 1;
  const counted = (all: readonly { readonly total: number }[]): number =>
    all.reduce((sum, { total }) => sum + total, 0);
  const series = await pair.client.until(
    signals.duration.client,
    (all) => all.length >= seriesLimits.maxHistograms,
  );
  assert.equal(series.length, seriesLimits.maxHistograms);
  assert.ok(counted(series) < asked, 'what is beyond the limit is not counted');
  // And what was there before still is.
  const known = (): number => counted(pair.client.series(signals.duration.client));
  const reached = known();
  await ask(200);
  await pair.client.until(signals.duration.client, () => known() === reached + 1);
  const grownMB = memoryOf(pair.client.pid, 'RssAnon') - before;
  assert.ok(grownMB < 16, `grew by ${grownMB.toFixed(1)} MB`);
});

test('connections are counted on, since their series have a limit of their own', async () => {
  const socket = connect(pair.ports.tcp, '127.0.0.1');
  socket.write('GET /200 HTTP/1.1\r\nhost: a\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await pair.client.until(signals.connections.client, (all) => all.length === 2);
});

test('series without news make room for others, and come back from where they were told last', async (t) => {
  const short = await startPair({ applicationPort: applicationPort(), evictAfter: '1s' });
  t.after(() => short.stop());
  const series = async (): Promise<number> =>
    (await (await fetch(`http://${short.client.admin}/stats/prometheus?filter=weft`)).text())
      .split('\n')
      .filter((line) => line.startsWith('envoy_weft_http_client_duration_count')).length;
  const total = (code: string): number =>
    short.client.series(signals.duration.client).find(({ tags }) => tags['code'] === code)?.total ?? 0;
  for (let index = 0; index < 5; index++) await ask(200 + index * 10, short.ports.http);
  await short.client.until(signals.duration.client, (all) => all.length === 5);
  assert.ok((await series()) > 0);
  while ((await series()) > 0) await sleep(100);
  await ask(200, short.ports.http);
  await short.client.until(signals.duration.client, () => total('200') === 2);
  assert.equal(await series(), 1);
});
