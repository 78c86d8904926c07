import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiProblem, createClient, urlOf } from './client.ts';

interface Seen {
  readonly url: string;
  readonly headers: Headers;
}

/** A client whose server always answers with `response`. */
function clientWith(response: () => Response | Promise<Response>, token?: string) {
  const seen: Seen[] = [];
  const client = createClient({
    base: '/apis/observe.weft.dev/v1alpha1',
    token: () => token,
    fetch: async (url, init) => {
      seen.push({
        url: url instanceof Request ? url.url : url.toString(),
        headers: new Headers(init?.headers),
      });
      return response();
    },
  });
  return { client, seen };
}

const problem = async (promise: Promise<unknown>): Promise<ApiProblem> => {
  const error = await promise.then(
    () => assert.fail('it should have failed'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ApiProblem, String(error));
  return error;
};

test('a namespace becomes part of the path, and empty parameters are left out', () => {
  assert.equal(
    urlOf('/base', 'stat', 'a/b', { window: '60s', route: '', to: undefined }),
    '/base/namespaces/a%2Fb/stat?window=60s',
  );
  assert.equal(urlOf('/base', 'overview'), '/base/overview');
});

test('the token is in a header and never in the address', async () => {
  const { client, seen } = clientWith(() => Response.json({}), 'secret-token');
  await client.get('overview', { parameters: { window: '60s' } });
  assert.equal(seen[0]?.headers.get('authorization'), 'Bearer secret-token');
  assert.doesNotMatch(seen[0]?.url ?? '', /secret/);
});

test('without a token no authorization is sent, so that a proxy with credentials may add its own', async () => {
  const { client, seen } = clientWith(() => Response.json({}));
  await client.get('overview', {});
  assert.equal(seen[0]?.headers.get('authorization'), null);
});

test('401 asks to sign in, 403 says what RBAC refused, with the words of the answer', async () => {
  const status = (code: number, message: string) =>
    Response.json({ kind: 'Status', code, message }, { status: code });
  assert.equal((await problem(clientWith(() => status(401, '')).client.get('stat', {}))).kind, 'signIn');
  const refused = await problem(
    clientWith(() => status(403, 'user "a" cannot get stat')).client.get('stat', {}),
  );
  assert.equal(refused.kind, 'forbidden');
  assert.equal(refused.message, 'user "a" cannot get stat');
});

test('the code of the catalogue is found in an answer', async () => {
  const answer = () => Response.json({ message: 'WEFT-TAP-03: no such pod' }, { status: 404 });
  const found = await problem(clientWith(answer).client.get('taps', {}));
  assert.equal(found.code, 'WEFT-TAP-03');
  assert.equal(found.kind, 'missing');
});

test('a page of HTML from something on the way is not shown as a message', async () => {
  const html = () => new Response('<html><b>Bad gateway</b></html>', { status: 502 });
  const found = await problem(clientWith(html).client.get('stat', {}));
  assert.equal(found.kind, 'unreachable');
  assert.doesNotMatch(found.message, /html/);
});

test('an answer that is not JSON is a failure that says so', async () => {
  const found = await problem(clientWith(() => new Response('hello')).client.get('stat', {}));
  assert.equal(found.kind, 'failed');
});

test('a connection that fails is told as such, an ended request stays an abort', async () => {
  const fail = () => Promise.reject(new TypeError('fetch failed'));
  assert.equal((await problem(clientWith(fail).client.get('stat', {}))).kind, 'unreachable');
  const signal = AbortSignal.abort();
  await assert.rejects(
    clientWith(fail).client.get('stat', { signal }),
    (error) => !(error instanceof ApiProblem),
  );
});

test('a stream asks for a watch and yields values as they come', async () => {
  const { client, seen } = clientWith(() => new Response('{"n":1}\n{"n":2}\n'));
  const found: unknown[] = [];
  const { signal } = new AbortController();
  for await (const value of client.stream('taps', { parameters: { target: 'deploy/web' }, signal }))
    found.push(value);
  assert.deepEqual(found, [{ n: 1 }, { n: 2 }]);
  assert.match(seen[0]?.url ?? '', /target=deploy%2Fweb&watch=true$/);
});
