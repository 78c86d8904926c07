/** What comes of requests whose route has a feature that Envoy must be talked into. */

import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { type Endpoints, featureObjects, rpc, startEndpoints, web } from './features.ts';
import { type Answer, RunningEnvoy } from './traffic.ts';
import { translateCase } from './translate.ts';

describe('the real Envoy, with features of routes as translated', () => {
  let endpoints: Endpoints;
  let envoy: RunningEnvoy;

  before(async () => {
    endpoints = await startEndpoints();
    envoy = await RunningEnvoy.start((await translateCase(featureObjects(endpoints.ports))).translation);
  });

  after(async () => {
    await envoy?.stop();
    endpoints?.close();
  });

  const send = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    envoy.call(web, path, { method, headers });
  const allowing = ({ headers }: Answer): IncomingHttpHeaders =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));
  const preflight = (path: string, origin: string, method = 'GET', wanted = ''): Promise<Answer> =>
    send(
      path,
      {
        origin,
        'access-control-request-method': method,
        ...(wanted === '' ? {} : { 'access-control-request-headers': wanted }),
      },
      'OPTIONS',
    );

  for (const origin of ['https://www.foo.com', 'https://www.bar.com', 'https://xpto.www.bar.com']) {
    test(`allows a preflight request from ${origin}, without asking the backend`, async () => {
      const answer = await preflight('/cors/exact', origin, 'GET', 'x-1, x-2');
      assert.equal(answer.status, 200);
      assert.equal(answer.seen, undefined);
      assert.deepEqual(allowing(answer), {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, OPTIONS',
        'access-control-allow-headers': 'x-1, x-2',
        'access-control-expose-headers': 'x-3, x-4',
        'access-control-max-age': '3600',
        'access-control-allow-credentials': 'true',
      });
    });
  }

  test('allows nothing to other origins, and keeps their preflight requests from the backend', async () => {
    for (const origin of ['https://foobar.com', 'https://bar.com', 'http://www.foo.com']) {
      const answer = await preflight('/cors/exact', origin);
      assert.equal(answer.seen, undefined);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
      const simple = await send('/cors/exact', { origin });
      assert.deepEqual([simple.seen?.server.slice(0, 2), allowing(simple)], ['v1', {}]);
    }
  });

  test('tells a simple request that its origin is allowed', async () => {
    const answer = await send('/cors/exact', { origin: 'https://www.foo.com' });
    assert.equal(answer.status, 200);
    assert.equal(allowing(answer)['access-control-allow-origin'], 'https://www.foo.com');
  });

  test('allows any origin, method and header without credentials', async () => {
    const answer = await preflight('/cors/any', 'https://a.example:12345', 'PUT', 'x-9');
    const { 'access-control-allow-origin': origin, ...rest } = allowing(answer);
    assert.ok(['*', 'https://a.example:12345'].includes(String(origin)));
    assert.deepEqual(rest, {
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'x-9',
      'access-control-max-age': '5',
    });
  });

  test('says what was asked for, and never any, where credentials are allowed', async () => {
    const answer = await preflight('/cors/trusted', 'https://a.example', 'PUT', 'x-1, x-2');
    assert.deepEqual(allowing(answer), {
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'x-1, x-2',
      'access-control-max-age': '5',
      'access-control-allow-credentials': 'true',
    });
    const simple = allowing(await send('/cors/trusted', { origin: 'https://a.example' }));
    assert.equal(simple['access-control-allow-methods'], undefined);
  });

  let requests = 0;
  const flaky = async (path: string, times: number, status: number): Promise<readonly [number, unknown]> => {
    const headers = { 'x-id': String(++requests), 'x-times': String(times), 'x-status': String(status) };
    const answer = await send(path, headers);
    return [answer.status, answer.headers['x-tries']];
  };

  test('tries again as often as the rule says, and gives the last answer when that was not enough', async () => {
    assert.deepEqual(await flaky('/retry/codes', 3, 500), [200, '4']);
    assert.deepEqual(await flaky('/retry/codes', 4, 502), [502, '4']);
  });

  test('does not try again for a code that the rule does not name', async () => {
    assert.deepEqual(await flaky('/retry/codes', 1, 503), [503, '1']);
  });

  test('tries again where the connection was reset, for a rule with retries only', async () => {
    assert.deepEqual(await flaky('/retry/resets', 2, 0), [200, '3']);
    assert.deepEqual((await flaky('/retry/resets', 3, 0))[0], 503);
    assert.deepEqual((await flaky('/retry/never', 1, 0))[0], 503);
  });

  test('tries again where a try took too long, and answers 504 when all did', async () => {
    assert.deepEqual(await flaky('/retry/silence', 1, 1), [200, '2']);
    assert.deepEqual((await flaky('/retry/silence', 2, 1))[0], 504);
  });

  test('bounds all tries together by the time for the request', async () => {
    assert.deepEqual((await flaky('/retry/bounded', 1000, 500))[0], 504);
  });

  test('answers 504 when a request or a try takes too long, and waits where the limit is 0', async () => {
    assert.equal((await send('/slow/deadline')).status, 504);
    assert.equal((await send('/slow/try')).status, 504);
    assert.equal((await send('/slow/off')).status, 200);
  });

  test('tells gRPC clients of both that the deadline is exceeded', async () => {
    for (const path of ['/slow/deadline', '/slow/try']) {
      const { headers } = await send(path, { 'content-type': 'application/grpc' }, 'POST');
      assert.deepEqual([headers['content-type'], headers['grpc-status']], ['application/grpc', '4']);
    }
  });

  /** How many copies of `path` v2 has got, once `wanted` have come or there is no hope. */
  async function copiesOf(path: string, wanted: number): Promise<number> {
    const count = (): number => endpoints.copies.filter((each) => each === path).length;
    for (let turn = 0; turn < 500 && count() < wanted; turn++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return count();
  }

  test('sends a copy to each of several mirrors', async () => {
    assert.equal((await send('/mirror/twice')).status, 200);
    assert.equal(await copiesOf('/mirror/twice', 2), 2);
  });

  test('sends copies of the share that the mirror says', async () => {
    for (let i = 0; i < 400; i++) await send('/mirror/some');
    const copies = await copiesOf('/mirror/some', 160);
    assert.ok(copies >= 160 && copies <= 240, `${copies} of 400`);
  });

  test('serves requests whose mirror does not exist', async () => {
    assert.equal((await send('/mirror/nowhere')).status, 200);
  });

  test('rewrites by backend, keeping the weights', async () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 400; i++) {
      const { seen } = await send('/each/rewrites/x?q=1');
      const key = `${seen?.server.slice(0, 2)} ${seen?.headers.host} ${seen?.url}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const [one, two] = ['v1 one.example /one/x?q=1', 'v2 10.96.0.10 /two?q=1'];
    assert.deepEqual([...counts.keys()].sort(), [one, two].sort());
    const share = (counts.get(two ?? '') ?? 0) / 400;
    assert.ok(share > 0.16 && share < 0.34, `${share} of the requests`);
  });

  test('redirects the share of a backend that redirects, and answers 500 for that of a missing one', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 400; i++) {
      const answer = await send('/each/redirects/x');
      statuses.push(answer.status);
      if (answer.status === 307)
        assert.equal(answer.headers.location, 'http://else.example/each/redirects/x');
    }
    const share = (status: number): number => statuses.filter((each) => each === status).length / 400;
    assert.ok(Math.abs(share(307) - 0.25) < 0.09 && Math.abs(share(200) - 0.25) < 0.09, String(statuses));
    assert.ok(Math.abs(share(500) - 0.5) < 0.1, String(statuses));
  });

  test('redirects by the only backend', async () => {
    const answer = await send('/alone/redirects');
    assert.deepEqual([answer.status, answer.headers.location], [302, 'https://10.96.0.10/alone/redirects']);
  });

  test('asks an HTTP authority, tells it what it may know, and tells the backend what it says', async () => {
    const allowed = await send('/auth/http/x', { authorization: 'token', 'x-extra': '1', 'x-secret': '2' });
    assert.equal(allowed.status, 200);
    assert.deepEqual(
      [allowed.seen?.headers['x-user'], allowed.seen?.headers['x-hidden']],
      ['ann', undefined],
    );
    assert.equal(endpoints.asked.at(-1), 'GET /check/auth/http/x token 1');
    const refused = await send('/auth/http/x', { authorization: 'other' });
    assert.deepEqual([refused.status, refused.seen, refused.text], [401, undefined, 'who are you?']);
  });

  test('sends the body along where the rule says so', async () => {
    const call = envoy.call(web, '/auth/body', {
      method: 'POST',
      headers: { authorization: 'token', 'content-length': '0' },
    });
    assert.equal((await call).status, 200);
    assert.equal(endpoints.asked.at(-1), 'POST /auth/body token');
  });

  test('asks a gRPC authority and tells it the headers that it may know', async () => {
    assert.equal((await send('/auth/grpc', { 'x-token': 'sesame', 'x-secret': 'hidden' })).status, 200);
    assert.match(endpoints.asked.at(-1) ?? '', /x-token/);
    assert.doesNotMatch(endpoints.asked.at(-1) ?? '', /hidden/);
    assert.equal((await send('/auth/grpc', { 'x-token': 'no' })).status, 403);
  });

  test('lets nobody in where nobody can be asked', async () => {
    assert.equal((await send('/auth/nobody')).status, 500);
  });

  const cookieOf = (answer: Answer): string => answer.headers['set-cookie']?.[0] ?? '';
  const pair = (cookie: string): string => cookie.slice(0, cookie.indexOf(';'));

  test('keeps a client with its endpoint by a cookie of the rule’s path', async () => {
    for (let client = 0; client < 8; client++) {
      const first = await send('/session/cookie');
      const cookie = cookieOf(first);
      assert.match(cookie, /^it's="[^"]+"; (?=.*Path=\/session\/cookie)(?=.*HttpOnly)(?!.*Max-Age)/i);
      for (let i = 0; i < 6; i++) {
        const again = await send('/session/cookie/x', { cookie: `a=b; ${pair(cookie)}; c="d"` });
        assert.equal(again.seen?.server, first.seen?.server);
        assert.equal(again.headers['set-cookie'], undefined);
        assert.equal(again.seen?.headers['x-weft-session-backend'], undefined);
        assert.match(again.seen?.headers.cookie ?? '', /^a=b; .*; c="d"$/);
      }
    }
  });

  test('keeps a client with its endpoint by a header', async () => {
    for (let client = 0; client < 8; client++) {
      const first = await send('/session/header');
      const session = String(first.headers['x-session']);
      for (let i = 0; i < 6; i++) {
        const again = await send('/session/header', { 'x-session': session });
        assert.equal(again.seen?.server, first.seen?.server);
        assert.equal(again.headers['x-weft-session-backend'], undefined);
      }
    }
  });

  test('lets a client without a session fall where the weights say', async () => {
    const servers = new Set<string | undefined>();
    for (let i = 0; i < 60; i++) servers.add((await send('/session/header')).seen?.server);
    assert.deepEqual([...servers].sort(), ['v1', 'v1-other', 'v2']);
  });

  test('gives a permanent cookie the age that the rule says', async () => {
    assert.match(cookieOf(await send('/session/long')), /Max-Age=3600/);
  });

  /** A cookie of `/session/cookie` that a server of v1 has set. */
  async function cookieOfV1(): Promise<{ readonly server: string; readonly cookie: string }> {
    for (;;) {
      const answer = await send('/session/cookie');
      const { server = '' } = answer.seen ?? {};
      if (server.startsWith('v1')) return { server, cookie: pair(cookieOf(answer)) };
    }
  }

  test('keeps sessions with a backend that has lost its weight, and begins none there', async () => {
    for (let i = 0; i < 20; i++) assert.equal((await send('/session/leaving')).seen?.server, 'v2');
    // What a client has that came when the backend still had a weight: of this rule, but for that backend's endpoint.
    const { server, cookie } = await cookieOfV1();
    const [, ...endpoint] = cookie.split('.');
    const [own] = pair(cookieOf(await send('/session/leaving'))).split('.');
    for (let i = 0; i < 6; i++) {
      const kept = await send('/session/leaving', { cookie: [own, ...endpoint].join('.') });
      assert.equal(kept.seen?.server, server);
    }
  });

  test('begins another session where the endpoint is gone or the time is over', async () => {
    const { cookie } = await cookieOfV1();
    const [id = '', backend = '', , ...endpoint] = cookie.split('.');
    const past = await send('/session/cookie', { cookie: [id, backend, '1', ...endpoint].join('.') });
    assert.notEqual(past.headers['set-cookie'], undefined);
    const gone = Buffer.from('127.0.0.9:9').toString('base64');
    const moved = await send('/session/cookie', { cookie: `${[id, backend, '0', gone].join('.')}"` });
    assert.equal(moved.status, 200);
    assert.match(moved.seen?.server ?? '', /^v1/);
    assert.notEqual(moved.headers['set-cookie'], undefined);
  });

  test('takes no session of another rule, nor a backend that a client names', async () => {
    const { cookie } = await cookieOfV1();
    const other = await send('/session/leaving', { cookie });
    assert.equal(other.seen?.server, 'v2');
    assert.notEqual(other.headers['set-cookie'], undefined);
    const [, backend = ''] = cookie.split('.');
    const named = await send('/session/leaving', { 'x-weft-session-backend': backend });
    assert.equal(named.seen?.server, 'v2');
  });

  test('serves rules of a GRPCRoute to gRPC alone, in its terms', async () => {
    const call = async (path: string): Promise<unknown> => {
      const headers = { 'content-type': 'application/grpc' };
      return (await envoy.call(rpc, path, { method: 'POST', headers })).headers['grpc-status'];
    };
    assert.equal(await call('/shop.Cart/Add'), '14');
    assert.equal(await call('/shop.CART/Any'), '14');
    assert.equal(await call('/shop.Cart/Remove'), '12');
    assert.equal((await envoy.call(rpc, '/shop.Cart/Add', { method: 'POST' })).status, 404);
  });
});
