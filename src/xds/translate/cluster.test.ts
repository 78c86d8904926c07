import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podCluster, serviceCluster } from './cluster.ts';
import { decode, identity, path } from './testing.ts';

const web = identity('shop', 'web');

function service(
  protocol: Parameters<typeof serviceCluster>[1]['protocol'],
  identities: readonly string[] = [web],
) {
  const resource = serviceCluster('shop/web:80', { protocol }, identities);
  return { resource, json: decode('cluster', resource) };
}

const tlsPath = ['transportSocketMatches', 0, 'transportSocket', 'typedConfig'] as const;
const sanPath = [
  'combinedValidationContext',
  'defaultValidationContext',
  'matchTypedSubjectAltNames',
] as const;

test('the server must show one of the identities of the endpoints, by its URI and exactly', () => {
  const { json } = service('http', [web, identity('shop', 'web-next')]);
  assert.deepEqual(path(json, ...tlsPath, 'commonTlsContext', ...sanPath), [
    { sanType: 'URI', matcher: { exact: web } },
    { sanType: 'URI', matcher: { exact: identity('shop', 'web-next') } },
  ]);
});

test('mutual TLS is version 1.3 at both ends of the range', () => {
  const { json } = service('http');
  assert.deepEqual(path(json, ...tlsPath, 'commonTlsContext', 'tlsParams'), {
    tlsMinimumProtocolVersion: 'TLSv1_3',
    tlsMaximumProtocolVersion: 'TLSv1_3',
  });
});

test('no ALPN is set in the client, so that each connection pool offers its own', () => {
  const { json } = service('http');
  assert.equal(path(json, ...tlsPath, 'commonTlsContext', 'alpnProtocols'), undefined);
});

test('endpoints without the mark of the mesh get plaintext, those with it never do', () => {
  const { json } = service('http');
  const matches = path(json, 'transportSocketMatches') as { name: string; match: unknown }[];
  assert.deepEqual(
    matches.map(({ name, match }) => [name, match]),
    [
      ['mesh', { mesh: true }],
      ['plaintext', {}],
    ],
  );
});

test('a Service without meshed endpoints has no TLS, which without an identity would accept anybody', () => {
  const { json, resource } = service('http', []);
  assert.equal(json['transportSocketMatches'], undefined);
  assert.deepEqual(resource.needs, [{ kind: 'endpoints', name: 'svc/shop/web:80' }]);
});

test('a cluster with TLS needs its endpoints and both secrets', () => {
  const needs = service('http').resource.needs.map(({ kind, name }) => `${kind} ${name}`);
  assert.deepEqual(needs, ['endpoints svc/shop/web:80', 'secret identity', 'secret trust']);
});

const optionsPath = [
  'typedExtensionProtocolOptions',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
] as const;

for (const protocol of ['http2', 'grpc'] as const) {
  test(`a port of protocol ${protocol} is called by HTTP/2 whatever the client speaks`, () => {
    assert.ok(path(service(protocol).json, ...optionsPath, 'explicitHttpConfig', 'http2ProtocolOptions'));
  });
}

for (const protocol of ['http', 'detect'] as const) {
  test(`a port of protocol ${protocol} is called by what the client speaks`, () => {
    assert.ok(path(service(protocol).json, ...optionsPath, 'useDownstreamProtocolConfig'));
  });
}

test('a port of opaque TCP has no HTTP options', () => {
  assert.equal(service('tcp').json['typedExtensionProtocolOptions'], undefined);
});

const pod = { kind: 'pod', address: 'fd00::5', port: 8080, pod: 'shop/web-0', protocol: 'http' } as const;

test('a pod is called by its address, as the one identity it has', () => {
  const json = decode('cluster', podCluster('[fd00::5]:8080', { ...pod, identity: web }));
  const tls = path(json, 'transportSocket', 'typedConfig');
  assert.equal(path(tls, 'sni'), 'p8080.pod.weft');
  assert.deepEqual(path(tls, 'commonTlsContext', ...sanPath), [{ sanType: 'URI', matcher: { exact: web } }]);
  assert.deepEqual(
    path(json, 'loadAssignment', 'endpoints', 0, 'lbEndpoints', 0, 'endpoint', 'address', 'socketAddress'),
    { address: 'fd00::5', portValue: 8080 },
  );
});

test('a pod outside the mesh is called in plaintext', () => {
  const resource = podCluster('[fd00::5]:8080', pod);
  assert.equal(decode('cluster', resource)['transportSocket'], undefined);
  assert.deepEqual(resource.needs, []);
});

test('a gateway calls a port of HTTP by HTTP/1.1, whatever its client speaks, and one of HTTP/2 by that', () => {
  const called = (protocol: Parameters<typeof serviceCluster>[1]['protocol']) =>
    decode('cluster', serviceCluster('shop/web:80', { protocol }, [], { name: 'x', edge: true }));
  for (const protocol of ['http', 'detect'] as const)
    assert.ok(path(called(protocol), ...optionsPath, 'explicitHttpConfig', 'httpProtocolOptions'));
  assert.ok(path(called('http2'), ...optionsPath, 'explicitHttpConfig', 'http2ProtocolOptions'));
});

test('a variant has its own name and endpoints, and the server name of its Service', () => {
  const name = 'svc/shop/web:80+opaque';
  const variant = { name, alpn: ['weft-tcp'] };
  const resource = serviceCluster('shop/web:80', { protocol: 'tcp' }, [web], variant);
  const json = decode('cluster', resource);
  assert.equal(path(json, 'edsClusterConfig', 'serviceName'), name);
  assert.deepEqual(resource.needs[0], { kind: 'endpoints', name });
  assert.equal(path(json, ...tlsPath, 'sni'), 'p80.web.shop.weft');
  assert.deepEqual(path(json, ...tlsPath, 'commonTlsContext', 'alpnProtocols'), ['weft-tcp']);
});
