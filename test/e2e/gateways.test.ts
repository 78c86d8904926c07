import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { createTestAuthority, type TestCertificate } from '../support/pki.ts';
import { Connections, type Outcome, perform } from './app/calls.ts';
import { Load } from './app/load.ts';
import {
  answerOf,
  createNamespace,
  createService,
  deployApp,
  isReady,
  kinds,
  type Manifest,
  type Pod,
  put,
} from './apps.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { patientContainer } from './steady.ts';

const namespace = 'gateways';
const gateway = { ...kinds.httpRoute, plural: 'gateways', kind: 'Gateway' };
const configMap = { ...kinds.service, plural: 'configmaps', kind: 'ConfigMap' };
const authority = createTestAuthority();
let mesh: TestMesh;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

type Gateway = Manifest & {
  readonly status?: {
    readonly addresses?: readonly { readonly value: string }[];
    readonly conditions?: readonly Condition[];
  };
};

const http = { name: 'http', port: 80, protocol: 'HTTP' };
const https = {
  name: 'https',
  port: 443,
  protocol: 'HTTPS',
  hostname: 'shop.example',
  tls: { certificateRefs: [{ name: 'shop' }] },
};

function putGateway(name: string, spec: Readonly<Record<string, unknown>>): Promise<Manifest> {
  return put(mesh.api, gateway, {
    metadata: { name, namespace },
    spec: { gatewayClassName: 'weft', ...spec },
  });
}

/** Waits until Programmed is as wanted, for the generation that is there now. */
async function programmed(name: string, wanted: (condition: Condition) => boolean): Promise<Gateway> {
  let seen = 'nothing';
  const ask = async (): Promise<Gateway | undefined> => {
    const found = (await mesh.api.get(gateway, name, namespace)) as Gateway | undefined;
    seen = JSON.stringify(found?.status ?? null);
    const condition = found?.status?.conditions?.find(({ type }) => type === 'Programmed');
    if (condition?.observedGeneration !== found?.metadata.generation) return undefined;
    return condition !== undefined && wanted(condition) ? found : undefined;
  };
  return until(`Programmed of ${name}`, ask, 90_000, () => seen);
}

async function addressOf(name: string): Promise<string> {
  const { status } = await programmed(name, (condition) => condition.status === 'True');
  const address = status?.addresses?.[0]?.value;
  assert.ok(address !== undefined, JSON.stringify(status));
  return address;
}

function pods(name: string): Promise<readonly Pod[]> {
  const labelSelector = `gateway.networking.k8s.io/gateway-name=${name}`;
  return mesh.api.list<Pod>(kinds.pod, { namespace, labelSelector });
}

/** From outside the cluster, on a connection of its own. */
async function call(url: string): Promise<Outcome> {
  const connections = new Connections(false);
  try {
    return await perform({ kind: 'http', url, keepAlive: false }, connections);
  } finally {
    connections.close();
  }
}

function putCertificate(name: string, { key, cert }: TestCertificate): Promise<Manifest> {
  const data = {
    'tls.crt': Buffer.from(cert).toString('base64'),
    'tls.key': Buffer.from(key).toString('base64'),
  };
  return put(mesh.api, kinds.secret, { metadata: { name, namespace }, type: 'kubernetes.io/tls', data });
}

/** A verified connection to the HTTPS listener; resolves with the serial number of what it shows. */
function handshake(address: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: address, port: 443, servername: 'shop.example', ca: authority.ca, ALPNProtocols: ['http/1.1'] },
      () => resolve(socket),
    );
    socket.once('error', reject);
  });
}

