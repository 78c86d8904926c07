import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeshPod, RouteVerdict } from '../mesh/model.ts';
import type { EncodedResource, ResourceAcks } from '../xds/resource.ts';
import { type ConfigMap, formatReport, projectReport } from './progress-report.ts';
import { deriveProgress, deriveReported, type ProgressReport } from './route-progress.ts';
import { newGraph } from './testing.ts';

const verdict = {
  kind: 'HTTPRoute',
  route: 'shop/web',
  generation: 1,
  parentIndex: 0,
  parentRef: { group: '', kind: 'Service', name: 'web' },
  accepted: { status: true, reason: 'Accepted', message: '' },
  resolvedRefs: { status: true, reason: 'ResolvedRefs', message: '' },
  tables: ['shop/web:80'],
  listeners: [],
} satisfies RouteVerdict;

const key = 'HTTPRoute/shop/web|0';

function setUp() {
  const graph = newGraph();
  const verdicts = graph.source<RouteVerdict>('routeVerdicts');
  const acks = graph.source<ResourceAcks>('acks');
  const resources = graph.source<EncodedResource>('resources');
  const none = graph.source<EncodedResource>('none');
  const listeners = graph.source<EncodedResource>('listeners');
  const reports = graph.source<ProgressReport>('reports');
  const pods = graph.source<MeshPod>('pods');
  const reported = deriveReported(graph, { reports, pods, namespace: 'weft-system', podName: 'weft-a' });
  const progress = deriveProgress(graph, {
    verdicts,
    acks,
    resources: { secret: none, cluster: none, endpoints: none, listener: listeners, route: resources },
    carriersOf: ({ tables }) =>
      tables.map((table) =>
        table.startsWith('vl/')
          ? ({ kind: 'listener', name: table } as const)
          : ({ kind: 'route', name: `svc/${table}` } as const),
      ),
    variantOf: (name) => (name.includes('@') ? name.slice(0, name.indexOf('@')) : undefined),
    reported,
  });
  const serve = (
    table: string,
    version: string,
    holders: number,
    current: number,
    message?: string,
  ): void => {
    const name = `svc/${table}`;
    resources.set(name, { name, version, body: new Uint8Array(), needs: [] });
    const rejected = message === undefined ? {} : { rejected: { version, message } };
    acks.set(`route ${name}`, { holders, current, served: version, ...rejected });
  };
  const replica = (name: string, ready = true): void =>
    pods.set(`weft-system/${name}`, { uid: `uid-${name}`, ready } as MeshPod);
  verdicts.set(key, verdict);
  const listen = (name: string, version: string, holders: number, current: number): void => {
    listeners.set(name, { name, version, body: new Uint8Array(), needs: [] });
    acks.set(`listener ${name}`, { holders, current, served: version });
  };
  return { graph, listen, pods, progress, replica, reports, resources, serve, verdicts };
}

test('counts the proxies of this replica', async () => {
  const { graph, progress, serve } = setUp();
  serve('shop/web:80', 'v1', 12, 7);
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v1', proxies: 12, current: 7 });
});

test('counts of the version before say nothing of the new one', async () => {
  const { graph, progress, resources, serve } = setUp();
  serve('shop/web:80', 'v1', 12, 12);
  await graph.settled();
  resources.set('svc/shop/web:80', {
    name: 'svc/shop/web:80',
    version: 'v2',
    body: new Uint8Array(),
    needs: [],
  });
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v2', proxies: 12, current: 0 });
});

test('a route that nobody uses counts no proxies', async () => {
  const { graph, progress } = setUp();
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.-', proxies: 0, current: 0 });
});

test('adds up every table that the route contributes to', async () => {
  const { graph, progress, serve, verdicts } = setUp();
  verdicts.set(key, { ...verdict, tables: ['shop/web:80', 'shop/web:81'] });
  serve('shop/web:80', 'v1', 2, 2);
  serve('shop/web:81', 'w1', 3, 1, 'no');
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v1.w1', proxies: 5, current: 3, rejected: 'no' });
});

test('proxies that have the listener in a variant of their own count as well', async () => {
  const { graph, listen, progress, verdicts } = setUp();
  verdicts.set(key, { ...verdict, tables: ['vl/10.96.0.1:80'] });
  listen('vl/10.96.0.1:80', 'v1', 3, 3);
  listen('vl/10.96.0.1:80@p', 'w1', 2, 1);
  listen('vl/10.96.0.1:8080@p', 'x1', 9, 9);
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v1', proxies: 5, current: 4 });
});

test('adds what other replicas see', async () => {
  const { graph, progress, replica, reports, serve } = setUp();
  serve('shop/web:80', 'v1', 2, 2);
  replica('weft-b');
  replica('weft-c');
  for (const name of ['weft-b', 'weft-c']) {
    reports.set(name, {
      replica: name,
      uid: `uid-${name}`,
      routes: { [key]: { digest: '1.v1', proxies: 3, current: 2 } },
    });
  }
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v1', proxies: 8, current: 6 });
  assert.deepEqual(progress.local.get(key), { digest: '1.v1', proxies: 2, current: 2 });
  reports.delete('weft-c');
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v1', proxies: 5, current: 4 });
});

