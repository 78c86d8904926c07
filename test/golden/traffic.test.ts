import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { portOf, RunningEnvoy, startEndpoint } from './traffic.ts';
import { translateCase } from './translate.ts';

const web = '10.96.0.10:80';
const alternate = '10.96.0.11:8080';
const empty = '10.96.0.12:80';

const rules = `
- { matches: [{ path: { type: PathPrefix, value: /split } }], backendRefs: [{ name: v1, port: 80, weight: 7 }, { name: v2, port: 80, weight: 3 }] }
- { matches: [{ path: { type: PathPrefix, value: /partly } }], backendRefs: [{ name: v1, port: 80, weight: 1 }, { name: gone, port: 80, weight: 1 }] }
- { matches: [{ path: { type: PathPrefix, value: /gone } }], backendRefs: [{ name: gone, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /elements } }, { path: { type: Exact, value: /exact } }, { path: { type: RegularExpression, value: '/re[0-9]+' } }], backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ method: PUT, path: { type: PathPrefix, value: /match }, headers: [{ name: x-a, value: one }], queryParams: [{ name: q, type: RegularExpression, value: 'v.*' }] }], backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /old } }], filters: [{ type: URLRewrite, urlRewrite: { hostname: new.example, path: { type: ReplacePrefixMatch, replacePrefixMatch: /new/ } } }], backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /strip.me } }], filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }], backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /whole } }], filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: '/a\\0b' } } }], backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /to-prefix } }], filters: [{ type: RequestRedirect, requestRedirect: { hostname: a.example, statusCode: 308, path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }] }
- { matches: [{ path: { type: PathPrefix, value: /to-path } }], filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 303, path: { type: ReplaceFullPath, replaceFullPath: /done } } }] }
- { matches: [{ path: { type: PathPrefix, value: /to-https } }], filters: [{ type: RequestRedirect, requestRedirect: { scheme: https, statusCode: 301 } }] }
- { matches: [{ path: { type: PathPrefix, value: /to-port } }], filters: [{ type: RequestRedirect, requestRedirect: { port: 8443 } }] }
- matches: [{ path: { type: PathPrefix, value: /headers } }]
  filters:
    - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-Set, value: '100%' }, { name: Host, value: h.example }], add: [{ name: X-Add, value: b }], remove: [X-Remove] } }
    - { type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: X-Set, value: r }], remove: [Server] } }
  backendRefs: [{ name: v1, port: 80, filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-Backend, value: v1 }] } }] }]
- { matches: [{ path: { type: PathPrefix, value: /mirrored } }], filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: v2, port: 80 } } }], backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /slow/request } }], timeouts: { request: 100ms }, backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /slow/try } }], timeouts: { backendRequest: 100ms }, backendRefs: [{ name: v1, port: 80 }] }
- { matches: [{ path: { type: PathPrefix, value: /slow/unlimited } }], backendRefs: [{ name: v1, port: 80 }] }
`;

function objects(ports: Readonly<Record<string, number>>): string {
  const indented = rules.trim().replace(/^/gm, '    ');
  const route = (name: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: shop, name: ${name}, generation: 1 }
spec:
  parentRefs: [{ group: '', kind: Service, name: ${name} }]
  rules:
${indented}`;
  const service = (name: string, address: string, port: number): string => `
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: ${name} }
spec: { clusterIP: ${address}, clusterIPs: [${address}], ports: [{ name: http, port: ${port} }] }`;
  const slice = (name: string): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: shop, name: ${name}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: ${ports[name]} }]
endpoints: [{ addresses: [127.0.0.1] }]`;
  const pod = `
apiVersion: v1
kind: Pod
metadata: { namespace: shop, name: client, annotations: { weft.dev/proxy: '{}' } }
status: { podIPs: [{ ip: 10.244.0.4 }] }`;
  return [
    `used: { shop/Pod/client: ['${web}', '${alternate}', '${empty}'] }`,
    service('web', '10.96.0.10', 80),
    service('alternate', '10.96.0.11', 8080),
    service('empty', '10.96.0.12', 80),
    service('v1', '10.96.0.21', 80),
    service('v2', '10.96.0.22', 80),
    slice('v1'),
    slice('v2'),
    route('web'),
    route('alternate'),
    pod,
  ].join('\n---');
}

