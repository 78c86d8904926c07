import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteRule } from '../../mesh/model.ts';
import { podRoutes, serviceRoutes } from './route.ts';
import { decode, path, testRule } from './testing.ts';

function routesOf(...rules: readonly Partial<RouteRule>[]) {
  return serviceRoutes({ servicePort: 'shop/web:80', rules: rules.map(testRule) }, () => undefined);
}

const first = (...rules: readonly Partial<RouteRule>[]) =>
  path(decode('route', routesOf(...rules)), 'virtualHosts', 0, 'routes', 0);

const v1 = { servicePort: 'shop/web-v1:80', weight: 70 };
const v2 = { servicePort: 'shop/web-v2:80', weight: 30 };
const headers = (name: string) => ({ set: [{ name, value: '1' }], add: [], remove: [] });

test('there is no time limit but the one that a rule sets', () => {
  assert.equal(path(first({}), 'route', 'timeout'), '0s');
  assert.equal(path(first({ requestTimeoutMs: 1_500 }), 'route', 'timeout'), '1.500s');
});

test('the limit of one try comes with the retries that every route has', () => {
  const json = decode('route', routesOf({ backendTimeoutMs: 250 }));
  const { perTryTimeout, ...rest } = path(
    json,
    'virtualHosts',
    0,
    'routes',
    0,
    'route',
    'retryPolicy',
  ) as Record<string, unknown>;
  assert.equal(perTryTimeout, '0.250s');
  assert.deepEqual(rest, path(json, 'virtualHosts', 0, 'retryPolicy'));
});

test('nothing is retried that the application may have seen', () => {
  const retryOn = path(decode('route', routesOf({})), 'virtualHosts', 0, 'retryPolicy', 'retryOn');
  assert.equal(retryOn, 'connect-failure,refused-stream,reset-before-request,retriable-headers');
});

test('backends share requests by their weights', () => {
  assert.deepEqual(path(first({ backends: [v1, v2] }), 'route', 'weightedClusters', 'clusters'), [
    { name: 'svc/shop/web-v1:80', weight: 70 },
    { name: 'svc/shop/web-v2:80', weight: 30 },
  ]);
});

test('the share of an invalid backend goes to a cluster that never exists, which answers 500', () => {
  const route = path(first({ backends: [v1, { weight: 30 }] }), 'route');
  assert.deepEqual(path(route, 'weightedClusters', 'clusters', 1), { name: 'invalid-backend', weight: 30 });
  assert.equal(path(route, 'clusterNotFoundResponseCode'), 'INTERNAL_SERVER_ERROR');
});

test('a valid backend whose cluster is late is not answered 500', () => {
  assert.equal(path(first({ backends: [v1, v2] }), 'route', 'clusterNotFoundResponseCode'), undefined);
});

for (const [what, backends] of [
  ['no backend', []],
  ['only invalid backends', [{ weight: 1 }]],
] as const) {
  test(`a rule with ${what} answers 500 by itself`, () => {
    assert.deepEqual(path(first({ backends }), 'directResponse'), { status: 500 });
  });
}

test('a redirect needs no backend and names no cluster', () => {
  const resource = routesOf({ backends: [], filters: { mirrors: [], redirect: { statusCode: 301 } } });
  assert.deepEqual(resource.needs, []);
});

test('a configuration needs every cluster of backends and mirrors, each once and in order', () => {
  const mirrors = [{ servicePort: 'shop/copy:80', numerator: 1, denominator: 1 }];
  const { needs } = routesOf({ backends: [v2, v1] }, { backends: [v1], filters: { mirrors } });
  assert.deepEqual(
    needs.map(({ name }) => name),
    ['svc/shop/copy:80', 'svc/shop/web-v1:80', 'svc/shop/web-v2:80'],
  );
});

