import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meshCluster } from '../testing.ts';
import { answerOf, tcpRow, trafficRow } from '../testing-traffic.ts';

const web = { destination: 'shop/Deployment/web' };
const cart = { destination: 'shop/Deployment/cart' };
const elsewhere = { destination: 'other/Deployment/x' };

test('workloads of the namespace are listed with what they received, by name', async () => {
  const cluster = meshCluster();
  cluster.observed.set(
    'namespaces/shop/stat',
    answerOf([
      trafficRow({ side: 'server', ...web }),
      trafficRow({ side: 'server', ...cart }, { successRate: 1 }),
      trafficRow({ side: 'server', ...elsewhere }),
    ]),
  );
  const { exitCode, out, err } = await cluster.run('stat -n shop');
  assert.equal(err, '');
  assert.equal(exitCode, 0);
  assert.equal(
    out,
    `${[
      'WORKLOAD              RPS  SUCCESS    P50    P95    P99',
      'shop/Deployment/cart  10.0     100%  1.3ms  4.5ms  120ms',
      'shop/Deployment/web   10.0   99.00%  1.3ms  4.5ms  120ms',
    ].join('\n')}\n`.replaceAll('WORKLOAD              RPS', 'WORKLOAD               RPS'),
  );
  assert.deepEqual(cluster.asked, ['GET namespaces/shop/stat?groupBy=side,destination&window=60s']);
});

test('what both ends have counted is shown once: by the destination, or by the source where it has no proxy', async () => {
  const cluster = meshCluster();
  cluster.observed.set(
    'namespaces/shop/stat',
    answerOf([
      trafficRow({ side: 'client', ...web }, { requestsPerSecond: 7 }),
      trafficRow({ side: 'server', ...web }, { requestsPerSecond: 9 }),
      trafficRow({ side: 'client', ...cart }, { requestsPerSecond: 3 }),
    ]),
  );
  const { out } = await cluster.run('stat deploy -n shop -o json');
  const { rows } = JSON.parse(out) as { rows: { group: object; requestsPerSecond: number }[] };
  assert.deepEqual(
    rows.map((row) => [row.group, row.requestsPerSecond]),
    [
      [cart, 3],
      [web, 9],
    ],
  );
});

test('with --to alone the rows are those who call, as they counted it', async () => {
  const cluster = meshCluster();
  cluster.observed.set(
    'namespaces/shop/stat',
    answerOf([trafficRow({ side: 'client', source: 'other/Deployment/shopper' })]),
  );
  const { out } = await cluster.run('stat --to svc/web -n shop');
  assert.match(out, /^other\/Deployment\/shopper /m);
  assert.deepEqual(cluster.asked, [
    'GET namespaces/shop/stat?groupBy=side,source&window=60s&service=shop/web',
  ]);
});

test('one workload by its name, between two named ends and by more dimensions', async () => {
  const cluster = meshCluster();
  const rows = [web, cart].map((end) => trafficRow({ side: 'client', ...end, protocol: 'grpc' }));
  cluster.observed.set('namespaces/shop/stat', answerOf(rows));
  const { out } = await cluster.run('stat deploy/web -n shop --from ns/front --window 5m --by protocol');
  assert.match(out, /^WORKLOAD +PROTOCOL +RPS/);
  assert.match(out, /^shop\/Deployment\/web +grpc/m);
  assert.doesNotMatch(out, /cart/);
  assert.deepEqual(cluster.asked, [
    'GET namespaces/shop/stat?groupBy=side,destination,protocol&window=300s&from=front',
  ]);
});

test('connections and bytes get columns only where there are any, and requests only where there are any', async () => {
  const cluster = meshCluster();
  cluster.observed.set('stat', answerOf([tcpRow({ side: 'server', destination: 'shop/StatefulSet/db' })]));
  const { out } = await cluster.run('stat sts -A');
  assert.match(out, /^WORKLOAD +CONN\/S +BYTES\nshop\/StatefulSet\/db +0\.07 +2\.0KiB\/s\n$/);
});

