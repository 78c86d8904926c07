import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { isKubeError } from '../../src/kube/errors.ts';
import { grpcRoutes, httpRoutes, tcpRoutes, tlsRoutes, udpRoutes } from '../../src/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import type { Outcome } from './app/calls.ts';
import { type App, createNamespace, createService, deployApp, put } from './apps.ts';
import { type TestMesh, until, useMesh } from './harness.ts';

const namespace = 'route-kinds';
let mesh: TestMesh;
let client: App;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}
type Route = KubeObject & {
  readonly status?: { readonly parents?: readonly { readonly conditions: readonly Condition[] }[] };
};

const service = (name: string, port: number) => ({ group: '', kind: 'Service', name, port });

function add(type: ResourceType, name: string, parent: object, rules: readonly object[], spec: object = {}) {
  return put(mesh.api, type, {
    metadata: { name, namespace },
    spec: { parentRefs: [parent], rules, ...spec },
  });
}

/** Also where it is gone already: a test that ended early leaves what it made to the end. */
async function remove(type: ResourceType, name: string): Promise<void> {
  await mesh.api.delete(type, name, namespace).catch((error: unknown) => {
    if (!isKubeError(error, 404)) throw error;
  });
}

/** `<status> <reason>: <message>` of the conditions of the route as it is now, by type. */
async function conditions(type: ResourceType, name: string): Promise<Readonly<Record<string, string>>> {
  let seen = 'nothing';
  const ask = async () => {
    const found = await mesh.api.get<Route>(type, name, namespace);
    const told = found?.status?.parents?.[0]?.conditions ?? [];
    seen = JSON.stringify(found?.status ?? null);
    if (told.length === 0) return undefined;
    if (told.some(({ observedGeneration }) => observedGeneration !== found?.metadata.generation))
      return undefined;
    return Object.fromEntries(
      told.map(({ type: each, status, reason, message }) => [each, `${status} ${reason}: ${message}`]),
    );
  };
  return until(`the status of ${type.kind} ${name}`, ask, 30_000, () => seen);
}

async function toldOf(type: ResourceType, name: string, condition: string, wanted: RegExp): Promise<void> {
  let seen = '';
  const ask = async () => {
    seen = (await conditions(type, name))[condition] ?? 'absent';
    return wanted.test(seen) ? true : undefined;
  };
  await until(`${condition} of ${type.kind} ${name}`, ask, 30_000, () => seen);
}

/** Calls until the outcome is as wanted; routes take effect a moment after they were written. */
async function eventually(
  call: Parameters<App['call']>[0],
  wanted: (outcome: Outcome) => boolean,
): Promise<Outcome> {
  let seen = '';
  const ask = async () => {
    const outcome = await client.call({ ...call, keepAlive: false });
    seen = JSON.stringify(outcome);
    return wanted(outcome) ? outcome : undefined;
  };
  return until(`the outcome of ${call.url}`, ask, 20_000, () => seen);
}

