import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InboundPolicy } from '../../mesh/model.ts';
import { hasDetection, inbound, inboundDetection } from './listener-inbound.ts';
import { decode, path, testProfile } from './testing.ts';

function listener(policy: Partial<InboundPolicy>) {
  const resource = inbound(
    'shop/Deployment/web',
    { mode: 'Permissive', tcpPorts: [], httpPorts: [], ...policy },
    'mesh.example',
    testProfile,
  );
  return { resource, json: decode('listener', resource) };
}

function chains(json: unknown): readonly string[] {
  const { filterChains = [], defaultFilterChain } = json as {
    filterChains?: { name: string }[];
    defaultFilterChain?: { name: string };
  };
  return [...filterChains, ...(defaultFilterChain === undefined ? [] : [defaultFilterChain])].map(
    ({ name }) => name,
  );
}

function inspectors(json: unknown): readonly string[] {
  return (json as { listenerFilters: { name: string }[] }).listenerFilters.map(
    ({ name }) => name.split('.').at(-1) ?? '',
  );
}

test('mode Permissive takes mutual TLS and plaintext, of HTTP and of anything else', () => {
  const { json } = listener({});
  assert.deepEqual(chains(json), ['mesh-http', 'mesh-tcp', 'plaintext-http', 'plaintext-tcp']);
  assert.deepEqual(inspectors(json), ['original_dst', 'tls_inspector', 'http_inspector']);
});

test('mode Strict has no chain that takes plaintext, nor one that takes what matches none', () => {
  const { json } = listener({ mode: 'Strict' });
  assert.deepEqual(chains(json), ['mesh-http', 'mesh-tcp']);
  assert.deepEqual(inspectors(json), ['original_dst', 'tls_inspector']);
});

test('mode Strict closes a connection that says nothing', () => {
  assert.equal(listener({ mode: 'Strict' }).json['continueOnListenerFiltersTimeout'], undefined);
});

test('mode Disabled has no TLS and needs no secrets', () => {
  const { json, resource } = listener({ mode: 'Disabled' });
  assert.deepEqual(chains(json), ['plaintext-http', 'plaintext-tcp']);
  assert.deepEqual(inspectors(json), ['original_dst', 'http_inspector']);
  assert.deepEqual(resource.needs, []);
});

test('TLS is of the mesh when its server name ends in the suffix; the application gets other TLS untouched', () => {
  const matches = path(listener({}).json, 'filterChains') as { filterChainMatch: object }[];
  assert.deepEqual(
    matches.map(({ filterChainMatch }) => filterChainMatch),
    [
      { serverNames: ['*.weft'], transportProtocol: 'tls', applicationProtocols: ['h2', 'http/1.1'] },
      { serverNames: ['*.weft'], transportProtocol: 'tls', applicationProtocols: ['weft-tcp'] },
      { transportProtocol: 'raw_buffer', applicationProtocols: ['http/1.0', 'http/1.1', 'h2c'] },
    ],
  );
});

for (const chain of [0, 1]) {
  test(`chain ${chain} demands a certificate of the trust domain`, () => {
    const tls = path(listener({}).json, 'filterChains', chain, 'transportSocket', 'typedConfig');
    assert.equal(path(tls, 'requireClientCertificate'), true);
    assert.deepEqual(path(tls, 'commonTlsContext', 'combinedValidationContext', 'defaultValidationContext'), {
      matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { prefix: 'spiffe://mesh.example/' } }],
    });
  });
}

test('the application is told proven identities, and nothing that a plaintext caller claims', () => {
  const { json } = listener({});
  const http = (chain: number) => path(json, 'filterChains', chain, 'filters', 0, 'typedConfig');
  assert.equal(path(http(0), 'forwardClientCertDetails'), 'SANITIZE_SET');
  assert.deepEqual(path(http(0), 'setCurrentClientCertDetails'), { uri: true });
  // SANITIZE is the default, which JSON leaves out.
  assert.equal(path(http(2), 'forwardClientCertDetails'), undefined);
  assert.equal(path(http(2), 'setCurrentClientCertDetails'), undefined);
});

