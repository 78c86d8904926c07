import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import type { Finding } from '../../analysis/types.ts';
import { nameOf } from '../../analysis/testing.ts';
import * as resources from '../../kube/resources.ts';
import { type Cluster, emptyCluster, meshCluster } from '../testing.ts';

const route = (backend: string, namespace = 'shop', name = 'r'): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules: [{backendRefs: [{name: ${backend}, port: 80}]}]
`;
const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
`;

let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-analyze-'));
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'route.yaml'), route('gone'));
  writeFileSync(join(folder, 'deep', 'service.yml'), service('web'));
  writeFileSync(join(folder, 'README.md'), 'not: [a manifest');
});

after(() => rmSync(folder, { recursive: true }));

const names = (out: string): readonly string[] => (JSON.parse(out) as Finding[]).map(nameOf);

suite('Files alone', () => {
  test('are looked at without a cluster: folders with what is below them', async () => {
    const cluster = new (Object.getPrototypeOf(emptyCluster()).constructor as new () => Cluster)();
    cluster.refuse('GET', 0);
    const { exitCode, out } = await cluster.run(`analyze --offline -f ${folder} -o json`);
    assert.deepEqual(names(out), ['WEFT-ANL-10 HTTPRoute shop/r spec.rules[0].backendRefs[0]']);
    assert.equal(exitCode, 1);
  });

  test('may come from standard input; nothing is known of what they do not have', async () => {
    const { exitCode, out } = await emptyCluster().run('analyze --offline -f -', route('gone'));
    assert.equal(out, 'Nothing was found.\n');
    assert.equal(exitCode, 0);
  });

  test('are explained to people: place, reason and what to do', async () => {
    const { out } = await emptyCluster().run(
      'analyze --offline -f -',
      `${service('web')}---${route('gone')}`,
    );
    assert.equal(
      out,
      `error WEFT-ANL-10  HTTPRoute shop/r at spec.rules[0].backendRefs[0]
    there is no Service shop/gone; its share of the requests is answered 500.
    To do: Create Service shop/gone, or name one that exists.

1 error, 0 warnings, 0 info. Each code has a page in docs/errors.
`,
    );
  });

  test('information alone is no failure, and may be left out', async () => {
    const input = service('web').replace('name: http', 'name: x');
    const all = await emptyCluster().run('analyze --offline -f - -o yaml', input);
    assert.deepEqual(
      (parse(all.out) as Finding[]).map(({ code }) => code),
      ['WEFT-ANL-41'],
    );
    assert.equal(all.exitCode, 0);
    const some = await emptyCluster().run('analyze --offline --severity warning -f - -o json', input);
    assert.deepEqual(names(some.out), []);
  });

  test('that cannot be read are told of', async () => {
    const missing = await emptyCluster().run(`analyze --offline -f ${folder}/none.yaml`);
    assert.match(missing.err, /^WEFT-CLI-02: .*none\.yaml/);
    assert.equal(missing.exitCode, 2);
    const odd = await emptyCluster().run(`analyze --offline -f ${folder}/README.md`);
    assert.match(odd.err, /^WEFT-ANL-131: .*README\.md/);
    assert.equal(odd.exitCode, 2);
  });

  test('have to be there without a cluster', async () => {
    const { exitCode, err } = await emptyCluster().run('analyze --offline');
    assert.match(err, /^WEFT-CLI-03: --filename/);
    assert.equal(exitCode, 2);
  });

  test('objects without a namespace are of the one that is asked about', async () => {
    const input = `${service('web')}---${route('gone')}`.replaceAll(', namespace: shop', '');
    const { out } = await emptyCluster().run('analyze --offline -n blog -f - -o json', input);
    assert.deepEqual(names(out), ['WEFT-ANL-10 HTTPRoute blog/r spec.rules[0].backendRefs[0]']);
  });
});

/** With a Service `web`, and a route of it that leads nowhere. */
function brokenCluster(): Cluster {
  const cluster = meshCluster();
  const spec = { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], ports: [{ name: 'http', port: 80 }] };
  cluster.put(resources.services, 'web', { spec }, 'shop');
  cluster.put(
    resources.httpRoutes,
    'old',
    {
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'web' }],
        rules: [{ matches: [{ path: { value: '/old' } }], backendRefs: [{ name: 'gone', port: 80 }] }],
      },
    },
    'shop',
  );
  return cluster;
}

const old = 'WEFT-ANL-10 HTTPRoute shop/old spec.rules[0].backendRefs[0]';

suite('A cluster', () => {
  test('that is as installed has nothing wrong', async () => {
    const { exitCode, out, err } = await meshCluster().run('analyze --severity warning');
    assert.deepEqual([exitCode, out, err], [0, 'Nothing was found.\n', '']);
  });

  test('is looked at as it is', async () => {
    const { exitCode, out } = await brokenCluster().run('analyze --severity error -o json');
    assert.deepEqual(names(out), [old]);
    assert.equal(exitCode, 1);
  });

  test('with proxies of former settings is told which to restart', async () => {
    const cluster = meshCluster();
    cluster.addPod('shop/job', {}, JSON.stringify({ version: '0.0.1', settings: 'x' }));
    cluster.addPod('shop/current');
    const { out } = await cluster.run('analyze --severity warning -o json');
    assert.deepEqual(names(out), ['WEFT-ANL-61 Pod shop/job']);
  });

  test('is asked about one namespace', async () => {
    const { exitCode, out } = await brokenCluster().run('analyze -n blog -o json');
    assert.deepEqual(names(out), []);
    assert.equal(exitCode, 0);
  });

  test('with files shows what they would bring about, not what was wrong before', async () => {
    const { out } = await brokenCluster().run('analyze --severity error -f - -o json', route('missing'));
    assert.deepEqual(names(out), ['WEFT-ANL-10 HTTPRoute shop/r spec.rules[0].backendRefs[0]']);
  });

  test('with files shows what they break elsewhere', async () => {
    const input = service('web').replace('port: 80', 'port: 81');
    const { out } = await brokenCluster().run('analyze --severity error -f - -o json', input);
    assert.deepEqual(names(out), []);
    const opaque = service('web').replace('name: http', 'name: tcp');
    const { out: text } = await brokenCluster().run('analyze --severity error -f - -o json', opaque);
    assert.deepEqual(names(text), ['WEFT-ANL-02 HTTPRoute shop/old spec.parentRefs[0]']);
  });

  test('of which one may not see everything is looked at as far as one may, and that is said', async () => {
    const cluster = brokenCluster();
    cluster.refuse('GET /api/v1/services', 403);
    const { exitCode, out, err } = await cluster.run('analyze --severity error -o json');
    assert.deepEqual(names(out), []);
    assert.equal(err, 'you may not list services: what depends on them is not looked at\n');
    assert.equal(exitCode, 0);
  });

  test('whose control plane does not answer is looked at all the same', async () => {
    const cluster = brokenCluster();
    for (const name of ['weft-a', 'weft-b']) {
      cluster.answers.set(name, { '/v1/injection': new Error('connection refused') });
    }
    const { out, err } = await cluster.run('analyze --severity error -o json');
    assert.deepEqual(names(out), [old]);
    assert.match(err, /^the control plane does not answer/);
  });

  test('that does not answer is no answer', async () => {
    const cluster = brokenCluster();
    cluster.refuse('GET', 0, 'connection refused');
    const { exitCode, err } = await cluster.run('analyze');
    assert.equal(exitCode, 2);
    assert.match(err, /connection refused/);
  });
});
