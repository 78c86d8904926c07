/**
 * The API behind a real API server: it finds the control plane by the APIService, passes questions on as whoever asks,
 * and RBAC decides. The control plane's replicas are played by two servers of this process, each with a store of its own.
 */

import assert from 'node:assert/strict';
import { request } from 'node:https';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { type ApiServer, ensureBinary, startApiServer } from '../../dev/cluster/cluster.ts';
import { type CommandResult, run, tryRun } from '../../dev/command.ts';
import { wait } from '../../src/base/backoff.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { apiPort } from '../../src/base/names.ts';
import { observeBase } from '../../src/base/observe.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { type ApiService, wantedApiService } from '../../src/controllers/api-service-objects.ts';
import { certificatesIn } from '../../src/dashboard/client-certificate.ts';
import { frontProxyConfigMap, parseFrontProxy } from '../../src/dashboard/front-proxy.ts';
import { Peers } from '../../src/dashboard/peers.ts';
import type { ApiResource } from '../../src/dashboard/resources.ts';
import { type ApiServer as Api, createApiServer } from '../../src/dashboard/server.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { apiServices, clusterRoles, configMaps } from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { UserReviewer } from '../../src/kube/user-review.ts';

const identity = 'spiffe://cluster.local/ns/weft-system/sa/weft';
const authority = new Authority(testMaterial(systemClock), systemClock);
const certificate = authority.issueServing({
  dnsNames: ['weft.weft-system.svc'],
  uri: identity,
  lifetimeMs: 3_600_000,
});
const group = 'observe.weft.dev';
const things = `${observeBase}/stat`;
const inShop = `${observeBase}/namespaces/shop/stat`;

let cluster: ApiServer;
let kubectl = '';
let api: KubeClient;
let port = 0;
let deadPort = 0;
const replicas: Api[] = [];
let peers: Peers;

/** An address of this machine that endpoints may have: loopback ones they may not. */
function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  assert.ok(found !== undefined, 'this machine has an address besides loopback');
  return found.address;
}

async function startReplica(resource: ApiResource): Promise<number> {
  const { data } =
    (await api.get<KubeObject & { data: Record<string, string> }>(
      configMaps,
      frontProxyConfigMap.name,
      frontProxyConfigMap.namespace,
    )) ?? {};
  const frontProxy = parseFrontProxy(data ?? {});
  assert.ok(frontProxy !== undefined, 'the API server has an aggregation layer');
  const users = new UserReviewer({ api });
  const server = createApiServer({
    groups: [{ group, version: 'v1alpha1', resources: [resource] }],
    peerMethods: { names: () => ({ kind: 'json', body: ['bank', 'zoo'] }) },
    authentication: {
      frontProxy: () => frontProxy,
      userOfToken: (token) => users.user(token),
      self: () => ({ identity, authorities: certificatesIn(authority.trustBundle) }),
      nowMs: Date.now,
    },
    mayAccess: (user, access) => users.mayAccess(user, access),
    staticFile: () => undefined,
    tls: {
      key: certificate.key,
      cert: certificate.chain,
      ca: `${authority.trustBundle}\n${frontProxy.authorities}`,
    },
    log: silent,
  });
  replicas.push(server);
  return server.listen('0.0.0.0', 0);
}

/** Tells the namespaces that its asker may see, of those that this replica and the others know. */
const names: ApiResource = {
  name: 'stat',
  kind: 'Names',
  verbs: ['list'],
  scope: 'both',
  partly: true,
  answer: async ({ scoped }) => {
    const { answers, gaps } = await peers.collect('names', () => ['shop'], { deadlineMs: 2_000 });
    const known = [...new Set(answers.flatMap(({ answer }) => answer))];
    return {
      kind: 'json',
      body: await scoped((scope) => ({ gaps, names: known.filter((name) => scope.mayRead(name)) })),
    };
  },
};

function raw(path: string, ...options: readonly string[]): Promise<CommandResult> {
  return tryRun([kubectl, '--kubeconfig', cluster.kubeconfigPath, 'get', '--raw', path, ...options]);
}

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    assert.ok(performance.now() < deadlineMs, `${what}: not within 30 s`);
    await wait(100);
  }
}

/** Straight at the control plane, as from inside the cluster. */
function direct(path: string, options: { headers?: Record<string, string>; cert?: string; key?: string }) {
  return new Promise<{ status: number; body: any }>((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        servername: 'weft.weft-system.svc',
        ca: authority.trustBundle,
        agent: false,
        ...options,
      },
      (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(body) }),
          reject,
        );
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