test('only callers in the mesh are told that the application was not reached', () => {
  const { json } = listener({});
  assert.ok(path(json, 'filterChains', 0, 'filters', 0, 'typedConfig', 'localReplyConfig'));
  assert.equal(
    path(json, 'filterChains', 2, 'filters', 0, 'typedConfig', 'localReplyConfig', 'mappers'),
    undefined,
  );
});

const disabled = ['listenerFilters', 2, 'filterDisabled'] as const;

const someHttp: InboundPolicy = { mode: 'Permissive', tcpPorts: [5432], httpPorts: [8080, 9090] };

test('a workload has a second listener only where it is permissive and some of its ports are known to be HTTP', () => {
  const policies: readonly InboundPolicy[] = [
    someHttp,
    { ...someHttp, httpPorts: [] },
    { ...someHttp, mode: 'Strict' },
    { ...someHttp, mode: 'Disabled' },
  ];
  assert.deepEqual(policies.map(hasDetection), [true, false, false, false]);
});

test('on ports of HTTP the client may take its time, and nothing is taken for plaintext by its silence', () => {
  const { json, resource } = listener(someHttp);
  assert.equal(json['listenerFiltersTimeout'], '3600s');
  assert.equal(json['continueOnListenerFiltersTimeout'], undefined);
  assert.deepEqual(chains(json), ['mesh-http', 'mesh-tcp', 'plaintext-http', 'detect']);
  assert.deepEqual(resource.needs.at(-1), { kind: 'cluster', name: 'detect/shop/Deployment/web' });
});

test('nobody waits on the other ports before they are handed over', () => {
  const { json } = listener(someHttp);
  const notHttp = {
    notMatch: {
      orMatch: {
        rules: [
          { destinationPortRange: { start: 8080, end: 8081 } },
          { destinationPortRange: { start: 9090, end: 9091 } },
        ],
      },
    },
  };
  assert.deepEqual(
    [1, 2].map((filter) => path(json, 'listenerFilters', filter, 'filterDisabled')),
    [notHttp, notHttp],
  );
});

test('the other ports are told apart as without the first listener', () => {
  const resource = inboundDetection('shop/Deployment/web', someHttp, 'mesh.example', testProfile);
  const json = decode('listener', resource);
  assert.equal(resource.name, 'detect/shop/Deployment/web');
  assert.deepEqual(chains(json), ['mesh-http', 'mesh-tcp', 'plaintext-http', 'plaintext-tcp']);
  assert.equal(json['continueOnListenerFiltersTimeout'], true);
  assert.deepEqual(path(json, ...disabled), { destinationPortRange: { start: 5432, end: 5433 } });
});

test('plain connections have statistics of their own', () => {
  const { json } = listener({});
  const prefix = (chain: unknown) => path(chain as never, 'filters', 0, 'typedConfig', 'statPrefix');
  assert.deepEqual([...(json['filterChains'] as unknown[]), json['defaultFilterChain']].map(prefix), [
    'inbound-mesh',
    'inbound-mesh',
    'inbound-plain',
    'inbound-plain',
  ]);
});

test('a port of opaque TCP is not searched for HTTP, but still for TLS', () => {
  const { json } = listener({ tcpPorts: [5432] });
  assert.deepEqual(path(json, ...disabled), { destinationPortRange: { start: 5432, end: 5433 } });
  assert.equal(path(json, 'listenerFilters', 1, 'filterDisabled'), undefined);
});

test('several ports of opaque TCP are alternatives', () => {
  const { json } = listener({ tcpPorts: [5432, 6379] });
  assert.deepEqual(path(json, ...disabled, 'orMatch', 'rules'), [
    { destinationPortRange: { start: 5432, end: 5433 } },
    { destinationPortRange: { start: 6379, end: 6380 } },
  ]);
});

test('the listener takes connections of both families on the inbound port', () => {
  assert.deepEqual(path(listener({}).json, 'address', 'socketAddress'), {
    address: '::',
    portValue: 15_006,
    ipv4Compat: true,
  });
  assert.equal(listener({}).json['trafficDirection'], 'INBOUND');
});
