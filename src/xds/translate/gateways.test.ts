import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { RouteRule } from '../../mesh/model.ts';
import { resourceKinds } from '../resource.ts';
import { type TestGateways, terminate, testGateway, testGateways } from './gateway-testing.ts';
import { addService, addWorkload, decode, identity, path, testRule } from './testing.ts';

const workload = 'infra/Gateway/web';
const web = identity('shop', 'web');

let at: TestGateways;
let errors: string[];

const listeners = (...names: readonly string[]) => [
  { port: 80, listeners: names.map((name) => http(name)) },
  { port: 443, listeners: names.map((name) => https(name)) },
];
const http = (name: string) => ({
  name: `http-${name}`,
  protocol: 'HTTP' as const,
  hostname: `${name}.example.com`,
});
const https = (name: string) => ({
  name: `https-${name}`,
  protocol: 'HTTPS' as const,
  hostname: `${name}.example.com`,
  tls: terminate('infra/web'),
});

const serve = (listener: string, name: string, ...rules: readonly RouteRule[]) =>
  at.gateway.listenerHosts.set(`infra/web/${listener}`, {
    hosts: [{ domain: `${name}.example.com`, rules }],
  });

const to = (servicePort: string, weight = 1) => ({ servicePort, weight });

beforeEach(async () => {
  errors = [];
  at = testGateways(
    new Graph({
      onError: (error, { collection, key }) => errors.push(`${collection} ${key}: ${error.message}`),
    }),
  );
  addService(at, 'shop/web:80', '10.96.0.10', { endpoints: [['10.244.0.5', web]] });
  addService(at, 'shop/other:80', '10.96.0.11', { endpoints: [['10.244.0.6']] });
  at.gateway.certificates.set('infra/web', { chain: 'chain', privateKey: 'key' });
  at.gateway.gateways.set('infra/web', testGateway('infra/web', listeners('a', 'b')));
  serve('http-a', 'a', testRule());
  serve('https-a', 'a', testRule());
  serve('https-b', 'b', testRule());
  await at.graph.settled();
});

/** What `change` makes different in everything that is served, as `collection key`. */
async function changes(change: () => unknown): Promise<readonly string[]> {
  const seen: string[] = [];
  const { resources, lists, onDemand } = at.translation;
  const stops = Object.entries({ ...resources, lists, onDemand }).map(([name, collection]) =>
    collection.subscribe((list: readonly { readonly key: string }[]) =>
      seen.push(...list.map(({ key }) => `${name} ${key}`)),
    ),
  );
  change();
  await at.graph.settled();
  for (const stop of stops) stop();
  assert.deepEqual(errors, []);
  return seen.sort();
}

test('a gateway holds its listeners and what its routes lead to, and nothing of a sidecar', () => {
  assert.deepEqual(at.translation.lists.get(workload), {
    clusters: ['svc/shop/web:80+edge'],
    listeners: ['gateway/infra/web/tcp:443', 'gateway/infra/web/tcp:80'],
  });
});

test('the pods of a gateway are a workload of the mesh without the listeners of one', async () => {
  assert.deepEqual(await changes(() => addWorkload(at, workload, [])), []);
  at.gateway.gateways.delete('infra/web');
  await at.graph.settled();
  assert.equal(at.translation.lists.has(workload), false);
});

test('another weight changes the routes of one listener and nothing else', async () => {
  const split = (a: number, b: number) =>
    testRule({ backends: [to('shop/web:80', a), to('shop/other:80', b)] });
  serve('https-a', 'a', split(90, 10));
  await at.graph.settled();
  assert.deepEqual(await changes(() => serve('https-a', 'a', split(50, 50))), [
    'route gateway/infra/web/https-a',
  ]);
});

test('a route of plaintext HTTP changes the one configuration of its port', async () => {
  const rule = testRule({ backends: [] });
  assert.deepEqual(await changes(() => serve('http-b', 'b', rule)), ['route gateway/infra/web/tcp:80']);
});