test('a lone backend with header changes of its own is still a weighted one, which can carry them', () => {
  const backend = { ...v1, requestHeaders: headers('x-a') };
  const clusters = path(first({ backends: [backend] }), 'route', 'weightedClusters', 'clusters');
  assert.equal(path(clusters, 0, 'requestHeadersToAdd', 0, 'header', 'key'), 'x-a');
});

test('Host is set by a host rewrite, for the rule or for one backend', () => {
  const route = path(
    first({
      filters: { mirrors: [], requestHeaders: headers('host') },
      backends: [{ ...v1, requestHeaders: headers('host') }],
    }),
  );
  assert.equal(path(route, 'requestHeadersToAdd'), undefined);
  assert.equal(path(route, 'route', 'hostRewriteLiteral'), '1');
  assert.equal(path(route, 'route', 'weightedClusters', 'clusters', 0, 'hostRewriteLiteral'), '1');
});

test('a rewrite of the host wins over a header change', () => {
  const filters = { mirrors: [], rewrite: { hostname: 'a.example' }, requestHeaders: headers('host') };
  assert.equal(path(first({ filters }), 'route', 'hostRewriteLiteral'), 'a.example');
});

test('a share of one third is mirrored as exactly as Envoy can say it', () => {
  const filters = { mirrors: [{ servicePort: 'shop/copy:80', numerator: 1, denominator: 3 }] };
  const policy = path(first({ filters }), 'route', 'requestMirrorPolicies', 0);
  assert.deepEqual(path(policy, 'runtimeFraction', 'defaultValue'), {
    numerator: 333_333,
    denominator: 'MILLION',
  });
});

test('a pod called by its address gets everything, on the terms of every route', () => {
  const pod = decode('route', podRoutes('pod/10.244.0.5:80'));
  const service = decode('route', routesOf({ backends: [{ servicePort: 'a/b:1', weight: 1 }], route: '' }));
  assert.equal(path(pod, 'virtualHosts', 0, 'routes', 0, 'route', 'cluster'), 'pod/10.244.0.5:80');
  assert.deepEqual(
    JSON.parse(JSON.stringify(pod).replaceAll('pod/10.244.0.5:80', 'X')),
    JSON.parse(JSON.stringify(service).replaceAll('svc/shop/web:80', 'X').replaceAll('svc/a/b:1', 'X')),
  );
});

const redirects = [
  ['the port that was called stays, since Host has it', 8080, { hostname: undefined }, 8080],
  ['a new host gets the port that was called', 8080, { hostname: 'a.example' }, 8080],
  ['port 80 is not written', 80, { hostname: 'a.example' }, undefined],
  ['a given port is written', 80, { port: 8443 }, 8443],
  ['a given well-known port is not written', 80, { hostname: 'a.example', port: 80 }, undefined],
  [
    'a scheme brings its own port, which is not written',
    8080,
    { scheme: 'https', hostname: 'a.example' },
    undefined,
  ],
  ['a scheme brings its own port, written where Host has another', 8080, { scheme: 'https' }, 443],
  ['a given port that is well-known for another scheme is written', 80, { scheme: 'https', port: 80 }, 80],
] as const;

for (const [what, called, { hostname, scheme, port }, expected] of redirects.map(
  ([text, number, redirect, result]) =>
    [text, number, { hostname: undefined, scheme: undefined, port: undefined, ...redirect }, result] as const,
)) {
  test(`redirect: ${what}`, () => {
    const redirect = {
      statusCode: 302,
      ...(hostname === undefined ? {} : { hostname }),
      ...(scheme === undefined ? {} : { scheme }),
      ...(port === undefined ? {} : { port }),
    };
    const rule = testRule({ backends: [], filters: { mirrors: [], redirect } });
    const json = decode(
      'route',
      serviceRoutes({ servicePort: `shop/web:${called}`, rules: [rule] }, () => undefined),
    );
    assert.equal(path(json, 'virtualHosts', 0, 'routes', 0, 'redirect', 'portRedirect'), expected);
  });
}
