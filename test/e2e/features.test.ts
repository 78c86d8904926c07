import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { type App, answerOf, createNamespace, createService, deployApp, kinds, put } from './apps.ts';
import { sumOf } from './evidence.ts';
import { type TestMesh, until, useMesh } from './harness.ts';

const namespace = 'features';
const consumers = 'features-consumers';
let mesh: TestMesh;
let client: App;
let consumer: App;

/** Makes a route for `web` of these rules, whose answers then carry its generation. */
async function routed(name: string, rules: readonly object[], at = namespace): Promise<void> {
  await put(mesh.api, kinds.httpRoute, {
    metadata: { name, namespace: at },
    spec: { parentRefs: [{ group: '', kind: 'Service', name: 'web', namespace, port: 80 }], rules },
  });
}

const prefix = (value: string): object => ({ path: { type: 'PathPrefix', value } });
const to = (name: string, more: object = {}): object => ({ name, namespace, port: 80, ...more });

/** The first answer that is as wanted; rules take effect a moment after they were written. */
async function eventually(
  caller: App,
  path: string,
  wanted: (outcome: Awaited<ReturnType<App['call']>>) => boolean,
  more: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Awaited<ReturnType<App['call']>>> {
  let seen = '';
  const ask = async () => {
    const outcome = await caller.call({ kind: 'http', url: `http://web.${namespace}${path}`, ...more });
    seen = `${outcome.status} ${outcome.error ?? ''} ${outcome.body}`;
    return wanted(outcome) ? outcome : undefined;
  };
  return until(`the answer to ${path}`, ask, 20_000, () => seen);
}

/** Without a route either version answers, so one answer says nothing. */
async function servedBy(caller: App, version: string): Promise<void> {
  const call = { kind: 'http', url: `http://web.${namespace}/` } as const;
  await until(`answers of ${version} alone`, async () => {
    const outcomes = await caller.calls({ call, count: 10 });
    return outcomes.every(({ headers }) => headers['x-version'] === version) ? true : undefined;
  });
}

suite('Features of routes in the mesh', () => {
  before(async () => {
    mesh = await useMesh();
    await createNamespace(mesh.api, namespace, true);
    await createNamespace(mesh.api, consumers, true);
    await createService(mesh.api, namespace, 'web', { app: 'web' });
    await createService(mesh.api, namespace, 'web-v1', { app: 'web', version: 'v1' });
    await createService(mesh.api, namespace, 'web-v2', { app: 'web', version: 'v2' });
    [client, consumer] = (await Promise.all([
      deployApp(mesh, namespace, { name: 'client' }),
      deployApp(mesh, consumers, { name: 'consumer' }),
      deployApp(mesh, namespace, { name: 'web-v1', app: 'web', version: 'v1' }),
      deployApp(mesh, namespace, { name: 'web-v2', app: 'web', version: 'v2' }),
    ])) as [App, App, App, App];
  });

  test('the first call of a pod is answered also when it ends the connection', async () => {
    const outcome = await client.calls({
      call: { kind: 'http', url: `http://web.${namespace}/first`, keepAlive: false },
    });
    assert.deepEqual(
      outcome.map(({ status, error }) => [status, error]),
      [[200, undefined]],
    );
  });

  test('a consumer route that comes and goes fails no new connection, and concerns no other namespace', async (t) => {
    // There only where the test has failed on the way.
    t.after(() => mesh.api.delete(kinds.httpRoute, 'own', consumers).catch(() => undefined));
    t.after(() => mesh.api.delete(kinds.httpRoute, 'everyone', namespace));
    await routed('everyone', [{ backendRefs: [to('web-v1')] }]);
    await Promise.all([servedBy(consumer, 'v1'), servedBy(client, 'v1')]);
    const address = await consumer.address();
    const nowhere = /^envoy_http_no_cluster\{.*"outbound"/;
    const lost = await sumOf(address, nowhere);
    const call = { kind: 'http', url: `http://web.${namespace}/`, keepAlive: false } as const;
    const loads = await Promise.all([consumer.startLoad(call, 100), client.startLoad(call, 20)]);
    for (let turn = 0; turn < 8; turn++) {
      await routed('own', [{ backendRefs: [to('web-v2')] }], consumers);
      await servedBy(consumer, 'v2');
      await mesh.api.delete(kinds.httpRoute, 'own', consumers);
      await servedBy(consumer, 'v1');
    }
    const [own, others] = await Promise.all(loads.map((load) => load.stop()));
    // An endpoint that a busy machine has failed a probe of is 503; a connection cut off, or led nowhere, is not.
    const errors = [own, others].flatMap((report) => Object.keys(report?.errors ?? {}));
    assert.deepEqual(
      errors.filter((error) => !error.startsWith('status 503')),
      [],
    );
    assert.equal(await sumOf(address, nowhere), lost);
    assert.ok((own?.versions['v2'] ?? 0) > 0);
    assert.deepEqual(Object.keys(others?.versions ?? {}), ['v1']);
  });

  test('rewrites, redirects, limits, retries, CORS and mirrors work between sidecars', async (t) => {
    t.after(() => mesh.api.delete(kinds.httpRoute, 'features', namespace));
    const filtered = (...filters: readonly object[]): object => ({ filters });
    const path = (replacePrefixMatch: string): object => ({ type: 'ReplacePrefixMatch', replacePrefixMatch });
    await routed('features', [
      {
        matches: [prefix('/old')],
        ...filtered({ type: 'URLRewrite', urlRewrite: { hostname: 'new.example', path: path('/new') } }),
        backendRefs: [to('web-v1')],
      },
      {
        matches: [prefix('/moved')],
        ...filtered({ type: 'RequestRedirect', requestRedirect: { path: path('/here'), statusCode: 301 } }),
      },
      { matches: [prefix('/delay')], timeouts: { request: '100ms' }, backendRefs: [to('web-v1')] },
      {
        matches: [prefix('/shared')],
        ...filtered({
          type: 'CORS',
          cors: { allowOrigins: ['https://*.example'], allowMethods: ['PUT'], maxAge: 60 },
        }),
        backendRefs: [to('web-v1')],
      },
      {
        matches: [prefix('/copied')],
        ...filtered({ type: 'RequestMirror', requestMirror: { backendRef: to('web-v2') } }),
        backendRefs: [to('web-v1')],
      },
      { matches: [prefix('/half')], backendRefs: [to('web-v1'), to('gone')] },
    ]);
    const rewritten = answerOf(await eventually(client, '/old/x?y=1', ({ body }) => body.includes('/new/x')));
    assert.deepEqual([rewritten.path, rewritten.headers['host']], ['/new/x?y=1', 'new.example']);
    const moved = await eventually(client, '/moved/x?y=1', ({ status }) => status === 301);
    assert.equal(moved.headers['location'], `http://web.${namespace}/here/x?y=1`);
    assert.equal((await eventually(client, '/delay/2000', ({ status }) => status !== 0)).status, 504);
    const preflight = await eventually(client, '/shared', ({ status }) => status === 200, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
    });
    assert.equal(preflight.headers['access-control-allow-origin'], 'https://a.example');
    const mirrored = /^envoy_cluster_upstream_rq_total\{envoy_cluster_name="svc\/features\/web-v2_80"/;
    const address = await client.address();
    const before = await sumOf(address, mirrored);
    for (let i = 0; i < 5; i++)
      assert.equal((await eventually(client, '/copied', () => true)).headers['x-version'], 'v1');
    await until('five copies', async () =>
      (await sumOf(address, mirrored)) >= before + 5 ? true : undefined,
    );
    const outcomes = await client.calls({
      call: { kind: 'http', url: `http://web.${namespace}/half` },
      count: 200,
    });
    const failed = outcomes.filter(({ status }) => status === 500).length;
    assert.deepEqual([...new Set(outcomes.map(({ status }) => status))].sort(), [200, 500]);
    assert.ok(failed > 60 && failed < 140, `${failed} of 200`);
  });

  test('matches by regular expression, and answers 404 to what no rule matches', async (t) => {
    t.after(() => mesh.api.delete(kinds.httpRoute, 'expressions', namespace));
    await routed('expressions', [
      {
        matches: [{ path: { type: 'RegularExpression', value: '/[a-z]+/[0-9]{2}' } }],
        backendRefs: [to('web-v2')],
      },
    ]);
    await eventually(client, '/abc/123', ({ status }) => status === 404);
    const matched = await eventually(client, '/abc/12', ({ headers }) => headers['x-version'] === 'v2');
    assert.equal(matched.status, 200);
  });
});