test('a new backend brings its cluster and endpoints with it', async () => {
  const rule = testRule({ backends: [to('shop/other:80')] });
  assert.deepEqual(await changes(() => serve('https-b', 'b', rule)), [
    'cluster svc/shop/other:80+edge',
    'endpoints svc/shop/other:80+edge',
    `lists ${workload}`,
    'route gateway/infra/web/https-b',
  ]);
});

test('the same hosts in new objects change nothing', async () => {
  assert.deepEqual(await changes(() => serve('https-b', 'b', testRule())), []);
});

test('a new certificate is one secret', async () => {
  const next = { chain: 'next chain', privateKey: 'next key' };
  assert.deepEqual(await changes(() => at.gateway.certificates.set('infra/web', next)), [
    'secret certificate/infra/web',
  ]);
});

test('new authorities of clients are one secret', async () => {
  const validated = (authorities: string) =>
    testGateway('infra/web', [
      {
        port: 443,
        listeners: [
          {
            ...https('a'),
            tls: {
              mode: 'Terminate',
              certificates: ['infra/web'],
              clientValidation: { authorities, mode: 'AllowValidOnly' },
            },
          },
        ],
      },
    ]);
  at.gateway.gateways.set('infra/web', validated('one'));
  await at.graph.settled();
  assert.deepEqual(await changes(() => at.gateway.gateways.set('infra/web', validated('two'))), [
    'secret client-authorities/infra/web/https-a',
  ]);
});

test('new authorities of a backend are one secret, and a broken policy takes the endpoints away', async () => {
  const policy = { hostname: 'web', subjectAltNames: [], authorities: 'one', broken: false };
  const backend = { ...to('shop/web:80'), upstream: { tls: 'shop/policy' } };
  at.gateway.backendTLS.set('shop/policy', policy);
  serve('https-a', 'a', testRule({ backends: [backend] }));
  await at.graph.settled();
  const next = { ...policy, authorities: 'two' };
  assert.deepEqual(await changes(() => at.gateway.backendTLS.set('shop/policy', next)), [
    'secret backend-authorities/shop/policy',
  ]);
  const name = 'svc/shop/web:80+tls=shop/policy';
  const cluster = () => decode('cluster', at.translation.resources.cluster.get(name));
  assert.equal(cluster()['type'], 'EDS');
  assert.deepEqual(await changes(() => at.gateway.backendTLS.set('shop/policy', { ...next, broken: true })), [
    `cluster ${name}`,
    'secret backend-authorities/shop/policy',
  ]);
  assert.equal(cluster()['type'], 'STATIC');
  assert.equal(cluster()['loadAssignment'], undefined);
  at.gateway.backendTLS.delete('shop/policy');
  await at.graph.settled();
  assert.equal(cluster()['type'], 'STATIC');
});

test('an endpoint that comes changes endpoints alone', async () => {
  const endpoints = ['10.244.0.5', '10.244.0.9'].map((address) => ({
    address,
    port: 8080,
    zone: '',
    identity: web,
  }));
  assert.deepEqual(await changes(() => at.endpoints.set('shop/web:80', { endpoints, identities: [web] })), [
    'endpoints svc/shop/web:80+edge',
  ]);
});

test('a sidecar and a gateway that call the same backend have clusters of their own', async () => {
  addWorkload(at, 'shop/Deployment/front', ['10.96.0.10:80']);
  await at.graph.settled();
  assert.deepEqual(
    [...at.translation.resources.cluster.keys()].filter((name) => name.startsWith('svc/')).sort(),
    ['svc/shop/web:80', 'svc/shop/web:80+edge'],
  );
});

test('another weight of UDP is one set of endpoints', async () => {
  const ports = [
    { port: 53, transport: 'udp' as const, listeners: [{ name: 'dns', protocol: 'UDP' as const }] },
  ];
  at.gateway.gateways.set('infra/dns', testGateway('infra/dns', ports));
  const serveUdp = (a: number, b: number) =>
    at.gateway.listenerStreams.set('infra/dns/dns', {
      streams: [
        { kind: 'UDPRoute', route: 'shop/dns', backends: [to('shop/web:80', a), to('shop/other:80', b)] },
      ],
    });
  serveUdp(70, 30);
  await at.graph.settled();
  assert.deepEqual(await changes(() => serveUdp(50, 50)), ['endpoints udp/infra/dns/dns']);
});