describe('the real Envoy, with routes as translated', () => {
  const servers: Server[] = [];
  let onCopy: () => unknown = () => undefined;
  let envoy: RunningEnvoy;

  before(async () => {
    servers.push(await startEndpoint('v1'), await startEndpoint('v2', () => onCopy()));
    const [v1 = 0, v2 = 0] = servers.map(portOf);
    envoy = await RunningEnvoy.start((await translateCase(objects({ v1, v2 }))).translation);
  });

  after(async () => {
    await envoy?.stop();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const get = (path: string, headers: Record<string, string> = {}) => envoy.call(web, path, { headers });
  const grpc = (destination: string, path: string) =>
    envoy.call(destination, path, { method: 'POST', headers: { 'content-type': 'application/grpc' } });

  /** Four standard deviations of a share of `count` draws: one run in ten thousand lies outside. */
  function assertShare(actual: number, count: number, share: number): void {
    const deviation = 4 * Math.sqrt(count * share * (1 - share));
    assert.ok(
      Math.abs(actual - count * share) <= deviation,
      `${actual} of ${count} is not a share of ${share}`,
    );
  }

  test('shares requests by weight within one connection', async () => {
    const servedBy: (string | undefined)[] = [];
    for (let i = 0; i < 1000; i++) servedBy.push((await get('/split')).seen?.server);
    assert.equal(servedBy.filter((name) => name === undefined).length, 0);
    assertShare(servedBy.filter((name) => name === 'v2').length, 1000, 0.3);
  });

  test('answers 500 for the share of a missing backend, and serves the rest', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 400; i++) statuses.push((await get('/partly')).status);
    assert.deepEqual([...new Set(statuses)].sort(), [200, 500]);
    assertShare(statuses.filter((status) => status === 500).length, 400, 0.5);
  });

  const statuses = [
    ['a missing backend', '/gone', 500],
    ['a prefix itself', '/elements', 200],
    ['what lies below a prefix', '/elements/x', 200],
    ['a path that only begins like a prefix', '/elements2', 404],
    ['an exact path', '/exact?a=b', 200],
    ['an exact path with a slash more', '/exact/', 404],
    ['a regular expression', '/re42', 200],
    ['a regular expression that matches only a part', '/re42x', 404],
    ['no match', '/nothing', 404],
  ] as const;
  for (const [what, path, status] of statuses) {
    test(`answers ${status} for ${what}`, async () => assert.equal((await get(path)).status, status));
  }

  test('answers 503 where a Service has no endpoints', async () => {
    assert.equal((await envoy.call(empty, '/')).status, 503);
  });

  test('matches only what meets method, header and query together', async () => {
    const put = (path: string, value: string) =>
      envoy.call(web, path, { method: 'PUT', headers: { 'x-a': value } });
    assert.equal((await put('/match?q=v1', 'one')).status, 200);
    assert.equal((await put('/match?q=w1', 'one')).status, 404);
    assert.equal((await put('/match?q=v1', 'two')).status, 404);
    assert.equal((await get('/match?q=v1', { 'x-a': 'one' })).status, 404);
  });

  const rewrites = [
    ['/old', '/new'],
    ['/old/', '/new/'],
    ['/old/a?b=c', '/new/a?b=c'],
    ['/strip.me', '/'],
    ['/strip.me/', '/'],
    ['/strip.me/a/b?c=d', '/a/b?c=d'],
    ['/whole/of/it?a=b', '/a\\0b?a=b'],
  ] as const;
  for (const [path, expected] of rewrites) {
    test(`rewrites ${path} to ${expected}`, async () => assert.equal((await get(path)).seen?.url, expected));
  }

  test('rewrites the host where a route says so and leaves it alone elsewhere', async () => {
    assert.equal((await get('/old')).seen?.headers.host, 'new.example');
    assert.equal((await get('/exact', { host: 'as.it.was:1234' })).seen?.headers.host, 'as.it.was:1234');
  });

  const redirects = [
    [web, '/to-prefix/a?b=c', 308, 'http://a.example/a?b=c'],
    [web, '/to-prefix', 308, 'http://a.example/'],
    [web, '/to-path/x?q=1', 303, 'http://10.96.0.10/done?q=1'],
    [web, '/to-https/x', 301, 'https://10.96.0.10/to-https/x'],
    [web, '/to-port', 302, 'http://10.96.0.10:8443/to-port'],
    [alternate, '/to-prefix/a', 308, 'http://a.example:8080/a'],
    [alternate, '/to-path', 303, 'http://10.96.0.11:8080/done'],
    [alternate, '/to-https', 301, 'https://10.96.0.11:443/to-https'],
  ] as const;
  for (const [destination, path, status, location] of redirects) {
    test(`redirects ${destination}${path} to ${location}`, async () => {
      const answer = await envoy.call(destination, path);
      assert.deepEqual([answer.status, answer.headers.location], [status, location]);
    });
  }

  test('changes the headers of requests as rule and backend say', async () => {
    const { seen } = await get('/headers', { 'x-add': 'a', 'x-remove': '1', 'x-set': 'before' });
    const {
      host,
      'x-set': set,
      'x-add': add,
      'x-remove': removed,
      'x-backend': backend,
    } = seen?.headers ?? {};
    assert.deepEqual([host, set, add, removed, backend], ['h.example', '100%', 'a, b', undefined, 'v1']);
  });

  test('changes the headers of responses, and otherwise passes on what the application said', async () => {
    const changed = await get('/headers');
    assert.deepEqual([changed.headers['x-set'], changed.headers['server']], ['r', undefined]);
    assert.equal((await get('/exact')).headers['server'], 'v1');
  });

  test('tells neither application nor client of Envoy', async () => {
    const { headers, seen } = await get('/exact');
    const names = [...Object.keys(headers), ...Object.keys(seen?.headers ?? {})];
    assert.deepEqual(
      names.filter(
        (name) => name.startsWith('x-envoy') || name.startsWith('x-weft') || name === 'x-forwarded-for',
      ),
      [],
    );
  });

  test('sends a copy of each mirrored request', { timeout: 20_000 }, async () => {
    const copies = new Promise<void>((resolve) => {
      let expected = 5;
      onCopy = () => --expected === 0 && resolve();
    });
    for (let i = 0; i < 5; i++) assert.equal((await get('/mirrored')).seen?.server, 'v1');
    await copies;
  });

  test('ends a request, or a try, that takes longer than its limit with 504', async () => {
    assert.equal((await get('/slow/request')).status, 504);
    assert.equal((await get('/slow/try')).status, 504);
  });

  test('waits without limit where no rule sets one', async () => {
    assert.equal((await get('/slow/unlimited')).status, 200);
  });

  test('answers gRPC in its own terms', async () => {
    const status = async (destination: string, path: string) => {
      const { headers } = await grpc(destination, path);
      return [headers['content-type'], headers['grpc-status']];
    };
    assert.deepEqual(await status(web, '/nothing'), ['application/grpc', '12']);
    assert.deepEqual(await status(web, '/gone'), ['application/grpc', '2']);
    assert.deepEqual(await status(empty, '/'), ['application/grpc', '14']);
  });
});
