/** What comes of whole connections to Services with a TCPRoute or TLSRoutes, on the real Envoy. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as secureConnect } from 'node:tls';
import { RunningEnvoy } from './traffic.ts';
import { translateCase } from './translate.ts';

/** Tells its name and what the connection began with, TLS or not. */
async function startBackend(name: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data: Buffer) => socket.end(`${name} ${data[0] === 0x16 ? 'tls' : 'plain'}`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** What a TLS client begins with, as bytes: what comes back is not meant for it. */
async function clientHello(serverName: string): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  secureConnect({ port, host: '127.0.0.1', servername: serverName }).on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  server.close();
  return hello;
}

function objects(ports: readonly number[]): string {
  const service = (name: string, address: string): string => `
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: ${name} }
spec: { clusterIP: ${address}, clusterIPs: [${address}], ports: [{ name: tcp, port: 80 }] }`;
  const slices = ports.map(
    (port, index) => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: shop, name: v${index + 1}, labels: { kubernetes.io/service-name: v${index + 1} } }
addressType: IPv4
ports: [{ name: tcp, port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]`,
  );
  const route = (kind: string, name: string, parent: string, backends: string, hostnames = ''): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { namespace: shop, name: ${name}, generation: 1 }
spec:
  parentRefs: [{ group: '', kind: Service, name: ${parent} }]${hostnames}
  rules: [{ backendRefs: [${backends}] }]`;
  const [v1, v2] = ['{ name: v1, port: 80, weight: 3 }', '{ name: v2, port: 80, weight: 1 }'];
  return [
    `used: { shop/Pod/client: ['10.96.0.10:80', '10.96.0.11:80', '10.96.0.12:80'] }`,
    service('split', '10.96.0.10'),
    service('named', '10.96.0.11'),
    service('nowhere', '10.96.0.12'),
    service('v1', '10.96.0.21'),
    service('v2', '10.96.0.22'),
    ...slices,
    route('TCPRoute', 'split', 'split', `${v1}, ${v2}, { name: gone, port: 80, weight: 4 }`),
    route('TLSRoute', 'one', 'named', v1 ?? '', '\n  hostnames: [one.example]'),
    route('TLSRoute', 'two', 'named', v2 ?? '', "\n  hostnames: ['*.two.example']"),
    route('TCPRoute', 'nowhere', 'nowhere', '{ name: gone, port: 80 }'),
    `
apiVersion: v1
kind: Pod
metadata: { namespace: shop, name: client, annotations: { weft.dev/proxy: '{}' } }
status: { podIPs: [{ ip: 10.244.0.4 }] }`,
  ].join('\n---');
}

describe('the real Envoy, with whole connections as translated', () => {
  let servers: readonly Server[] = [];
  let envoy: RunningEnvoy;

  before(async () => {
    servers = [await startBackend('v1'), await startBackend('v2')];
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    envoy = await RunningEnvoy.start((await translateCase(objects(ports))).translation);
  });

  after(async () => {
    await envoy?.stop();
    for (const server of servers) server.close();
  });

  /** What the backend says, or nothing where the connection was refused. */
  async function call(destination: string, serverName?: string): Promise<string> {
    const first = serverName === undefined ? 'hello' : await clientHello(serverName);
    const socket = connect(envoy.portOf(`vl/${destination}`), '127.0.0.1');
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.write(first);
    await new Promise((resolve) => socket.on('close', resolve));
    return text;
  }

  test('shares connections by weight, and closes the share of a missing backend', async () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 400; i++) {
      const answer = await call('10.96.0.10:80');
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
    }
    const share = (answer: string): number => (counts.get(answer) ?? 0) / 400;
    assert.deepEqual([...counts.keys()].sort(), ['', 'v1 plain', 'v2 plain']);
    assert.ok(Math.abs(share('v1 plain') - 3 / 8) < 0.1, JSON.stringify([...counts]));
    assert.ok(Math.abs(share('v2 plain') - 1 / 8) < 0.07, JSON.stringify([...counts]));
  });

  test('goes by the server name, which a wildcard may stand for', async () => {
    assert.equal(await call('10.96.0.11:80', 'one.example'), 'v1 tls');
    assert.equal(await call('10.96.0.11:80', 'a.two.example'), 'v2 tls');
    assert.equal(await call('10.96.0.11:80', 'a.b.two.example'), 'v2 tls');
  });

  test('refuses server names that nobody serves, and what is not TLS', async () => {
    assert.equal(await call('10.96.0.11:80', 'two.example'), '');
    assert.equal(await call('10.96.0.11:80'), '');
  });

  test('closes every connection where no backend exists', async () => {
    assert.equal(await call('10.96.0.12:80'), '');
  });
});