test('beside what answers requests, what carries opaque TCP has no rate of requests, and the other no connections', async () => {
  const cluster = meshCluster();
  const db = tcpRow({ side: 'server', destination: 'shop/StatefulSet/db' });
  cluster.observed.set(
    'stat',
    answerOf([db, trafficRow({ side: 'server', destination: 'shop/Deployment/web' })]),
  );
  const { out } = await cluster.run('stat -A');
  assert.match(out, /^shop\/StatefulSet\/db +- +- +- +- +- +0\.07 +2\.0KiB\/s$/m);
  assert.match(out, /^shop\/Deployment\/web +10\.0 .* - +-$/m);
});

test('namespaces are shown of the whole cluster without being asked to', async () => {
  const cluster = meshCluster();
  cluster.observed.set('stat', answerOf([trafficRow({ side: 'server', destinationNamespace: 'shop' })]));
  const { out } = await cluster.run('stat ns');
  assert.match(out, /^NAMESPACE +RPS.*\nshop +10\.0/);
});

test('gaps of an answer are warnings on standard error, and standard output stays whole', async () => {
  const cluster = meshCluster();
  cluster.observed.set('stat', answerOf([], ['weft-b did not answer']));
  const { exitCode, out, err } = await cluster.run('stat -A -o json');
  assert.equal(exitCode, 0);
  assert.equal(err, 'warning: weft-b did not answer\n');
  assert.deepEqual((JSON.parse(out) as { rows: unknown[] }).rows, []);
});

test('a terminal gets colour, a pipe does not', async () => {
  const cluster = meshCluster();
  cluster.observed.set('stat', answerOf([trafficRow({ side: 'server', ...web }, { successRate: 0.5 })]));
  assert.ok((await cluster.run('stat -A', '', undefined, true)).out.includes('\u001b[31m50.00%\u001b[0m'));
  assert.ok(!(await cluster.run('stat -A')).out.includes('\u001b'));
});

test('an API server that does not know the API is told as such, with what to look at', async () => {
  const { exitCode, out, err } = await meshCluster().run('stat -A');
  assert.equal(exitCode, 2);
  assert.equal(out, '');
  assert.match(err, /^WEFT-CLI-05: observe\.weft\.dev: the API server does not know it\. Run `weft check`/);
});

test('a refusal names the rule of RBAC that is missing', async () => {
  const cluster = meshCluster();
  cluster.refuse(
    'GET /apis/observe.weft.dev/v1alpha1/namespaces/shop/stat',
    403,
    'stat.observe.weft.dev is forbidden: User "ada" cannot list resource "stat" in API group "observe.weft.dev" in the namespace "shop"',
  );
  const { exitCode, err } = await cluster.run('stat -n shop');
  assert.equal(exitCode, 2);
  assert.match(
    err,
    /^WEFT-CLI-06: You may not list stat in namespace shop; the rule would be \{apiGroups: \[observe\.weft\.dev\], resources: \[stat\], verbs: \[list\]\}/,
  );
});

test('--watch shows it again until somebody interrupts; a look that fails is told and the next one tried', async () => {
  const cluster = meshCluster();
  cluster.observed.set('stat', answerOf([trafficRow({ side: 'server', ...web })]));
  let sleeps = 0;
  cluster.onSleep = () => {
    sleeps += 1;
    if (sleeps === 1) cluster.refuse('GET /apis/observe', 503, 'no replica');
    if (sleeps === 2) cluster.interrupt();
  };
  const { exitCode, out, err } = await cluster.run('stat -A --watch 2s -o json');
  assert.equal(exitCode, 0);
  assert.equal(out.trim().split('\n').length, 1);
  assert.match(err, /^warning: observe\.weft\.dev: .*503 no replica/);
});

test('top redraws in place at a terminal, the busiest first', async () => {
  const cluster = meshCluster();
  const rows = [
    trafficRow({ side: 'server', ...cart }),
    trafficRow({ side: 'server', ...web }, { requestsPerSecond: 99 }),
  ];
  cluster.observed.set('stat', answerOf(rows));
  cluster.onSleep = () => cluster.interrupt();
  const { out } = await cluster.run('top -A', '', undefined, true);
  assert.ok(out.startsWith('\u001b[H\u001b[2J'));
  assert.ok(out.indexOf('Deployment/web') < out.indexOf('Deployment/cart'));
});