before(async () => {
  kubectl = await ensureBinary('kubectl', console.error);
  cluster = await startApiServer({ withControllers: true, log: console.error });
  api = createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
  for (const name of ['weft-system', 'shop', 'bank', 'doomed']) {
    await run([kubectl, '--kubeconfig', cluster.kubeconfigPath, 'create', 'namespace', name]);
  }
  peers = new Peers({
    self: 'weft-0',
    port: 0,
    others: () => [],
    tls: () => ({
      key: certificate.key,
      cert: certificate.chain,
      ca: authority.trustBundle,
      serverName: 'weft.weft-system.svc',
      identity,
    }),
    log: silent,
  });
  port = await startReplica(names);
  deadPort = await startReplica(names);
  peers = new Peers({
    self: 'weft-0',
    port: deadPort,
    others: () => [{ name: 'weft-1', address: '127.0.0.1' }],
    tls: () => ({
      key: certificate.key,
      cert: certificate.chain,
      ca: authority.trustBundle,
      serverName: 'weft.weft-system.svc',
      identity,
    }),
    log: silent,
  });
  const role = await api.create<KubeObject>(clusterRoles, { metadata: { name: 'weft-webhooks' } });
  const metadata = { namespace: 'weft-system', name: 'weft' };
  await api.request('POST', '/api/v1/namespaces/weft-system/services', {
    body: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ name: 'https-api', port: apiPort, targetPort: port }] },
    },
  });
  await api.request('POST', '/apis/discovery.k8s.io/v1/namespaces/weft-system/endpointslices', {
    body: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'weft' } },
      addressType: 'IPv4',
      ports: [{ name: 'https-api', port, protocol: 'TCP' }],
      endpoints: [{ addresses: [hostAddress()], conditions: { ready: true } }],
    },
  });
  const wanted = wantedApiService(`v1alpha1.${group}`, {
    namespace: 'weft-system',
    serviceName: 'weft',
    trustBundle: authority.trustBundle,
    owner: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      name: 'weft-webhooks',
      uid: role.metadata.uid ?? '',
    },
  });
  assert.ok(wanted !== undefined);
  await api.apply<ApiService>(apiServices, wanted, { fieldManager: 'test', force: true });
  await until('the API is served', async () => ((await raw(things)).code === 0 ? true : undefined));
});

after(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  peers?.close();
  await cluster?.stop();
});

suite('Behind a real API server', () => {
  test('an administrator sees everything, of all replicas', async () => {
    const { stdout } = await raw(things);
    assert.deepEqual(JSON.parse(stdout), { gaps: [], names: ['shop', 'bank', 'zoo'] });
  });

  test('somebody sees the namespaces in which RBAC lets them, and in no other way', async () => {
    const rules = ['--verb=get,list', `--resource=stat.${group}`];
    const grant = [kubectl, '--kubeconfig', cluster.kubeconfigPath];
    await run([...grant, 'create', 'clusterrole', 'looker', ...rules]);
    await run([
      ...grant,
      'create',
      'rolebinding',
      'jane',
      '-n',
      'shop',
      '--clusterrole=looker',
      '--user=jane',
    ]);
    const allowed = await until('the binding counts', async () => {
      const answer = await raw(inShop, '--as=jane');
      return answer.code === 0 ? answer : undefined;
    });
    assert.deepEqual(JSON.parse(allowed.stdout).names, ['shop']);
    for (const path of [things, inShop.replace('shop', 'bank')]) {
      const refused = await raw(path, '--as=jane');
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /Forbidden/);
    }
  });

  test('a service account asks directly with its token, and is answered with what it may see', async () => {
    const grant = [kubectl, '--kubeconfig', cluster.kubeconfigPath, '-n', 'shop'];
    await run([...grant, 'create', 'serviceaccount', 'robot']);
    const token = (await run([...grant, 'create', 'token', 'robot'])).trim();
    const headers = { authorization: `Bearer ${token}` };
    const before = await direct(inShop, { headers });
    assert.equal(before.status, 403);
    assert.equal(before.body.details.causes[0].reason, 'WEFT-API-02');
    await run([
      ...grant,
      'create',
      'rolebinding',
      'robot',
      '--clusterrole=looker',
      '--serviceaccount=shop:robot',
    ]);
    // What was refused is remembered for ten seconds.
    const answer = await until('the binding counts', async () => {
      const now = await direct(things, { headers });
      return now.status === 200 ? now : undefined;
    });
    assert.deepEqual(answer.body.names, ['shop']);
    const foreign = (await run([...grant, 'create', 'token', 'robot', '--audience=weft.dev'])).trim();
    assert.equal((await direct(things, { headers: { authorization: `Bearer ${foreign}` } })).status, 401);
    assert.equal((await direct(things, { headers: { authorization: `Bearer ${token}x` } })).status, 401);
  });

  test('a certificate of the same authority under another name may not say who asks', async () => {
    const config = JSON.parse(
      await run([
        kubectl,
        '--kubeconfig',
        cluster.kubeconfigPath,
        'config',
        'view',
        '--raw',
        '--flatten',
        '-o',
        'json',
      ]),
    );
    const { user } = config.users[0];
    const pem = (data: string): string => Buffer.from(data, 'base64').toString();
    const admin = { cert: pem(user['client-certificate-data']), key: pem(user['client-key-data']) };
    const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' };
    assert.equal((await direct(things, { headers, ...admin })).status, 401);
    assert.equal((await direct(things, { headers })).status, 401);
  });

  test('errors come through with their codes', async () => {
    const unknown = await raw(`${observeBase}/nothing`);
    assert.match(unknown.stderr, /NotFound.*WEFT-API-03/s);
  });

  test('a namespace can be deleted: discovery works', async () => {
    await run([
      kubectl,
      '--kubeconfig',
      cluster.kubeconfigPath,
      'delete',
      'namespace',
      'doomed',
      '--timeout=30s',
    ]);
  });

  test('a replica that has died is named, and the others answer', async () => {
    await replicas[1]?.close();
    const { stdout } = await raw(things);
    const { gaps, names: seen } = JSON.parse(stdout);
    assert.deepEqual(seen, ['shop']);
    assert.equal(gaps.length, 1);
    assert.match(gaps[0], /^Replica weft-1 of the control plane did not answer \(.*ECONNREFUSED/);
  });

  test('when the owner goes, the APIService goes, and namespaces can still be deleted', async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await api.delete(clusterRoles, 'weft-webhooks');
    await until('the APIService is gone', async () =>
      (await api.get(apiServices, `v1alpha1.${group}`)) === undefined ? true : undefined,
    );
    await run([
      kubectl,
      '--kubeconfig',
      cluster.kubeconfigPath,
      'delete',
      'namespace',
      'bank',
      '--timeout=60s',
    ]);
  });
});
