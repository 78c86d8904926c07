import assert from 'node:assert/strict';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { after, type TestContext, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { silent } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { testMaterial } from '../ca/testing.ts';
import { KubeError } from '../kube/errors.ts';
import type { Access, User } from '../kube/user-review.ts';
import { certificatesIn } from './client-certificate.ts';
import { badParameter, noSuchObject } from './errors.ts';
import { type FrontProxy, parseFrontProxy } from './front-proxy.ts';
import { Peers } from './peers.ts';
import type { ApiGroup, ApiResource } from './resources.ts';
import { createApiServer } from './server.ts';
import { type ClientPair, proxyAuthority } from './testing-pki.ts';

const identity = 'spiffe://cluster.local/ns/weft-system/sa/weft';
const mesh = new Authority(testMaterial(systemClock), systemClock);
const serving = mesh.issueServing({
  dnsNames: ['weft.weft-system.svc'],
  uri: identity,
  lifetimeMs: 3_600_000,
});
const proxies = proxyAuthority(after);
const others = proxyAuthority(after, 'another-ca');

interface Asked {
  readonly status: number;
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
}

function resource(name: string, partial: Partial<ApiResource> = {}): ApiResource {
  return {
    name,
    kind: 'Thing',
    verbs: ['list'],
    scope: 'both',
    partly: true,
    answer: async ({ scoped }) => ({
      kind: 'json',
      body: await scoped((scope) => ['shop', 'bank', 'zoo'].filter((one) => scope.mayRead(one))),
    }),
    ...partial,
  };
}

/** Who may list things where; `*` is the whole cluster. */
const rights: Readonly<Record<string, readonly string[]>> = {
  admin: ['*'],
  jane: ['shop', 'bank'],
  nobody: [],
};

async function setUp(t: TestContext, overrides: { frontProxy?: FrontProxy | undefined } = {}) {
  const accesses: { user: User; access: Access }[] = [];
  const tokens: string[] = [];
  let broken = false;
  const frontProxy =
    'frontProxy' in overrides
      ? overrides.frontProxy
      : parseFrontProxy({
          'requestheader-client-ca-file': proxies.ca,
          'requestheader-allowed-names': '["front-proxy"]',
          'requestheader-username-headers': '["X-Remote-User"]',
          'requestheader-group-headers': '["X-Remote-Group"]',
          'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
        });
  const group: ApiGroup = {
    group: 'observe.weft.dev',
    version: 'v1alpha1',
    resources: [
      resource('things'),
      resource('whole', { partly: false }),
      resource('wrong', { answer: () => Promise.reject(new Error('secret detail')) }),
      resource('picky', { answer: () => Promise.reject(badParameter('window', 'It is not good.')) }),
      resource('gone', { answer: () => Promise.reject(noSuchObject('There is none.')) }),
      resource('flow', {
        verbs: ['watch'],
        answer: async () => ({
          kind: 'stream',
          items: (async function* () {
            yield { n: 1 };
            throw badParameter('x', 'Later.');
          })(),
        }),
      }),
    ],
  };
  const server = createApiServer({
    groups: [group],
    peerMethods: { ping: (query) => ({ kind: 'json', body: { pong: query.get('n') } }) },
    authentication: {
      frontProxy: () => frontProxy,
      userOfToken: async (token) => {
        tokens.push(token);
        if (broken) throw new KubeError('WEFT-KUBE-01', 'It is away.', { status: 0, reason: 'ECONNREFUSED' });
        return token in rights ? { username: token, uid: '', groups: [], extra: {} } : undefined;
      },
      self: () => ({ identity, authorities: certificatesIn(mesh.trustBundle) }),
      nowMs: Date.now,
    },
    mayAccess: async (user, access) => {
      accesses.push({ user, access });
      if (broken) throw new KubeError('WEFT-KUBE-01', 'It is away.', { status: 0, reason: 'ECONNREFUSED' });
      const where = rights[user.username] ?? [];
      return where.includes('*') || where.includes(access.namespace);
    },
    staticFile: (path) =>
      path === '/'
        ? { type: 'text/html', body: Buffer.from('<!doctype html>'), headers: { etag: '"1"' } }
        : undefined,
    tls: {
      key: serving.key,
      cert: serving.chain,
      ca: `${mesh.trustBundle}\n${frontProxy?.authorities ?? ''}`,
    },
    log: silent,
  });
  const port = await server.listen('127.0.0.1', 0);
  t.after(() => server.close());
  const ask = (
    path: string,
    options: { headers?: Record<string, string | string[]>; client?: ClientPair; method?: string } = {},
  ): Promise<Asked> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method: options.method ?? 'GET',
          servername: 'weft.weft-system.svc',
          ca: mesh.trustBundle,
          headers: options.headers ?? {},
          agent: false,
          ...options.client,
        },
        (response) => {
          text(response).then((body) => {
            const isJson = response.headers['content-type']?.startsWith('application/json');
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: isJson ? JSON.parse(body) : body,
            });
          }, reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  return { ask, port, accesses, tokens, server, breakApi: () => (broken = true) };
}

