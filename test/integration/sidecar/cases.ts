/** What the sidecar of one pod does, asked from the node as the kubelet and from peers of the mesh. */

import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { createServer, type Server } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { ensureBinary } from '../../../dev/cluster/binaries.ts';
import { controlPort, healthPort, inboundPort, outboundPort } from '../../../src/base/names.ts';
import { injectPod, prepareInjection } from '../../../src/webhook/inject/inject.ts';
import type { PodLike } from '../../../src/webhook/inject/restore.ts';
import { testContext, testDrainWord, testPod } from '../../../src/webhook/inject/testing.ts';
import { inbound } from '../../../src/xds/translate/listener-inbound.ts';
import { outbound } from '../../../src/xds/translate/listener-outbound.ts';
import { unknownDestination } from '../../../src/xds/translate/on-demand.ts';
import { secrets } from '../../../src/xds/translate/secret.ts';
import { testProfile } from '../../../src/xds/translate/testing.ts';
import { applicationPorts, type SeenRequest } from './application.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';
import {
  authority,
  control,
  inlineSecrets,
  pod,
  podFacts,
  selfSigned,
  trustDomain,
  web,
} from './fixtures.ts';
import { createPodNetwork, nodeAddress, podAddresses, type PodNetwork, until } from './namespaces.ts';
import { dial, get, secureGet, status } from './requests.ts';
import { type Sidecar, startSidecar } from './sidecar.ts';

const envoy = await ensureBinary('envoy', (line) => console.error(line));
const outside = { ...testContext().settings, meshCIDRs: ['10.99.0.0/24', 'fd99::/64'] };
/** The application's remote control, which the packet rules leave alone. */
async function command(path: string): Promise<void> {
  await get(`http://${podAddresses.v4}:${applicationPorts.control}${path}`);
}

/** What the application saw on a port of what `action` asked. */
async function seenBy(port: number, action: () => Promise<unknown>): Promise<SeenRequest> {
  const known = seen.length;
  await action();
  const find = (): SeenRequest | undefined => seen.slice(known).findLast((one) => one.port === port);
  await until(async () => find() !== undefined, `a request on port ${port}`);
  return find() as SeenRequest;
}

let network: PodNetwork;
const seen: SeenRequest[] = [];

before(async () => {
  network = await createPodNetwork({ 'weft.weft-system.svc': nodeAddress });
  const file = new URL('./application.ts', import.meta.url).pathname;
  const { key, certificate } = selfSigned();
  const application = network.start(0, [process.execPath, file, key, certificate]);
  let partial = '';
  application.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (partial + chunk).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) seen.push(JSON.parse(line) as SeenRequest);
  });
  application.stderr?.pipe(process.stderr);
  await until(async () => seen.length > 0, 'the start of the application');
});

after(() => network.close());

