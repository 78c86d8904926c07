import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { observeBase } from '../base/observe.ts';
import type { PassThrough } from '../kube/pass-through.ts';
import { startDashboardProxy } from './dashboard-proxy.ts';

interface Passed {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What passes on tells what it was given, through a real server. */
async function setUp(t: TestContext) {
  const passed: Passed[] = [];
  const server = createServer((_, response) => {
    response.writeHead(207, {
      'content-type': 'application/json',
      etag: '"1"',
      'set-cookie': 'a=b',
      server: 'x',
    });
    response.end('{"n":1}');
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const api: PassThrough = {
    send: (exchange) => {
      passed.push(exchange);
      return new Promise((resolve, reject) => {
        request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false }, resolve)
          .on('error', reject)
          .end();
      });
    },
  };
  const proxy = await startDashboardProxy(api, 0);
  t.after(() => proxy.close());
  const url = new URL(proxy.url);
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body = '') =>
    new Promise<{ status: number; body: string; headers: Record<string, unknown> }>((resolve, reject) => {
      request({ host: '127.0.0.1', port: url.port, path, method, agent: false, headers }, (response) => {
        text(response).then(
          (answer) => resolve({ status: response.statusCode ?? 0, body: answer, headers: response.headers }),
          reject,
        );
      })
        .on('error', reject)
        .end(body);
    });
  const signedIn = await ask(`/${url.search}`);
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  return { ask, passed, url, signedIn, cookie };
}

test('the address with the token gives a cookie that no other site can make a browser send', async (t) => {
  const { signedIn, passed, url } = await setUp(t);
  assert.equal(signedIn.status, 303);
  assert.equal(signedIn.headers['location'], '/');
  assert.match(String(signedIn.headers['set-cookie']), /; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.equal(url.hostname, '127.0.0.1');
  assert.deepEqual(passed, []);
});

test('questions go on with nothing of the browser but what they ask', async (t) => {
  const { ask, passed, cookie } = await setUp(t);
  const headers = {
    cookie,
    authorization: 'Bearer x',
    'impersonate-user': 'root',
    accept: 'application/json',
  };
  const answer = await ask(`${observeBase}/stat?window=60s`, headers);
  assert.equal(answer.status, 207);
  assert.equal(answer.body, '{"n":1}');
  assert.equal(answer.headers['etag'], '"1"');
  assert.equal(answer.headers['set-cookie'], undefined);
  const [first] = passed;
  assert.equal(first?.path, `${observeBase}/stat?window=60s`);
  assert.deepEqual(first?.headers, { accept: 'application/json' });
});

test('the page and its files come from the control plane', async (t) => {
  const { ask, passed, cookie } = await setUp(t);
  await ask('/', { cookie });
  await ask('/app.js', { cookie, 'if-none-match': '"1"' });
  assert.deepEqual(
    passed.map(({ path }) => path),
    [`${observeBase}/ui`, `${observeBase}/ui/app.js`],
  );
  assert.equal(passed[1]?.headers['if-none-match'], '"1"');
});

test('nobody without the cookie is answered, and no wrong token gives one', async (t) => {
  const { ask, passed, cookie } = await setUp(t);
  assert.equal((await ask('/')).status, 401);
  assert.equal((await ask('/', { cookie: `${cookie}x` })).status, 401);
  assert.equal((await ask('/?token=guess')).status, 403);
  assert.equal((await ask(`${observeBase}/stat?token=guess`)).status, 401);
  assert.deepEqual(passed, []);
});

test('another name for the loopback address is refused, and so is what another site causes', async (t) => {
  const { ask, passed, cookie, url } = await setUp(t);
  assert.equal((await ask('/', { cookie, host: `evil.example:${url.port}` })).status, 403);
  assert.equal((await ask('/', { cookie, host: '127.0.0.1:1' })).status, 403);
  assert.equal((await ask('/', { cookie, origin: 'https://evil.example' })).status, 403);
  assert.equal((await ask('/', { cookie, 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await ask('/', { cookie, 'sec-fetch-site': 'same-site' })).status, 403);
  assert.deepEqual(passed, []);
  assert.equal((await ask('/', { cookie, host: `localhost:${url.port}` })).status, 207);
});

test('nothing of the Kubernetes API is reached but the observability API', async (t) => {
  const { ask, passed, cookie } = await setUp(t);
  for (const path of [
    '/api/v1/secrets',
    '/apis/apps/v1/deployments',
    `${observeBase}/../../../api/v1/secrets`,
    `${observeBase}/%2e%2e/%2e%2e/%2e%2e/api/v1/secrets`,
    `${observeBase}//stat`,
    '/../api/v1/secrets',
    '/apis/observe.weft.dev/v1alpha1evil/x',
  ]) {
    assert.equal((await ask(path, { cookie })).status, 404, path);
  }
  assert.equal((await ask(`${observeBase}/stat`, { cookie }, 'DELETE')).status, 404);
  assert.deepEqual(passed, []);
});

test('a body goes on with POST, unless it is large', async (t) => {
  const { ask, passed, cookie } = await setUp(t);
  const path = `${observeBase}/namespaces/shop/proxies/web/logging?level=debug`;
  await ask(path, { cookie }, 'POST', '{}');
  assert.equal(passed[0]?.body, '{}');
  assert.equal(
    (await ask(path, { cookie, 'content-length': '70000' }, 'POST', 'x'.repeat(70_000))).status,
    413,
  );
});

test('an API server that does not answer is told of', async (t) => {
  const proxy = await startDashboardProxy(
    { send: () => Promise.reject(new Error('connect ECONNREFUSED')) },
    0,
  );
  t.after(() => proxy.close());
  const url = new URL(proxy.url);
  const first = await fetch(proxy.url, { redirect: 'manual' });
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  const answer = await fetch(`${url.origin}/`, { headers: { cookie } });
  assert.equal(answer.status, 502);
  assert.match(await answer.text(), /ECONNREFUSED/);
});