const things = '/apis/observe.weft.dev/v1alpha1/things';
const asAdmin = { 'x-remote-user': 'admin', 'x-remote-group': ['system:masters', 'a,b'] };
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('the API server is believed who asks, with groups and extras as it wrote them', async (t) => {
  const { ask, accesses } = await setUp(t);
  const client = proxies.issue('front-proxy');
  const answer = await ask(things, {
    client,
    headers: { ...asAdmin, 'x-remote-extra-example.com%2froles': 'r1' },
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, ['shop', 'bank', 'zoo']);
  assert.deepEqual(accesses[0], {
    user: {
      username: 'admin',
      uid: '',
      groups: ['system:masters', 'a,b'],
      extra: { 'example.com/roles': ['r1'] },
    },
    access: {
      verb: 'list',
      group: 'observe.weft.dev',
      version: 'v1alpha1',
      namespace: '',
      resource: 'things',
      name: '',
      subresource: '',
    },
  });
});

test('headers that say who asks are worth nothing without the certificate of the API server', async (t) => {
  const { ask, accesses } = await setUp(t);
  const workload = mesh.issueWorkloadWithKey({
    identity: 'spiffe://cluster.local/ns/shop/sa/web',
    lifetimeMs: 3_600_000,
    subject: { namespace: 'x', workload: 'front-proxy', version: '' },
  } as Parameters<Authority['issueWorkloadWithKey']>[0]);
  const clients: Readonly<Record<string, ClientPair | undefined>> = {
    none: undefined,
    'another name below the authority': proxies.issue('somebody'),
    'the name below another authority': others.issue('front-proxy'),
    expired: proxies.issue('front-proxy', -1),
    'a workload of the mesh': { key: workload.key, cert: workload.chain },
    'the control plane itself': { key: serving.key, cert: serving.chain },
  };
  for (const [who, client] of Object.entries(clients)) {
    const answer = await ask(things, { headers: asAdmin, ...(client && { client }) });
    assert.equal(answer.status, 401, who);
    assert.equal(answer.body.kind, 'Status', who);
    assert.equal(answer.body.details.causes[0].reason, 'WEFT-API-01', who);
  }
  assert.deepEqual(accesses, []);
});

test('without an aggregation layer nobody is believed by headers', async (t) => {
  const { ask } = await setUp(t, { frontProxy: undefined });
  assert.equal((await ask(things, { headers: asAdmin, client: proxies.issue('front-proxy') })).status, 401);
});

test('the API server has to say for whom it asks', async (t) => {
  const { ask } = await setUp(t);
  const answer = await ask(things, {
    client: proxies.issue('front-proxy'),
    headers: { authorization: 'Bearer admin' },
  });
  assert.equal(answer.status, 401);
});

test('a bearer token is reviewed, and a bad one refused', async (t) => {
  const { ask, tokens } = await setUp(t);
  assert.equal((await ask(things, bearer('admin'))).status, 200);
  const refused = await ask(things, bearer('stolen'));
  assert.equal(refused.status, 401);
  assert.equal(refused.headers['www-authenticate'], 'Bearer');
  for (const authorization of ['Basic YTpi', 'Bearer ', 'Bearer a b', 'Bearer "x"']) {
    assert.equal((await ask(things, { headers: { authorization } })).status, 401, authorization);
  }
  assert.deepEqual(tokens, ['admin', 'stolen']);
});

test('who may see some namespaces is answered with these when they ask about the cluster', async (t) => {
  const { ask } = await setUp(t);
  assert.deepEqual((await ask(things, bearer('jane'))).body, ['shop', 'bank']);
  const none = await ask(things, bearer('nobody'));
  assert.equal(none.status, 403);
  assert.equal(none.body.reason, 'Forbidden');
  assert.match(
    none.body.message,
    /^WEFT-API-02: nobody may not list things\.observe\.weft\.dev in the whole/,
  );
  assert.equal((await ask(things.replace('things', 'whole'), bearer('jane'))).status, 403);
});

test('a question about a namespace needs the right to it there', async (t) => {
  const { ask } = await setUp(t);
  const inShop = '/apis/observe.weft.dev/v1alpha1/namespaces/shop/things';
  assert.deepEqual((await ask(inShop, bearer('jane'))).body, ['shop', 'bank']);
  const zoo = await ask(inShop.replace('shop', 'zoo'), bearer('jane'));
  assert.equal(zoo.status, 403);
});

test('while the API server cannot be asked, nothing is answered', async (t) => {
  const { ask, breakApi } = await setUp(t);
  breakApi();
  for (const options of [bearer('admin'), { headers: asAdmin, client: proxies.issue('front-proxy') }]) {
    const answer = await ask(things, options);
    assert.equal(answer.status, 503);
    assert.equal(answer.body.details.causes[0].reason, 'WEFT-API-06');
    assert.equal(answer.headers['retry-after'], '1');
  }
});

test('errors are Status objects with a code, and tell nothing of what is inside', async (t) => {
  const { ask } = await setUp(t);
  const base = '/apis/observe.weft.dev/v1alpha1';
  const cases = [
    ['/wrong', 500, 'InternalError', 'WEFT-API-07'],
    ['/picky', 400, 'BadRequest', 'WEFT-API-04'],
    ['/gone', 404, 'NotFound', 'WEFT-API-08'],
    ['/none', 404, 'NotFound', 'WEFT-API-03'],
    ['/things/a', 405, 'MethodNotAllowed', 'WEFT-API-05'],
    ['/things/a/b', 404, 'NotFound', 'WEFT-API-03'],
    ['/%ZZ', 400, 'BadRequest', 'WEFT-API-04'],
  ] as const;
  for (const [path, status, reason, code] of cases) {
    const answer = await ask(`${base}${path}`, bearer('admin'));
    assert.equal(answer.status, status, path);
    assert.equal(answer.body.code, status, path);
    assert.equal(answer.body.reason, reason, path);
    assert.equal(answer.body.details.causes[0].reason, code, path);
    assert.doesNotMatch(JSON.stringify(answer.body), /secret detail/);
  }
  assert.equal((await ask(`${base}/things`, { ...bearer('admin'), method: 'DELETE' })).status, 405);
});

test('discovery is there for everybody who is known, and for nobody else', async (t) => {
  const { ask } = await setUp(t);
  const list = await ask('/apis/observe.weft.dev/v1alpha1', bearer('nobody'));
  assert.equal(list.body.kind, 'APIResourceList');
  assert.equal(list.body.resources[0].name, 'things');
  assert.equal((await ask('/apis', bearer('nobody'))).body.groups[0].name, 'observe.weft.dev');
  assert.equal((await ask('/apis/observe.weft.dev/v1alpha1')).status, 401);
});

test('a stream that fails on the way says so in its last line', async (t) => {
  const { ask } = await setUp(t);
  const answer = await ask('/apis/observe.weft.dev/v1alpha1/flow?watch=true', bearer('admin'));
  assert.equal(answer.headers['content-type'], 'application/x-ndjson');
  const lines = (answer.body as string)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines[0], { n: 1 });
  assert.equal(lines[1].kind, 'Status');
  assert.equal(lines.length, 2);
});

