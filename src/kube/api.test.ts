import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { KubeError } from './errors.ts';
import { configMaps, httpRoutes, nodes, secrets } from './resources.ts';
import { drop, FaultServer, json, object, refusal, type Step } from './testing.ts';

let server: FaultServer;
let clock: MovableClock;

beforeEach(async () => {
  server = await FaultServer.start();
  clock = new MovableClock();
});

afterEach(() => server.close());

/** What a rejected promise was rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<KubeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KubeError, `expected a KubeError, got ${String(error)}`);
  return error;
}

/** Lets a request through its waits: whenever it waits for a retry, time moves on. Returns the waits. */
async function hurry<T>(promise: Promise<T>): Promise<{ readonly value: T; readonly waitsMs: number[] }> {
  const waitsMs: number[] = [];
  const state = { over: false };
  const ended = promise.finally(() => {
    state.over = true;
  });
  void ended.catch(() => {});
  while (!state.over) {
    // The request's own deadline (30 s) is a timer too; it is gone while the request waits for its next attempt.
    const nextMs = clock.untilNext();
    if (nextMs !== undefined && nextMs > 0 && nextMs < 30_000) {
      waitsMs.push(nextMs);
      clock.advance(nextMs);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { value: await ended, waitsMs };
}

test('get answers the object, or undefined where there is none', async () => {
  const api = server.api();
  server.script(json(200, object('a', 1)), refusal(404, 'NotFound'));
  assert.deepEqual(await api.get(configMaps, 'a', 'shop'), object('a', 1));
  assert.equal(await api.get(configMaps, 'b', 'shop'), undefined);
  assert.equal(server.requests[0]?.path, '/api/v1/namespaces/shop/configmaps/a');
  assert.equal(server.requests[0]?.headers.authorization, 'Bearer token-of-the-test');
});

test('list follows the pages', async () => {
  const api = server.api();
  server.script(
    json(200, { metadata: { continue: 'next' }, items: [object('a', 1)] }),
    json(200, { metadata: {}, items: [object('b', 1)] }),
    json(200, { metadata: {}, items: null }),
  );
  const listed = await api.list(configMaps, { namespace: 'shop', labelSelector: 'app=web' });
  assert.deepEqual(
    listed.map(({ metadata }) => metadata.name),
    ['a', 'b'],
  );
  assert.equal(server.requests[1]?.query.get('continue'), 'next');
  assert.equal(server.requests[1]?.query.get('labelSelector'), 'app=web');
  assert.deepEqual(await api.list(configMaps), []);
});

test('writes go where they belong, with apiVersion and kind filled in', async () => {
  const api = server.api();
  const route = { metadata: { name: 'r', namespace: 'shop' } };
  for (let index = 0; index < 6; index++) server.script(json(200, route));
  await api.create(httpRoutes, route);
  await api.update(httpRoutes, route);
  await api.updateStatus(httpRoutes, route);
  await api.delete(httpRoutes, 'r', 'shop');
  await api.apply(httpRoutes, route, { fieldManager: 'weft-test', force: true });
  await api.applyStatus(httpRoutes, route, { fieldManager: 'weft-test' });
  const base = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes';
  assert.deepEqual(
    server.requests.map(({ method, path }) => `${method} ${path}`),
    [
      `POST ${base}`,
      `PUT ${base}/r`,
      `PUT ${base}/r/status`,
      `DELETE ${base}/r`,
      `PATCH ${base}/r`,
      `PATCH ${base}/r/status`,
    ],
  );
  assert.deepEqual(JSON.parse(server.requests[0]?.body ?? ''), {
    ...route,
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
  });
  const [apply, applyStatus] = server.requests.slice(4);
  assert.equal(apply?.headers['content-type'], 'application/apply-patch+yaml');
  assert.equal(apply?.query.get('fieldManager'), 'weft-test');
  assert.equal(apply?.query.get('force'), 'true');
  assert.equal(applyStatus?.query.get('force'), null);
});

test('a name with reserved characters is one path segment', async () => {
  server.script(json(200, object('a', 1)));
  await server.api().get(nodes, 'weft.dev:workload/mesh?x');
  assert.equal(server.requests[0]?.path, '/api/v1/nodes/weft.dev%3Aworkload%2Fmesh%3Fx');
});

test('discovery says whether a kind is served', async () => {
  const api = server.api();
  server.script(
    json(200, { resources: [{ name: 'httproutes' }] }),
    json(200, { resources: [{ name: 'gateways' }] }),
    refusal(404, 'NotFound'),
  );
  assert.equal(await api.serves(httpRoutes), true);
  assert.equal(await api.serves(httpRoutes), false);
  assert.equal(await api.serves(httpRoutes), false);
  assert.equal(server.requests[0]?.path, '/apis/gateway.networking.k8s.io/v1');
});

const good = json(200, object('a', 1));
const slowDown = (seconds: string): Step =>
  refusal(429, 'TooManyRequests', { headers: { 'Retry-After': seconds } });

test('429 is tried again after the time the server asks for, whatever the verb', async () => {
  server.script(slowDown('2'), good);
  const { waitsMs } = await hurry(server.api({ clock }).create(configMaps, object('a', 1)));
  assert.equal(server.requests.length, 2);
  assert.deepEqual(waitsMs, [2_000]);
});

test('an absurd Retry-After does not make a request hang for hours', async () => {
  server.script(slowDown('86400'), good);
  const { waitsMs } = await hurry(server.api({ clock }).get(configMaps, 'a', 'shop'));
  assert.deepEqual(waitsMs, [10_000]);
});

for (const [name, step] of [
  ['503', refusal(503, 'ServiceUnavailable')],
  ['500', refusal(500, 'InternalError')],
  ['a dropped connection', drop],
] as const) {
  test(`reads and server-side apply are repeated after ${name}, other writes are not`, async () => {
    const api = server.api({ clock });
    server.script(step, step, good);
    await hurry(api.get(configMaps, 'a', 'shop'));
    server.script(step, good);
    await hurry(api.apply(configMaps, object('a', 1), { fieldManager: 'weft-test' }));
    assert.equal(server.requests.length, 5);
    for (const write of [
      () => api.create(configMaps, object('a', 1)),
      () => api.update(configMaps, object('a', 1)),
      () => api.delete(configMaps, 'a', 'shop'),
    ]) {
      const before: number = server.requests.length;
      server.script(step);
      await errorOf(write());
      assert.equal(server.requests.length, before + 1);
    }
  });
}

test('after five attempts the last error stands, with growing waits in between', async () => {
  server.script(...Array.from({ length: 5 }, () => refusal(503, 'ServiceUnavailable', { message: 'down' })));
  const request = server.api({ clock }).get(configMaps, 'a', 'shop');
  const outcome = hurry(request);
  const error = await errorOf(outcome);
  assert.equal(server.requests.length, 5);
  assert.equal(error.status, 503);
  assert.equal(error.reason, 'ServiceUnavailable');
  assert.equal(error.code, 'WEFT-KUBE-04');
});

test('a refusal is no reason to try again', async () => {
  const api = server.api({ clock });
  for (const [status, reason, code] of [
    [400, 'BadRequest', 'WEFT-KUBE-03'],
    [403, 'Forbidden', 'WEFT-KUBE-02'],
    [409, 'Conflict', 'WEFT-KUBE-03'],
    [410, 'Expired', 'WEFT-KUBE-03'],
    [422, 'Invalid', 'WEFT-KUBE-03'],
  ] as const) {
    server.script(refusal(status, reason, { message: 'because' }));
    const error = await errorOf(api.get(configMaps, 'a', 'shop'));
    assert.deepEqual([error.status, error.reason, error.code], [status, reason, code]);
    assert.match(error.message, /^GET \/api\/v1\/namespaces\/shop\/configmaps\/a: \d+ because\.$/);
  }
  assert.equal(server.requests.length, 5);
});

test('an answer that is not of Kubernetes is told as such, without its content', async () => {
  const api = server.api({ clock });
  const page: Step = (response) => {
    response.writeHead(404, { 'Content-Type': 'text/html' });
    response.end('<html>secret words</html>');
  };
  server.script(page);
  const refused = await errorOf(api.request('GET', '/api/v1/nodes'));
  assert.deepEqual([refused.code, refused.status], ['WEFT-KUBE-06', 404]);
  assert.doesNotMatch(refused.message, /secret/);
  server.script((response) => void response.end('OK, but no JSON'));
  const garbled = await errorOf(api.request('GET', '/api/v1/nodes'));
  assert.equal(garbled.code, 'WEFT-KUBE-06');
});

test('no error about a Secret repeats what the server says of it', async () => {
  const message = 'Secret "a" is invalid: data: Invalid value: "hunter2"';
  server.script(refusal(422, 'Invalid', { message }));
  const error = await errorOf(server.api().create(secrets, object('a', 1)));
  assert.doesNotMatch(JSON.stringify([error.message, error.describe(), error]), /hunter2/);
  assert.equal(error.reason, 'Invalid');
});

test('a request without an answer ends at its timeout', async () => {
  const request = server.api({ clock }).request('POST', '/api/v1/nodes', { timeoutMs: 7_000 });
  await server.received(1);
  assert.equal(clock.untilNext(), 7_000);
  clock.advance(7_000);
  const error = await errorOf(request);
  assert.deepEqual([error.code, error.reason, error.status], ['WEFT-KUBE-01', 'ETIMEDOUT', 0]);
  assert.match(error.message, /no answer within 7 s/);
});

test('an answer that stalls half way ends at the timeout too', async () => {
  server.script((response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
    response.write('{"half":');
  });
  const request = server.api({ clock }).request('POST', '/api/v1/nodes', { timeoutMs: 7_000 });
  await server.received(1);
  clock.advance(7_000);
  assert.equal((await errorOf(request)).status, 0);
});

test('the signal ends a request under way, and a wait for the next attempt', async () => {
  const api = server.api({ clock });
  const first = new AbortController();
  const request = api.request('GET', '/api/v1/nodes', { signal: first.signal });
  await server.received(1);
  first.abort();
  assert.equal((await errorOf(request)).reason, 'ABORT_ERR');

  const second = new AbortController();
  server.script(slowDown('9'));
  const waiting = api.request('GET', '/api/v1/nodes', { signal: second.signal });
  await server.received(2);
  while (clock.untilNext() !== 9_000) await new Promise((resolve) => setImmediate(resolve));
  second.abort();
  assert.equal((await errorOf(waiting)).status, 429);
  assert.equal(server.requests.length, 2);
});

test('a server that is not there is told with its address, after a few attempts', async () => {
  const api = server.api({ clock });
  server.script(good);
  await api.get(configMaps, 'a', 'shop');
  await server.close();
  const error = await errorOf(hurry(api.create(configMaps, object('a', 1))));
  assert.deepEqual([error.code, error.reason], ['WEFT-KUBE-01', 'ECONNREFUSED']);
});

test('connections are kept', async () => {
  const ports = new Set<unknown>();
  const api = server.api();
  for (let index = 0; index < 5; index++) {
    server.script((response, request) => {
      ports.add(response.socket?.remotePort);
      good(response, request);
    });
    await api.get(configMaps, 'a', 'shop');
  }
  assert.equal(ports.size, 1);
});

test('after a 401 the credentials are read anew, once', async () => {
  const api = server.api({ clock });
  server.script(good, refusal(401, 'Unauthorized'), good);
  await api.get(configMaps, 'a', 'shop');
  await api.get(configMaps, 'a', 'shop');
  assert.equal(server.requests.length, 3);
  server.script(refusal(401, 'Unauthorized'), refusal(401, 'Unauthorized'));
  const error = await errorOf(api.get(configMaps, 'a', 'shop'));
  assert.equal(error.code, 'WEFT-KUBE-02');
  assert.doesNotMatch(JSON.stringify([error.message, error]), /token-of-the-test/);
});

test('a kubeconfig that cannot be used shows at the first request, and is read again at the next', async () => {
  const api = server.api({ kubeconfigPath: `${server.kubeconfigPath}-later` });
  const error = await errorOf(api.get(configMaps, 'a', 'shop'));
  assert.equal(error.code, 'WEFT-KUBE-05');
});

test('a stream delivers as it arrives, and refusals like any request', async () => {
  const api = server.api();
  server.script((response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.write('first ');
    response.end('second');
  });
  const stream = await api.stream('/api/v1/namespaces/shop/pods/a/log', { accept: '*/*' });
  let text = '';
  for await (const chunk of stream) text += chunk.toString();
  assert.equal(text, 'first second');
  assert.equal(stream.contentType, 'text/plain');
  server.script(refusal(403, 'Forbidden'));
  assert.equal((await errorOf(api.stream('/x'))).status, 403);
});