async function serialOf(address: string): Promise<string> {
  const socket = await handshake(address);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

suite('a gateway', () => {
  before(async () => {
    mesh = await useMesh();
    await createNamespace(mesh.api, namespace, true);
    await createService(mesh.api, namespace, 'server');
    await deployApp(mesh, namespace, { name: 'server', podSpec: { containers: [patientContainer(mesh)] } });
    await put(mesh.api, kinds.mutualTLSPolicy, {
      metadata: { name: 'strict', namespace },
      spec: { mode: 'Strict' },
    });
    await putCertificate('shop', authority.issue('DNS:shop.example'));
    await putGateway('edge', { listeners: [http, https] });
    await put(mesh.api, kinds.httpRoute, {
      metadata: { name: 'edge', namespace },
      spec: { parentRefs: [{ name: 'edge' }], rules: [{ backendRefs: [{ name: 'server', port: 80 }] }] },
    });
  });
  after(() => authority.remove());

  test('reaches backends of the mesh by mutual TLS, with an identity of its own', async () => {
    const address = await addressOf('edge');
    const outcome = await until('an answer', async () => {
      const one = await call(`http://${address}/hello`);
      return one.ok ? one : undefined;
    });
    const { name, path, headers } = answerOf(outcome);
    assert.match(name, /^server-/);
    assert.equal(path, '/hello');
    // The server takes nothing but mutual TLS, and says whose certificate it saw.
    assert.match(
      headers['x-forwarded-client-cert'] ?? '',
      /URI=spiffe:\/\/cluster\.local\/ns\/gateways\/sa\/edge-weft/,
    );
  });

  test('serves HTTPS with the certificate of a Secret, and follows it when it is replaced', async () => {
    const address = await addressOf('edge');
    const before = await serialOf(address);
    const held = await handshake(address);
    await putCertificate('shop', authority.issue('DNS:shop.example'));
    await until('the new certificate', async () => ((await serialOf(address)) === before ? undefined : true));
    // Who is connected stays connected.
    const answer = new Promise<string>((resolve) => held.once('data', (data) => resolve(data.toString())));
    held.write('GET /held HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n');
    assert.match(await answer, /^HTTP\/1\.1 200 /);
    held.destroy();
  });

  test('a changed listener changes the Service and no pod', async () => {
    const names = async (): Promise<readonly string[]> =>
      (await pods('edge')).map(({ metadata }) => metadata.name);
    const before = await names();
    const address = await addressOf('edge');
    await putGateway('edge', { listeners: [http, { ...http, name: 'more', port: 8080 }, https] });
    await programmed('edge', (condition) => condition.status === 'True');
    await until('an answer at the new port', async () =>
      (await call(`http://${address}:8080/`)).ok ? true : undefined,
    );
    assert.deepEqual(await names(), before);
  });

  test('a rolling update under load loses no request', async () => {
    const address = await addressOf('edge');
    const url = `http://${address}/`;
    // Connections that are kept, one for each request, and one for all of them.
    const loads = [
      new Load({ kind: 'http', url }, 50),
      new Load({ kind: 'http', url, keepAlive: false }, 50),
      new Load({ kind: 'h2', url }, 50),
    ];
    try {
      await until('the load flows', async () =>
        loads.every((load) => load.report().done > 50) ? true : undefined,
      );
      const replaced = new Set((await pods('edge')).map(({ metadata }) => metadata.name));
      await putGateway('edge', {
        listeners: [http, https],
        infrastructure: { annotations: { 'test/generation': 'two' } },
      });
      await until(
        'all pods are new',
        async () => {
          const all = await pods('edge');
          return all.every((pod) => isReady(pod) && !replaced.has(pod.metadata.name)) && all.length > 0
            ? true
            : undefined;
        },
        120_000,
      );
      const sent = loads.map((load) => load.report().sent);
      await until('the load flows on', async () =>
        loads.every((load, index) => load.report().sent > (sent[index] ?? 0) + 50) ? true : undefined,
      );
    } finally {
      await Promise.all(loads.map((load) => load.stop()));
    }
    for (const load of loads) {
      const report = load.report();
      assert.equal(report.failed, 0, JSON.stringify(report));
      assert.equal(report.done, report.sent);
    }
  });

  test('static addresses are used, and one that cannot be had is told', async () => {
    const { staticAddress, refusedAddress } = mesh.cluster;
    await putGateway('fixed', { listeners: [http], addresses: [{ value: refusedAddress }] });
    await programmed('fixed', ({ status, reason }) => status === 'False' && reason === 'AddressNotUsable');
    await putGateway('fixed', { listeners: [http], addresses: [{ value: staticAddress }] });
    assert.equal(await addressOf('fixed'), staticAddress);
  });

  test('parameters are carried out, and wrong ones change nothing', async () => {
    const replicas = async (): Promise<number | undefined> => {
      const found = (await mesh.api.get(kinds.deployment, 'edge-weft', namespace)) as
        | (Manifest & { readonly spec?: { readonly replicas?: number } })
        | undefined;
      return found?.spec?.replicas;
    };
    const set = (data: Readonly<Record<string, string>>): Promise<Manifest> =>
      put(mesh.api, configMap, { metadata: { name: 'edge', namespace }, data });
    await set({ replicas: '2' });
    await putGateway('edge', {
      listeners: [http, https],
      infrastructure: { parametersRef: { group: '', kind: 'ConfigMap', name: 'edge' } },
    });
    await until('two proxies', async () => ((await replicas()) === 2 ? true : undefined));
    await programmed('edge', (condition) => condition.status === 'True');
    await set({ replicas: 'three' });
    const { status } = await programmed('edge', (condition) => condition.status === 'False');
    const accepted = status?.conditions?.find(({ type }) => type === 'Accepted');
    assert.equal(accepted?.reason, 'InvalidParameters');
    assert.match(accepted?.message ?? '', /WEFT-GW-01.*replicas/);
    assert.equal(await replicas(), 2);
    assert.ok((await call(`http://${status?.addresses?.[0]?.value}/`)).ok, 'what runs goes on');
  });

  test('that is deleted takes everything with it', async () => {
    for (const name of ['edge', 'fixed']) await mesh.api.delete(gateway, name, namespace);
    for (const type of [kinds.deployment, kinds.service, kinds.serviceAccount, kinds.pod]) {
      await until(`no ${type.kind} is left`, async () => {
        const labelSelector = 'gateway.networking.k8s.io/gateway-name';
        const left = await mesh.api.list(type, { namespace, labelSelector });
        return left.length === 0 ? true : undefined;
      });
    }
  });
});