test('the page is there without a sign-in, under a strict policy, and need not be fetched twice', async (t) => {
  const { ask } = await setUp(t);
  const page = await ask('/');
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal((await ask('/', { headers: { 'if-none-match': '"1"' } })).status, 304);
});

test('replicas ask each other, also below an intermediate the other does not know, and nobody else may', async (t) => {
  const { ask, port } = await setUp(t);
  const peers = (client: { key: string; chain: string }) =>
    new Peers({
      self: 'weft-0',
      port,
      others: () => [{ name: 'weft-1', address: '127.0.0.1' }],
      tls: () => ({
        key: client.key,
        cert: client.chain,
        ca: mesh.trustBundle,
        serverName: 'weft.weft-system.svc',
        identity,
      }),
      log: silent,
    });
  const replica = peers(serving);
  const query = new URLSearchParams({ n: '7' });
  for (let round = 0; round < 2; round++) {
    const collected = await replica.collect('ping', () => ({ pong: 'own' }), { query });
    assert.deepEqual(collected, {
      answers: [
        { replica: 'weft-0', answer: { pong: 'own' } },
        { replica: 'weft-1', answer: { pong: '7' } },
      ],
      gaps: [],
      silent: [],
    });
  }
  replica.close();
  const workload = peers(mesh.issueServing({ dnsNames: [], uri: `${identity}2`, lifetimeMs: 3_600_000 }));
  const refused = await workload.collect('ping', () => ({ pong: 'own' }), { query });
  assert.deepEqual(refused.silent, ['weft-1']);
  assert.match(refused.gaps[0] ?? '', /weft-1 of the control plane did not answer \(it answered 401\)/);
  workload.close();
  assert.equal((await ask('/peer/v1/ping', bearer('admin'))).status, 403);
});