test('one more listener of a port touches what knows of the port alone', async () => {
  assert.deepEqual(
    await changes(() =>
      at.gateway.gateways.set('infra/web', testGateway('infra/web', listeners('a', 'b', 'c'))),
    ),
    [
      'listener gateway/infra/web/tcp:443',
      `route gateway/infra/web/https-a`,
      `route gateway/infra/web/https-b`,
      `route gateway/infra/web/https-c`,
      'route gateway/infra/web/tcp:80',
    ],
  );
});

test('one more HTTPS listener encodes its own chain and none of the others', async () => {
  const ran = () =>
    at.graph.stats().collections.find(({ name }) => name === 'xds/gateway-https-chain')?.recomputations ?? 0;
  const before = ran();
  await changes(() =>
    at.gateway.gateways.set('infra/web', testGateway('infra/web', listeners('a', 'b', 'c'))),
  );
  assert.equal(ran(), before + 1);
});

test('a Gateway that goes takes everything with it', async () => {
  at.gateway.gateways.delete('infra/web');
  await at.graph.settled();
  const { resources, lists } = at.translation;
  assert.equal(lists.has(workload), false);
  for (const kind of ['cluster', 'endpoints', 'listener', 'route'] as const)
    assert.equal(resources[kind].size, 0, kind);
});

test('a secret with a key is needed by those alone that refer to it', () => {
  const needing = resourceKinds.flatMap((kind) =>
    [...at.translation.resources[kind].entries()].flatMap(([name, { needs }]) =>
      needs.some((need) => need.name === 'certificate/infra/web') ? [`${kind} ${name}`] : [],
    ),
  );
  assert.deepEqual(needing, ['listener gateway/infra/web/tcp:443']);
});

test('routes and clusters refer to the certificate by name and never contain it', () => {
  const { secret: _, ...others } = at.translation.resources;
  for (const [kind, collection] of Object.entries(others))
    for (const [name, { body }] of collection.entries())
      assert.equal(Buffer.from(body).includes('chain'), false, `${kind} ${name}`);
  const secret = decode('secret', at.translation.resources.secret.get('certificate/infra/web'));
  const key = path(secret, 'tlsCertificate', 'privateKey', 'inlineBytes');
  assert.equal(key, Buffer.from('key').toString('base64'));
});

test('five hundred listeners with a thousand routes: a change of one encodes its own listener again and nothing else', async () => {
  const names = Array.from({ length: 250 }, (_, index) => `host${index}`);
  at.gateway.gateways.set('infra/web', testGateway('infra/web', listeners(...names)));
  const rules = (value: string) =>
    ['/a', '/b'].map((prefix) =>
      testRule({
        match: { path: { type: 'PathPrefix', value: prefix }, headers: [], query: [] },
        filters: { mirrors: [], requestHeaders: { set: [{ name: 'x', value }], add: [], remove: [] } },
      }),
    );
  for (const name of names) {
    serve(`http-${name}`, name, ...rules('one'));
    serve(`https-${name}`, name, ...rules('one'));
  }
  await at.graph.settled();
  const runs = () =>
    Object.fromEntries(at.graph.stats().collections.map((each) => [each.name, each.recomputations]));
  const before = runs();
  assert.deepEqual(await changes(() => serve('https-host7', 'host7', ...rules('two'))), [
    'route gateway/infra/web/https-host7',
  ]);
  assert.deepEqual(await changes(() => serve('http-host7', 'host7', ...rules('two'))), [
    'route gateway/infra/web/tcp:80',
  ]);
  const after = runs();
  const ran = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
  assert.equal(ran('xds/gateway-hosts'), 2);
  assert.equal(ran('xds/gateway-route'), 2);
  assert.equal(ran('xds/gateway-listener'), 0);
  assert.equal(ran('xds/gateway-lists'), 0);
});