suite('Kinds of routes on Services', () => {
  before(async () => {
    mesh = await useMesh();
    await createNamespace(mesh.api, namespace, true);
    await createService(mesh.api, namespace, 'web');
    await createService(mesh.api, namespace, 'web-v1', { app: 'web', version: 'v1' });
    await createService(mesh.api, namespace, 'web-v2', { app: 'web', version: 'v2' });
    [client] = (await Promise.all([
      deployApp(mesh, namespace, { name: 'client' }),
      deployApp(mesh, namespace, { name: 'web-v1', app: 'web', version: 'v1' }),
      deployApp(mesh, namespace, { name: 'web-v2', app: 'web', version: 'v2' }),
    ])) as [App, App, App];
  });

  test('a GRPCRoute sends the methods that it names where it says, and no others anywhere', async (t) => {
    t.after(() => remove(grpcRoutes, 'calls'));
    await add(grpcRoutes, 'calls', service('web', 90), [
      {
        matches: [{ method: { service: 'shop.Cart', method: 'Add' } }],
        backendRefs: [{ name: 'web-v2', port: 90 }],
      },
      { matches: [{ method: { service: 'shop.Stock' } }], backendRefs: [{ name: 'web-v1', port: 90 }] },
    ]);
    const grpc = (method: string) => ({ kind: 'grpc', url: `http://web:90/${method}` }) as const;
    await eventually(grpc('shop.Cart/Add'), ({ headers }) => headers['x-version'] === 'v2');
    const stock = await client.call(grpc('shop.Stock/Get'));
    assert.equal(stock.headers['x-version'], 'v1');
    const other = await client.call(grpc('shop.Cart/Remove'));
    assert.equal(other.headers['grpc-status'], '12', 'Unimplemented');
    await toldOf(grpcRoutes, 'calls', 'weft.dev/InForce', /^True InForce: In force on 1 of 1 proxy/);
  });

  test('a TCPRoute sends whole connections where it says, refuses the share that leads nowhere, and goes again', async (t) => {
    t.after(() => remove(tcpRoutes, 'connections'));
    const banner = { kind: 'banner', url: 'tcp://web:71' } as const;
    await add(tcpRoutes, 'connections', service('web', 71), [
      { backendRefs: [{ name: 'web-v2', port: 71 }] },
    ]);
    await toldOf(tcpRoutes, 'connections', 'Accepted', /^True/);
    const outcomes = async () => {
      const found = [];
      for (let i = 0; i < 12; i++) found.push(await client.call({ ...banner, keepAlive: false }));
      return found;
    };
    let seen: readonly Outcome[] = [];
    await until('every connection at v2', async () => {
      seen = await outcomes();
      return seen.every(({ body }) => body.includes('web-v2')) ? true : undefined;
    });
    await toldOf(tcpRoutes, 'connections', 'weft.dev/InForce', /^True InForce: In force on 1 of 1 proxy/);
    await add(tcpRoutes, 'connections', service('web', 71), [{ backendRefs: [{ name: 'gone', port: 71 }] }]);
    await toldOf(tcpRoutes, 'connections', 'ResolvedRefs', /^False BackendNotFound: .*there is no Service/);
    await eventually(banner, ({ ok, body }) => !ok && !body.includes('ready'));
    await remove(tcpRoutes, 'connections');
    await eventually(banner, ({ body }) => body.includes('web-v1'));
  });

  test('a TCPRoute at a port of HTTP has its connections too, and gives way to an HTTPRoute that is then told to hold', async (t) => {
    t.after(() => remove(tcpRoutes, 'whole'));
    t.after(() => remove(httpRoutes, 'requests'));
    const http = { kind: 'http', url: 'http://web/' } as const;
    await add(tcpRoutes, 'whole', service('web', 80), [{ backendRefs: [{ name: 'web-v2', port: 80 }] }]);
    await eventually(http, ({ headers }) => headers['x-version'] === 'v2');
    await add(httpRoutes, 'requests', service('web', 80), [
      { matches: [{ path: { value: '/v1' } }], backendRefs: [{ name: 'web-v1', port: 80 }] },
    ]);
    await eventually({ ...http, url: 'http://web/v1' }, ({ headers }) => headers['x-version'] === 'v1');
    assert.equal((await client.call(http)).status, 404);
    await toldOf(tcpRoutes, 'whole', 'Accepted', /^False Conflicted: at .*HTTPRoutes go first$/);
    await remove(httpRoutes, 'requests');
    await eventually(http, ({ headers }) => headers['x-version'] === 'v2');
    await toldOf(tcpRoutes, 'whole', 'Accepted', /^True Accepted/);
  });

  test('what cannot hold is refused in the status, with the reason', async (t) => {
    t.after(() => remove(udpRoutes, 'datagrams'));
    t.after(() => remove(tlsRoutes, 'names'));
    await add(udpRoutes, 'datagrams', service('web', 53), [{ backendRefs: [{ name: 'web', port: 53 }] }]);
    const udp = await conditions(udpRoutes, 'datagrams');
    assert.match(udp['Accepted'] ?? '', /^False UnsupportedValue: .*UDP does not pass through sidecars/);
    await add(tlsRoutes, 'names', service('gone', 443), [{ backendRefs: [{ name: 'gone', port: 443 }] }], {
      hostnames: ['a.example.com'],
    });
    const tls = await conditions(tlsRoutes, 'names');
    assert.match(tls['Accepted'] ?? '', /^False NoMatchingParent: there is no Service/);
    assert.match(tls['ResolvedRefs'] ?? '', /^False BackendNotFound/);
  });

  test('a rule that does not hold answers 500, the others hold, and the status says both', async (t) => {
    t.after(() => remove(httpRoutes, 'partly'));
    await add(httpRoutes, 'partly', service('web', 81), [
      { backendRefs: [{ name: 'web-v2', port: 81 }] },
      {
        matches: [{ path: { value: '/odd' } }],
        filters: [
          { type: 'ExtensionRef', extensionRef: { group: 'example.com', kind: 'Odd', name: 'filter' } },
        ],
        backendRefs: [{ name: 'web-v1', port: 81 }],
      },
    ]);
    const url = 'http://web:81/';
    await eventually({ kind: 'http', url }, ({ headers }) => headers['x-version'] === 'v2');
    assert.equal((await client.call({ kind: 'http', url: `${url}odd` })).status, 500);
    const told = await conditions(httpRoutes, 'partly');
    assert.match(told['Accepted'] ?? '', /^True Accepted/);
    assert.match(told['PartiallyInvalid'] ?? '', /^True UnsupportedValue: Dropped Rule: rule 1 answers 500/);
  });
});