test('a replica is told what replicas ask, and nothing else', async (t) => {
  const { port } = await setUp(t);
  const replica = new Peers({
    self: 'weft-0',
    port,
    others: () => [],
    tls: () => ({
      key: serving.key,
      cert: serving.chain,
      ca: mesh.trustBundle,
      serverName: 'weft.weft-system.svc',
      identity,
    }),
    log: silent,
  });
  t.after(() => replica.close());
  await assert.rejects(replica.ask({ name: 'x', address: '127.0.0.1' }, 'toString'), /answered 404/);
  await assert.rejects(replica.ask({ name: 'x', address: '' }, 'ping'), /no address/);
});

test('replicas that cannot be reached or take too long are named', async () => {
  const peers = new Peers({
    self: 'weft-0',
    port: 1,
    others: () => [
      { name: 'weft-2', address: '127.0.0.1' },
      { name: 'weft-1', address: '127.0.0.1' },
    ],
    tls: () => ({ key: serving.key, cert: serving.chain, ca: mesh.trustBundle, serverName: 'x', identity }),
    log: silent,
  });
  const { answers, gaps, silent: missing } = await peers.collect('ping', () => 1);
  assert.deepEqual(answers, [{ replica: 'weft-0', answer: 1 }]);
  assert.deepEqual(missing, ['weft-1', 'weft-2']);
  assert.match(gaps[0] ?? '', /weft-1 .*ECONNREFUSED/);
});