for (const [family, address] of Object.entries(podAddresses)) {
  const host = family === 'v6' ? `[${address}]` : address;
  suite(`The sidecar of a pod with an ${family === 'v6' ? 'IPv6' : 'IPv4'} address`, () => {
    const health = `http://${host}:${healthPort}`;
    let controlPlane: TestControlPlane;
    let sidecar: Sidecar;
    let injected: PodLike;
    const destination = family === 'v6' ? '[fd99::1]:7000' : `${nodeAddress}:7000`;
    let greeter: Server;

    before(async () => {
      greeter = createServer((socket) => socket.end('hello')).listen(7000, '::');
      const policy = { mode: 'Strict', tcpPorts: [], httpPorts: [] } as const;
      controlPlane = await startControlPlane(`${nodeAddress}:15010`, control, {
        listener: [inbound('shop/Deployment/web', policy, trustDomain, testProfile), outbound(outside)],
        cluster: [unknownDestination(destination, 'Allow')],
        secret: secrets(),
      });
      injected = injectPod(pod, prepareInjection(testContext())).pod;
      sidecar = await startSidecar(injected, podFacts(address), web, network, envoy);
    });
    after(async () => {
      await sidecar.stop();
      controlPlane.close();
      greeter.close();
    });

    test('is not ready, and answers no probe, while the control plane is silent', async () => {
      await until(async () => controlPlane.requests.length > 0, 'the first request');
      assert.equal(await status(`${health}/ready`), 0);
      controlPlane.open();
      await until(async () => (await status(`${health}/ready`)) === 200, 'readiness');
    });

    test('tells the control plane which pod it is', () => {
      const node = controlPlane.requests[0]?.node;
      assert.match(node?.id ?? '', /^shop\/web-1\/[0-9a-f-]{36}$/);
      assert.equal(node?.cluster, 'web.shop');
    });

    test('passes an HTTP probe on as the kubelet sent it, on the application’s own path', async () => {
      const asked = injected.spec?.containers[0]?.livenessProbe?.httpGet;
      assert.equal(asked?.port, healthPort);
      const sent = { 'X-Probe': 'yes', 'User-Agent': 'kube-probe/1.37' };
      const { url, headers, peer } = await seenBy(applicationPorts.http, async () => {
        const answer = await get(`${health}${asked.path}`, sent);
        assert.deepEqual([answer.status, answer.body], [200, 'hello']);
      });
      assert.equal(url, '/live$(POD_IP)$$?verbose=1&x=%20y');
      assert.deepEqual(headers, {
        host: `${host}:${healthPort}`,
        'x-probe': 'yes',
        'user-agent': 'kube-probe/1.37',
        'x-forwarded-proto': 'http',
      });
      assert.equal(peer.replace('::ffff:', ''), address);
    });

    test('keeps the Host header that a probe names', async () => {
      const { headers } = await seenBy(applicationPorts.http, () =>
        get(`${health}/probe/web/liveness`, { Host: 'shop.example:8443' }),
      );
      assert.equal(headers['host'], 'shop.example:8443');
    });

    test('asks an HTTPS probe over TLS without verifying the certificate', async () => {
      const { url } = await seenBy(applicationPorts.https, async () => {
        assert.equal(await status(`${health}/probe/tls/liveness`), 200);
      });
      assert.equal(url, '/tls');
    });

    test('passes an HTTP hook on', async () => {
      const { url } = await seenBy(applicationPorts.http, async () => {
        assert.equal(await status(`${health}/probe/web/postStart`), 200);
      });
      assert.equal(url, '/started');
    });

    test('shows a redirect as the success it is, without a place to go to', async () => {
      const answer = await get(`${health}/probe/tls/readiness`);
      assert.equal(answer.status, 302);
      assert.equal(answer.headers['location'], undefined);
    });

    test('gives up when the probe’s own timeout is over', async () => {
      assert.equal(await status(`${health}/probe/tls/startup`), 504);
    });

    test('tells whether the port of a TCP probe is open', async () => {
      const url = `${health}/probe/web/startup`;
      assert.equal(await status(url), 503);
      await command('/tcp/open');
      await until(async () => (await status(url)) === 200, 'the open port');
      await command('/tcp/close');
      await until(async () => (await status(url)) === 503, 'the closed port');
    });

    test('tells what the application says to a gRPC probe of its service', async () => {
      const url = `${health}/probe/web/readiness`;
      assert.equal(await status(url), 503);
      await command('/grpc/up');
      const { url: service } = await seenBy(applicationPorts.grpc, () =>
        until(async () => (await status(url)) === 200, 'the serving service'),
      );
      assert.equal(service, 'shop');
      await command('/grpc/down');
      await until(async () => (await status(url)) === 503, 'the stopped service');
    });

    test('serves metrics, among them its certificates’ expiry, and nothing else of the admin interface', async () => {
      const { status: code, body } = await get(`${health}/metrics`);
      assert.equal(code, 200);
      assert.match(body, /^envoy_server_live\{\} 1$/m);
      assert.match(body, /^envoy_cluster_upstream_cx_total\{envoy_cluster_name="xds"\} \d+$/m);
      assert.match(body, /certificate.*expiration_unix_time_seconds/);
      for (const path of ['/stats', '/quitquitquit', '/config_dump', '/drain_listeners', '/drain/', '/']) {
        assert.equal(await status(health + path), 404, path);
      }
    });

    test('refuses plaintext from outside the mesh under strict mutual TLS', async () => {
      assert.equal(await status(`http://${host}:${applicationPorts.http}/`), 0);
    });

    test('passes mutual TLS of the mesh on to the application, with the caller’s identity', async () => {
      const { headers, peer } = await seenBy(applicationPorts.http, async () => {
        const answer = await secureGet(`https://${host}:${applicationPorts.http}/mesh`, web, {
          servername: `p${applicationPorts.http}.web.shop.weft`,
        });
        assert.deepEqual([answer.status, answer.body], [200, 'hello']);
      });
      assert.match(
        headers['x-forwarded-client-cert'] ?? '',
        /URI=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web/,
      );
      assert.equal(peer.replace('::ffff:', ''), address);
    });

    test('counts what it did: handshakes, requests by class, and how long they took', async () => {
      const { body } = await get(`${health}/metrics`);
      assert.match(body, /^envoy_listener_ssl_handshake\{envoy_listener_address="\[__\]_15006"\} 1$/m);
      const inbound2xx = 'envoy_response_code_class="2",envoy_http_conn_manager_prefix="inbound-mesh"';
      assert.ok(body.includes(`envoy_http_downstream_rq_xx{${inbound2xx}} 1\n`));
      assert.match(body, /^envoy_cluster_upstream_rq_active\{envoy_cluster_name="xds"\} 1$/m);
      // Histograms of the worker threads are put together every five seconds.
      const times = /^envoy_cluster_upstream_rq_time_count\{envoy_cluster_name="inbound-app"\} 1$/m;
      await until(async () => times.test((await get(`${health}/metrics`)).body), 'the histogram');
    });

    test('lets the control plane in at the control port, and nobody else', async () => {
      const at = `https://${host}:${controlPort}`;
      assert.equal((await secureGet(`${at}/stats?filter=server.live`, control)).body, 'server.live: 1\n');
      assert.equal((await secureGet(`${at}/certs`, control)).status, 200);
      const dump = await secureGet(`${at}/config_dump`, control);
      assert.equal(dump.status, 200);
      const [, secret = ''] = control.key.split('\n');
      assert.ok(secret.length > 40);
      for (const owned of [control, web]) assert.ok(!dump.body.includes(owned.key.split('\n')[1] ?? ''));
      assert.equal((await secureGet(`${at}/quitquitquit`, control)).status, 403);
      await assert.rejects(secureGet(`${at}/ready`, web), { code: /CERTIFICATE_UNKNOWN|ECONNRESET/ });
      await assert.rejects(secureGet(`${at}/ready`, { ...web, key: '', chain: '' }));
    });

    test('asks for an address of the mesh that the application calls for the first time', async () => {
      const asked = (): boolean =>
        controlPlane.requests.some(({ resourceNamesSubscribe }) =>
          resourceNamesSubscribe.includes(`vip/${destination}`),
        );
      assert.equal(asked(), false);
      const target = family === 'v6' ? 'fd99::1' : nodeAddress;
      assert.equal(await network.run(0, dial(target, 7000)), 'hello\n');
      assert.equal(asked(), true);
      assert.equal(await network.run(0, dial(target, 7000)), 'hello\n');
    });

    test('cannot be made to call itself through its capture ports', async () => {
      assert.equal(await status(`http://${host}:${inboundPort}/`), 0);
      const mesh = { servername: `p${outboundPort}.web.shop.weft` };
      assert.equal((await secureGet(`https://${host}:${outboundPort}/`, web, mesh)).status, 503);
      assert.equal(await network.run(0, dial('127.0.0.1', inboundPort)), 'ECONNREFUSED\n');
    });

    test('leaves an excluded port alone', async () => {
      assert.equal(await status(`http://${host}:${applicationPorts.control}/grpc/down`), 200);
    });

    test('tells open connections to close once the drain hook has run, and still serves new ones', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const url = `https://${host}:${applicationPorts.http}/drain`;
      const options = { servername: `p${applicationPorts.http}.web.shop.weft`, agent };
      try {
        assert.notEqual((await secureGet(url, web, options)).headers['connection'], 'close');
        const hook = injected.spec?.initContainers?.[1]?.lifecycle?.preStop?.httpGet;
        assert.equal(hook?.path, `/drain/${testDrainWord}`);
        assert.equal(await status(`${health}${hook.path}`), 200);
        assert.equal((await secureGet(url, web, options)).headers['connection'], 'close');
        assert.equal((await secureGet(url, web, options)).status, 200);
        assert.equal(await status(`${health}/ready`), 200);
      } finally {
        agent.destroy();
      }
    });

    test('has nothing to complain of in its log', () => {
      assert.equal(sidecar.log(), '');
    });
  });
}

