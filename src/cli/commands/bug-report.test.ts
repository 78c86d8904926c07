import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import * as resources from '../../kube/resources.ts';
import { meshCluster } from '../testing.ts';

/** Contents by path, without the folder that all have in common. */
function unpack(archive: Buffer): ReadonlyMap<string, string> {
  const bytes = gunzipSync(archive);
  const files = new Map<string, string>();
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const field = (from: number, length: number): string =>
      bytes.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 12), 8);
    const path = [field(345, 155), field(0, 100)].filter(Boolean).join('/');
    files.set(path.slice(path.indexOf('/') + 1), bytes.toString('utf8', at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

async function reported(cluster: ReturnType<typeof meshCluster>, line = 'bug-report') {
  const run = await cluster.run(line);
  const [[path, archive] = []] = [...cluster.files];
  assert.ok(path !== undefined && archive !== undefined, run.err);
  return { run, path, files: unpack(archive) };
}

/** Each of them must be nowhere in a report, in whatever form it was in the cluster. */
const planted = {
  secretData: 'c2VjcmV0LWRhdGEtb2YtYS1TZWNyZXQ',
  environment: 'value-of-an-environment-variable',
  remembered: 'value-that-kubectl-remembered',
  original: 'value-from-before-injection',
  argument: 'password-in-an-argument',
  address: 'password-in-an-address',
  key: 'MIGHAgEAMBMGByqGSM49AgEG',
  jwt: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl',
  bearer: 'abcdef0123456789opaque',
  cookie: 'session=cookie-of-somebody',
  header: 'value-of-an-api-key-header',
  configured: 'header-that-a-route-sets',
  configMap: 'what-a-config-map-says',
} as const;

function withSecrets(): ReturnType<typeof meshCluster> {
  const cluster = meshCluster();
  cluster.put(resources.secrets, 'more', { data: { password: planted.secretData } });
  cluster.put(resources.configMaps, 'settings', { data: { any: planted.configMap } });
  cluster.put(resources.deployments, 'weft', {
    metadata: {
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ env: planted.remembered }),
        'example.com/note': 'kept',
      },
      managedFields: [{ manager: 'x' }],
    },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'weft',
              args: [
                `--db-password=${planted.argument}`,
                `--db=postgres://weft:${planted.address}@db/x`,
                '--log=info',
              ],
              env: [
                { name: 'PLAIN', value: planted.environment },
                { name: 'REFERENCE', valueFrom: { secretKeyRef: { name: 'more', key: 'password' } } },
              ],
            },
          ],
        },
      },
    },
  });
  cluster.put(
    resources.httpRoutes,
    'web',
    {
      spec: {
        rules: [
          {
            filters: [{ requestHeaderModifier: { set: [{ name: 'X-Api-Key', value: planted.configured }] } }],
          },
        ],
      },
    },
    'shop',
  );
  cluster.put(
    resources.pods,
    'web-1',
    {
      metadata: { annotations: { 'weft.dev/originals': JSON.stringify({ command: planted.original }) } },
      spec: { containers: [{ name: 'app', env: [{ name: 'TOKEN', value: planted.environment }] }] },
    },
    'shop',
  );
  const log = [
    'an ordinary line',
    `-----BEGIN EC PRIVATE KEY-----\\n${planted.key}\\n-----END EC PRIVATE KEY-----`,
    `token ${planted.jwt} was shown`,
    `authorization: Bearer ${planted.bearer}`,
    `'cookie', '${planted.cookie}'`,
    `"x-api-key": "${planted.header}"`,
  ].join('\n');
  cluster.streams.set('/api/v1/namespaces/weft-system/pods/weft-a/log', log);
  cluster.streams.set('/api/v1/namespaces/shop/pods/web-1/log', log);
  cluster.observed.set('namespaces/shop/proxies/web-1/config', {
    configs: [
      { private_key: { inline_string: planted.key }, headers: [{ name: 'cookie', value: planted.cookie }] },
    ],
  });
  cluster.observed.set('overview', { version: '1', note: `Basic ${planted.bearer}` });
  return cluster;
}

test('nothing secret that is planted in the cluster is in the report, in whatever form', async () => {
  const { files } = await reported(withSecrets(), 'bug-report --proxy shop/web-1');
  const all = [...files].map(([path, content]) => `${path}\n${content}`).join('\n');
  for (const [what, secret] of Object.entries(planted)) assert.ok(!all.includes(secret), what);
  assert.ok(![...files.keys()].some((path) => /secrets|configmaps/.test(path)));
});

test('what helps is in it: versions, checks, status, configuration, logs, and the proxies that were named', async () => {
  const { run, files } = await reported(withSecrets(), 'bug-report --proxy shop/web-1');
  assert.equal(run.exitCode, 0);
  assert.match(files.get('versions.yaml') ?? '', /kubernetes:\n {2}gitVersion: v1\.37\.1/);
  assert.match(files.get('checks.yaml') ?? '', /installed: true/);
  assert.match(files.get('status.yaml') ?? '', /replica: weft-a/);
  assert.match(files.get('observed/overview.yaml') ?? '', /version: "1"/);
  assert.match(files.get('logs/weft-system/weft-a.log') ?? '', /^an ordinary line$/m);
  assert.match(files.get('logs/shop/web-1.log') ?? '', /^an ordinary line$/m);
  const deployment = files.get('control-plane/deployments.apps.yaml') ?? '';
  assert.match(deployment, /example\.com\/note: kept/);
  assert.match(deployment, /--log=info/);
  assert.match(deployment, /name: PLAIN\n +value: "\[redacted\]"/);
  assert.match(deployment, /secretKeyRef:\n +name: more/);
  assert.doesNotMatch(deployment, /managedFields/);
  assert.ok(files.has('configuration/httproutes.gateway.networking.k8s.io.yaml'));
  assert.ok(files.has('proxies/shop/web-1/config.yaml'));
});

test('what cannot be had is told, and the rest is there', async () => {
  const cluster = withSecrets();
  cluster.refuse('GET /apis/observe.weft.dev', 503, 'no replica');
  const { run, files } = await reported(cluster);
  assert.match(run.err, /^missing: observed\/overview\.yaml: WEFT-CLI-05/m);
  assert.match(files.get('README.txt') ?? '', /Could not be had:\nobserved\/overview\.yaml/);
  assert.ok(files.has('status.yaml'));
});

test('the file is named by the time, or as it was asked for', async () => {
  assert.equal((await reported(meshCluster())).path, 'weft-report-2026-09-01T120000.tar.gz');
  assert.equal((await reported(meshCluster(), 'bug-report --file x.tgz')).path, 'x.tgz');
});
