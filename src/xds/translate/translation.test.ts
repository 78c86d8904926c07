import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import { type ProxyLists, resourceKinds } from '../resource.ts';
import {
  addService,
  addWorkload,
  decode,
  identity,
  path,
  type TestMesh,
  testMesh,
  testRule,
  testSettings,
  wholeLists,
} from './testing.ts';

const front = 'shop/Deployment/front';
const web = identity('shop', 'web');

let at: TestMesh;
let errors: string[];

beforeEach(async () => {
  errors = [];
  at = testMesh(
    new Graph({
      onError: (error, { collection, key }) => errors.push(`${collection} ${key}: ${error.message}`),
    }),
  );
  addService(at, 'shop/web:80', '10.96.0.10', { endpoints: [['10.244.0.5', web]] });
  addService(at, 'shop/other:80', '10.96.0.11', { endpoints: [['10.244.0.6']] });
  addWorkload(at, front, ['10.96.0.10:80']);
  await at.graph.settled();
});

/** What `change` makes different in everything that is served, as `collection key`. */
async function changes(change: () => void): Promise<readonly string[]> {
  const seen: string[] = [];
  const { resources, lists, onDemand } = at.translation;
  const watched = { ...resources, lists, onDemand };
  const stops = Object.entries(watched).map(([name, collection]) =>
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

function listsOf(workload: string): ProxyLists {
  const lists = at.translation.lists.get(workload);
  assert.ok(lists, `${workload} has no lists`);
  return lists;
}

const weights = (a: number, b: number) => ({
  servicePort: 'shop/web:80',
  rules: [
    testRule({
      backends: [
        { servicePort: 'shop/web:80', weight: a },
        { servicePort: 'shop/other:80', weight: b },
      ],
    }),
  ],
});

const endpoint = (address: string, id?: string) => ({
  address,
  port: 8080,
  zone: '',
  ...(id === undefined ? {} : { identity: id }),
});

test('a proxy holds its own three listeners and what its destinations need, nothing else', () => {
  assert.deepEqual(wholeLists(listsOf(front)), {
    clusters: ['svc/shop/web:80'],
    listeners: [`inbound/${front}`, 'outbound', 'resumed', 'vl/10.96.0.10:80'],
  });
  assert.equal(at.translation.resources.cluster.has('svc/shop/other:80'), false);
});

test('an endpoint that comes changes one set of endpoints and nothing else', async () => {
  const endpoints = [endpoint('10.244.0.5', web), endpoint('10.244.0.9', web)];
  assert.deepEqual(await changes(() => at.endpoints.set('shop/web:80', { endpoints, identities: [web] })), [
    'endpoints svc/shop/web:80',
  ]);
});

test('an endpoint with a new identity changes the cluster too', async () => {
  const other = identity('shop', 'web-next');
  const endpoints = [endpoint('10.244.0.5', web), endpoint('10.244.0.9', other)];
  assert.deepEqual(
    await changes(() => at.endpoints.set('shop/web:80', { endpoints, identities: [web, other] })),
    ['cluster svc/shop/web:80', 'endpoints svc/shop/web:80'],
  );
});

test('an endpoint of a Service that nobody uses changes nothing', async () => {
  const endpoints = [endpoint('10.244.0.7')];
  assert.deepEqual(await changes(() => at.endpoints.set('shop/other:80', { endpoints, identities: [] })), []);
});

test('another weight changes one route configuration and nothing else', async () => {
  at.routeTables.set('shop/web:80', weights(90, 10));
  await at.graph.settled();
  assert.deepEqual(await changes(() => at.routeTables.set('shop/web:80', weights(50, 50))), [
    'route svc/shop/web:80',
  ]);
});

test('a feature that no route had before changes no listener', async () => {
  const session = { type: 'Cookie', name: 'cart', id: 'a1', cookieLifetime: 'Session' } as const;
  const cors = {
    allowOrigins: ['*'],
    allowMethods: [],
    allowHeaders: [],
    exposeHeaders: [],
    allowCredentials: false,
    maxAgeSeconds: 5,
  };
  const rules = [testRule({ session, filters: { mirrors: [], cors } })];
  assert.deepEqual(
    await changes(() => at.routeTables.set('shop/web:80', { servicePort: 'shop/web:80', rules })),
    ['route svc/shop/web:80'],
  );
});

test('routes of whole connections are the listener’s, and bring the clusters they need', async () => {
  const streams = [
    { kind: 'TCPRoute', route: 'shop/tcp', backends: [{ servicePort: 'shop/other:80', weight: 1 }] },
  ] as const;
  const table = { servicePort: 'shop/web:80', rules: [], streams };
  assert.deepEqual(await changes(() => at.routeTables.set('shop/web:80', table)), [
    'cluster svc/shop/other:80',
    'cluster svc/shop/web:80',
    'endpoints svc/shop/other:80',
    'endpoints svc/shop/web:80',
    'listener vl/10.96.0.10:80',
    `lists ${front}`,
    'onDemand vip/10.96.0.10:80',
    'route svc/shop/web:80',
  ]);
});

test('a new backend brings its cluster and endpoints with it', async () => {
  assert.deepEqual(await changes(() => at.routeTables.set('shop/web:80', weights(90, 10))), [
    'cluster svc/shop/other:80',
    'endpoints svc/shop/other:80',
    `lists ${front}`,
    'route svc/shop/web:80',
  ]);
});

test('a route table that says the same in new objects changes nothing', async () => {
  const table = at.routeTables.get('shop/web:80');
  assert.deepEqual(
    await changes(() => at.routeTables.set('shop/web:80', structuredClone(table) ?? weights(1, 1))),
    [],
  );
});

test('a second workload that uses the same destination only gets its own list and listener', async () => {
  const back = 'shop/Deployment/back';
  assert.deepEqual(await changes(() => addWorkload(at, back, ['10.96.0.10:80'])), [
    `listener inbound/${back}`,
    `lists ${back}`,
  ]);
});

test('a destination that the last workload leaves takes everything with it', async () => {
  assert.deepEqual(await changes(() => at.used.set(front, { destinations: [] })), [
    'cluster svc/shop/web:80',
    'endpoints svc/shop/web:80',
    'listener vl/10.96.0.10:80',
    `lists ${front}`,
    'onDemand vip/10.96.0.10:80',
    'route svc/shop/web:80',
  ]);
  for (const kind of ['cluster', 'endpoints', 'route'] as const)
    assert.equal(at.translation.resources[kind].size, 0);
});

test('one more destination of a workload touches none of its others', async () => {
  assert.deepEqual(
    await changes(() => at.used.set(front, { destinations: ['10.96.0.10:80', '10.96.0.11:80'] })),
    [
      'cluster svc/shop/other:80',
      'endpoints svc/shop/other:80',
      'listener vl/10.96.0.11:80',
      `lists ${front}`,
      'onDemand vip/10.96.0.11:80',
      'route svc/shop/other:80',
    ],
  );
});

test('a consumer route gives the clients of its namespace routes of their own under the name of the others, and no other listener', async () => {
  const client = 'blue/Deployment/client';
  addWorkload(at, client, ['10.96.0.10:80']);
  await at.graph.settled();
  const table = { ...weights(1, 1), clientNamespace: 'blue' };
  assert.deepEqual(await changes(() => at.routeTables.set('shop/web:80@blue', table)), [
    'cluster svc/shop/other:80',
    'endpoints svc/shop/other:80',
    `lists ${client}`,
    'route svc/shop/web:80@blue',
  ]);
  assert.equal(
    path(decode('route', at.translation.resources.route.get('svc/shop/web:80@blue')), 'name'),
    'svc/shop/web:80',
  );
  assert.deepEqual(await changes(() => at.routeTables.delete('shop/web:80@blue')), [
    'cluster svc/shop/other:80',
    'endpoints svc/shop/other:80',
    `lists ${client}`,
    'route svc/shop/web:80@blue',
  ]);
});

test('an address that nobody knows is answered all the same, and follows the settings', async () => {
  at.used.set(front, { destinations: ['10.96.7.7:443'] });
  await at.graph.settled();
  const answer = () => decode('cluster', at.translation.onDemand.get('vip/10.96.7.7:443'));
  assert.equal(answer()['type'], 'ORIGINAL_DST');
  const deny = await changes(() => at.settings.set('default', { ...testSettings, outbound: 'Deny' }));
  assert.deepEqual(deny, ['listener outbound', 'onDemand vip/10.96.7.7:443']);
  assert.equal(answer()['type'], 'STATIC');
  assert.equal(answer()['loadAssignment'], undefined);
});

test('an unknown address that becomes a Service is answered by that Service', async () => {
  at.used.set(front, { destinations: ['10.96.0.12:80'] });
  await at.graph.settled();
  await changes(() => addService(at, 'shop/new:80', '10.96.0.12'));
  const answer = at.translation.onDemand.get('vip/10.96.0.12:80');
  assert.deepEqual(
    answer?.needs.map(({ kind, name }) => `${kind} ${name}`),
    ['cluster svc/shop/new:80', 'listener resumed', 'listener vl/10.96.0.12:80', 'route svc/shop/new:80'],
  );
});

test('the answer for an opaque port needs no route', async () => {
  addService(at, 'shop/db:5432', '10.96.0.13', { protocol: 'tcp' });
  at.used.set(front, { destinations: ['10.96.0.13:5432'] });
  await at.graph.settled();
  const kinds = at.translation.onDemand.get('vip/10.96.0.13:5432')?.needs.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['cluster', 'listener', 'listener']);
});

test('mutual TLS of a workload is of its inbound listener alone', async () => {
  const change = await changes(() =>
    addWorkload(at, front, ['10.96.0.10:80'], { mode: 'Strict', tcpPorts: [], httpPorts: [] }),
  );
  assert.deepEqual(change, [`listener inbound/${front}`]);
});

test('a new trust domain reaches the inbound listeners', async () => {
  const change = await changes(() =>
    at.settings.set('default', { ...testSettings, trustDomain: 'new.example' }),
  );
  assert.deepEqual(change, [`listener inbound/${front}`]);
});

test('the secrets name files and hold no key', () => {
  const secrets = ['identity', 'trust'].map((name) =>
    decode('secret', at.translation.resources.secret.get(name)),
  );
  assert.equal(path(secrets[0], 'tlsCertificate', 'privateKey', 'filename'), '/run/weft/identity/key.pem');
  assert.equal(
    path(secrets[0], 'tlsCertificate', 'certificateChain', 'filename'),
    '/run/weft/identity/chain.pem',
  );
  assert.equal(path(secrets[1], 'validationContext', 'trustedCa', 'filename'), '/run/weft/identity/ca.pem');
  assert.doesNotMatch(JSON.stringify(secrets), /inline/);
});

test('the same mesh, told in another order, gives the same versions', async () => {
  const other = testMesh(new Graph({ onError: (error) => assert.fail(error) }));
  addWorkload(other, front, ['10.96.0.10:80']);
  addService(other, 'shop/other:80', '10.96.0.11', { endpoints: [['10.244.0.6']] });
  addService(other, 'shop/web:80', '10.96.0.10', { endpoints: [['10.244.0.5', web]] });
  await other.graph.settled();
  const versions = (mesh: TestMesh) =>
    resourceKinds.map((kind) =>
      [...mesh.translation.resources[kind].entries()]
        .map(([name, { version }]) => `${kind} ${name} ${version}`)
        .sort(),
    );
  assert.deepEqual(versions(other), versions(at));
});

test('every resource that is listed or needed exists under its own name', async () => {
  addService(at, 'shop/any:90', '10.96.0.14', { protocol: 'detect' });
  at.destinations.set('10.244.0.5:9999', {
    kind: 'pod',
    address: '10.244.0.5',
    port: 9999,
    pod: 'shop/web-0',
    protocol: 'detect',
    identity: web,
  });
  at.used.set(front, { destinations: ['10.96.0.10:80', '10.96.0.14:90', '10.244.0.5:9999'] });
  await at.graph.settled();
  const { resources, onDemand } = at.translation;
  for (const kind of resourceKinds)
    for (const [key, { name }] of resources[kind].entries()) assert.equal(name, key);
  const all = [...Object.values(resources), onDemand].flatMap((collection) => [...collection.entries()]);
  for (const [key, { needs }] of all)
    for (const { kind, name } of needs) assert.ok(resources[kind].has(name), `${key} needs ${name}`);
  const { clusters, listeners } = wholeLists(listsOf(front));
  for (const name of clusters) assert.ok(resources.cluster.has(name), name);
  for (const name of listeners) assert.ok(resources.listener.has(name), name);
});