suite('The sidecar on a cluster without pod certificates', () => {
  let controlPlane: TestControlPlane;
  let sidecar: Sidecar;

  before(async () => {
    controlPlane = await startControlPlane(`${nodeAddress}:15010`, control, {
      listener: [
        inbound(
          'shop/Deployment/web',
          { mode: 'Strict', tcpPorts: [], httpPorts: [] },
          trustDomain,
          testProfile,
        ),
      ],
      secret: inlineSecrets(web),
    });
    controlPlane.open();
    const context = testContext({ identity: 'sds', trustRoots: authority.trustBundle });
    const limited = { annotations: { 'proxy.weft.dev/memory-limit': '256Mi' } };
    const injected = injectPod(testPod({ metadata: limited }), prepareInjection(context)).pod;
    const facts = podFacts(podAddresses.v4);
    sidecar = await startSidecar(injected, facts, { ...web, key: '', chain: '', trust: '' }, network, envoy);
    const health = `http://${podAddresses.v4}:${healthPort}`;
    await until(async () => (await status(`${health}/ready`)) === 200, 'readiness');
  });
  after(async () => {
    await sidecar.stop();
    controlPlane.close();
  });

  test('shows the pod’s token to the control plane', () => {
    assert.deepEqual(controlPlane.authorizations, ['Bearer a-token']);
  });

  test('speaks mutual TLS with the certificate it was sent', async () => {
    const mesh = { servername: `p${applicationPorts.http}.web.shop.weft` };
    const answer = await secureGet(`https://${podAddresses.v4}:${applicationPorts.http}/`, web, mesh);
    assert.equal(answer.status, 200);
    const stats = await secureGet(
      `https://${podAddresses.v4}:${controlPort}/stats?filter=server.live`,
      control,
    );
    assert.equal(stats.body, 'server.live: 1\n');
  });

  test('watches its heap where it has a memory limit', async () => {
    const { body } = await secureGet(
      `https://${podAddresses.v4}:${controlPort}/stats?filter=fixed_heap`,
      control,
    );
    assert.match(body, /overload\.envoy\.resource_monitors\.fixed_heap\.pressure: \d+/);
  });

  test('has nothing to complain of in its log', () => {
    assert.equal(sidecar.log(), '');
  });
});