test('proxies that hold other content of another replica do not count as having ours, nor does its rejection', async () => {
  const { graph, progress, replica, reports, serve } = setUp();
  serve('shop/web:80', 'v2', 2, 2);
  replica('weft-b');
  const old = { digest: '1.v1', proxies: 3, current: 3, rejected: 'of the old one' };
  reports.set('weft-b', { replica: 'weft-b', uid: 'uid-weft-b', routes: { [key]: old } });
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v2', proxies: 5, current: 2 });
});

test('a rejection that only another replica saw is told', async () => {
  const { graph, progress, replica, reports, serve } = setUp();
  serve('shop/web:80', 'v1', 0, 0);
  replica('weft-b');
  const refused = { digest: '1.v1', proxies: 3, current: 0, rejected: 'bad regex' };
  reports.set('weft-b', { replica: 'weft-b', uid: 'uid-weft-b', routes: { [key]: refused } });
  await graph.settled();
  assert.equal(progress.total.get(key)?.rejected, 'bad regex');
});

test('a report counts only while its replica is ready, and never our own', async () => {
  const { graph, pods, progress, replica, reports, serve } = setUp();
  serve('shop/web:80', 'v1', 2, 2);
  replica('weft-a');
  replica('weft-b');
  const routes = { [key]: { digest: '1.v1', proxies: 3, current: 3 } };
  reports.set('weft-a', { replica: 'weft-a', uid: 'uid-weft-a', routes });
  reports.set('weft-b', { replica: 'weft-b', uid: 'uid-weft-b', routes });
  const proxies = async (): Promise<number | undefined> => {
    await graph.settled();
    return progress.total.get(key)?.proxies;
  };
  assert.equal(await proxies(), 5);
  replica('weft-b', false);
  assert.equal(await proxies(), 2, 'not ready');
  replica('weft-b');
  assert.equal(await proxies(), 5);
  pods.set('weft-system/weft-b', { uid: 'another', ready: true } as MeshPod);
  assert.equal(await proxies(), 2, 'another pod of that name');
  pods.delete('weft-system/weft-b');
  assert.equal(await proxies(), 2, 'gone');
});

function asObject(text: string): ConfigMap {
  return {
    metadata: { name: 'r', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'weft-b', uid: 'u' }] },
    data: { routes: text },
  };
}

test('a report is read back as it was written, in ascending order, without what concerns nobody', () => {
  const progress = [
    ['shop/web|1', { digest: '1.v1.w1', proxies: 3, current: 2, rejected: 'line one\n"line" two' }],
    ['shop/idle|0', { digest: '1.v1', proxies: 0, current: 0 }],
    ['shop/web|0', { digest: '1.v1', proxies: 3, current: 3 }],
  ] as const;
  const { text, cut } = formatReport(progress);
  assert.equal(text, 'shop/web|0 1.v1 3 3\nshop/web|1 1.v1.w1 3 2 "line one\\n\\"line\\" two"\n');
  assert.equal(cut, 0);
  assert.deepEqual(projectReport(asObject(text)), {
    replica: 'weft-b',
    uid: 'u',
    routes: { 'shop/web|0': progress[2][1], 'shop/web|1': progress[0][1] },
  });
});

test('a report that would be too large says how many routes it leaves out', () => {
  const progress = Array.from(
    { length: 40_000 },
    (_, i) => [`shop/route-${i}|0`, { digest: '1.v1', proxies: 1, current: 1 }] as const,
  );
  const { text, cut } = formatReport(progress);
  assert.ok(Buffer.byteLength(text) <= 900_000);
  assert.equal(text.split('\n').length - 1 + cut, 40_000);
});

test('what is no report is none, and what is no line of one is passed over', () => {
  assert.equal(
    projectReport({ metadata: { name: 'r' }, data: { routes: 'shop/web|0 1.v1 3 3\n' } }),
    undefined,
  );
  assert.deepEqual(projectReport(asObject('hello\n\nshop/web|0 v1 3 x\n'))?.routes, {});
});

test('a replica without a proxy that uses the route believes those that have some', async () => {
  const { graph, progress, replica, reports } = setUp();
  replica('weft-b');
  const routes = { [key]: { digest: '1.v1', proxies: 2, current: 2 } };
  reports.set('weft-b', { replica: 'weft-b', uid: 'uid-weft-b', routes });
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '1.v1', proxies: 2, current: 2 });
});

test('what another replica counted of an earlier generation does not count', async () => {
  const { graph, progress, replica, reports, verdicts } = setUp();
  replica('weft-b');
  const routes = { [key]: { digest: '1.v1', proxies: 2, current: 2 } };
  reports.set('weft-b', { replica: 'weft-b', uid: 'uid-weft-b', routes });
  verdicts.set(key, { ...verdict, generation: 2 });
  await graph.settled();
  assert.deepEqual(progress.total.get(key), { digest: '2.-', proxies: 2, current: 0 });
});
