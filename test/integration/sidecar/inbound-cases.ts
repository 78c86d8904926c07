/** How the inbound side of a permissive workload takes connections whose first bytes come late, or never. */

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as secureConnect } from 'node:tls';
import { ensureBinary } from '../../../dev/cluster/binaries.ts';
import { healthPort, tcpAlpn } from '../../../src/base/names.ts';
import { injectPod, prepareInjection } from '../../../src/webhook/inject/inject.ts';
import { testContext, testPod } from '../../../src/webhook/inject/testing.ts';
import { detectionCluster } from '../../../src/xds/translate/cluster-internal.ts';
import { inbound, inboundDetection } from '../../../src/xds/translate/listener-inbound.ts';
import { secrets } from '../../../src/xds/translate/secret.ts';
import { testProfile } from '../../../src/xds/translate/testing.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';
import { control, podFacts, trustDomain, web } from './fixtures.ts';
import { startLateProxy } from './late-proxy.ts';
import { createPodNetwork, nodeAddress, podAddresses, type PodNetwork, until } from './namespaces.ts';
import { get, status } from './requests.ts';
import { type Sidecar, startSidecar } from './sidecar.ts';
import { greeting, talkerPorts } from './talkers.ts';

const envoy = await ensureBinary('envoy', (line) => console.error(line));
const host = podAddresses.v4;
const health = `http://${host}:${healthPort}`;

let network: PodNetwork;
let controlPlane: TestControlPlane;
let sidecar: Sidecar;

before(async () => {
  network = await createPodNetwork({ 'weft.weft-system.svc': nodeAddress });
  const application = network.start(0, [process.execPath, new URL('./talkers.ts', import.meta.url).pathname]);
  application.stderr?.pipe(process.stderr);
  await new Promise((resolve) => application.stdout?.once('data', resolve));
  const policy = { mode: 'Permissive', tcpPorts: [5432], httpPorts: [8080] } as const;
  controlPlane = await startControlPlane(`${nodeAddress}:15010`, control, {
    listener: [
      inbound('shop/Deployment/web', policy, trustDomain, testProfile),
      inboundDetection('shop/Deployment/web', policy, trustDomain, testProfile),
    ],
    cluster: [detectionCluster('shop/Deployment/web')],
    secret: secrets(),
  });
  controlPlane.open();
  const { pod } = injectPod(testPod(), prepareInjection(testContext()));
  sidecar = await startSidecar(pod, podFacts(host), web, network, envoy);
  await until(async () => (await status(`${health}/ready`)) === 200, 'readiness');
});

after(async () => {
  await sidecar?.stop();
  controlPlane?.close();
  network?.close();
});

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** Everything the socket gives until its other side is done. */
async function rest(socket: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

/** Calls as a proxy of the mesh that gets to its ClientHello only after a while. */
async function callLate(port: number, waitMs: number, alpn: string, request: string): Promise<string> {
  const socket = await connected(port);
  await delay(waitMs);
  const { key, chain: cert } = web;
  const secure = secureConnect({
    socket,
    key,
    cert,
    rejectUnauthorized: false,
    servername: `p${port}.web.shop.weft`,
    ALPNProtocols: [alpn],
  });
  secure.write(request);
  return rest(secure);
}

const getRequest = 'GET /late HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n';

/** A statistic of the proxy, summed over its labels. */
async function statistic(name: string, label = ''): Promise<number> {
  const { body } = await get(`${health}/metrics`);
  const lines = body.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

suite('The inbound side of a permissive workload', { timeout: 30_000 }, () => {
  for (const waitMs of [300, 2_000]) {
    test(`takes mutual TLS that begins after ${waitMs} ms on a port of HTTP`, async () => {
      assert.match(await callLate(talkerPorts.http, waitMs, 'http/1.1', getRequest), /GET \/late$/);
      assert.equal(await statistic('envoy_listener_downstream_pre_cx_timeout', '15006'), 0);
    });

    test(`takes plaintext HTTP that begins after ${waitMs} ms on a port of HTTP as what it is`, async () => {
      const earlier = await statistic('envoy_http_downstream_rq_total', 'inbound-plain');
      const socket = await connected(talkerPorts.http);
      await delay(waitMs);
      socket.write(getRequest);
      assert.match(await rest(socket), /GET \/late$/);
      assert.equal(await statistic('envoy_http_downstream_rq_total', 'inbound-plain'), earlier + 1);
    });
  }

  test('takes opaque mutual TLS on a port of HTTP, and any TLS on other ports, while it waits for neither', async () => {
    assert.match(await callLate(talkerPorts.http, 0, tcpAlpn, getRequest), /GET \/late$/);
    for (const port of talkerPorts.greeter) assert.equal(await callLate(port, 0, tcpAlpn, ''), greeting);
  });

  test('is called again by a proxy whose handshake came too late for a port that nobody knows', async () => {
    const target = { host, port: talkerPorts.greeter[1] };
    const late = await startLateProxy(envoy, web, target);
    try {
      late.delayNext(500);
      const socket = connect(late.port, '127.0.0.1');
      assert.equal(await rest(socket), greeting);
      assert.equal(late.connections(), 2);
    } finally {
      late.stop();
    }
  });

  for (const port of talkerPorts.greeter) {
    test(`lets the server speak first to a plain client on port ${port}`, async () => {
      const socket = await connected(port);
      assert.equal(await rest(socket), greeting);
      socket.destroy();
    });
  }

  test('passes on to the application that a plain client will send no more, and the answer to that', async () => {
    const socket = await connected(talkerPorts.counter);
    socket.write('twelve bytes');
    await delay(400);
    socket.end();
    assert.equal(await rest(socket), '12\n');
  });

  test('counts plain connections apart from those of the mesh, whichever listener they took', async () => {
    const plain = 'envoy_tcp_prefix="inbound-plain"';
    const mesh = 'envoy_tcp_prefix="inbound-mesh"';
    const name = 'envoy_tcp_downstream_cx_total';
    const before = [await statistic(name, plain), await statistic(name, mesh)] as const;
    const socket = await connected(talkerPorts.greeter[0]);
    assert.equal(await rest(socket), greeting);
    assert.equal(await callLate(talkerPorts.greeter[0], 0, tcpAlpn, ''), greeting);
    assert.deepEqual(
      [await statistic(name, plain), await statistic(name, mesh)],
      [before[0] + 1, before[1] + 1],
    );
  });

  test('tells the application whom a connection that was handed over came from', async () => {
    const answer = await callLate(talkerPorts.whoami, 0, 'http/1.1', getRequest);
    assert.match(answer, /URI=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web/);
  });

  test('has nothing to complain of in its log', () => {
    assert.equal(sidecar.log(), '');
  });
});
