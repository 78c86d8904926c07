import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Connection, type ConnectionOptions, loadConnection } from './config.ts';

let directory = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-config-'));
});

after(() => rm(directory, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

const first = `
current-context: one
clusters:
  - name: red
    cluster: {server: 'https://red.example:6443/', certificate-authority: pki/ca.crt, tls-server-name: api}
users:
  - name: alice
    user: {client-certificate: pki/a.crt, client-key: /etc/a.key, as: bob}
contexts:
  - name: one
    context: {cluster: red, user: alice, namespace: shop}
  - name: broken
    context: {cluster: nowhere, user: alice}
`;

const second = `
current-context: two
clusters:
  - {name: blue, cluster: {server: 'https://blue.example', insecure-skip-tls-verify: true}}
  - {name: red, cluster: {server: 'https://not-this-one.example'}}
users:
  - {name: carol, user: {token: abc}}
contexts:
  - {name: two, context: {cluster: blue, user: carol}}
  - {name: both, context: {cluster: red, user: carol}}
`;

const load = (options: ConnectionOptions): Promise<Connection> =>
  loadConnection({ environment: {}, ...options });

test('the current context is used, and relative files are relative to the kubeconfig', async () => {
  const { cluster, user, namespace } = await load({ kubeconfigPath: await file('first', first) });
  assert.equal(cluster.server, 'https://red.example:6443');
  assert.equal(cluster.caFile, join(directory, 'pki/ca.crt'));
  assert.equal(cluster.tlsServerName, 'api');
  assert.equal(user.certFile, join(directory, 'pki/a.crt'));
  assert.equal(user.keyFile, '/etc/a.key');
  assert.equal(user.impersonateUser, 'bob');
  assert.equal(namespace, 'shop');
});

test('a token file is kept as such, to be read again and again', async () => {
  const content = first.replace(
    '{client-certificate: pki/a.crt,',
    '{tokenFile: token, client-certificate: pki/a.crt,',
  );
  const { user } = await load({ kubeconfigPath: await file('tokenfile', content) });
  assert.deepEqual(user.authProvider, { config: { tokenFile: join(directory, 'token') } });
});

test('a context can be chosen', async () => {
  const path = await file('second', second);
  const { cluster, user, namespace } = await load({ kubeconfigPath: path, context: 'two' });
  assert.equal(cluster.server, 'https://blue.example');
  assert.equal(cluster.skipTLSVerify, true);
  assert.equal(user.token, 'abc');
  assert.equal(namespace, 'default');
});

test('of several files the first to define a name wins', async () => {
  const paths = [await file('first', first), await file('second', second)].join(':');
  const chosen = await load({ context: 'both', environment: { KUBECONFIG: paths } });
  assert.equal(chosen.cluster.server, 'https://red.example:6443');
  assert.equal(chosen.user.name, 'carol');
  const current = await load({ environment: { KUBECONFIG: paths } });
  assert.equal(current.user.name, 'alice');
});

test('in a pod the service account is used, unless a kubeconfig is named', async () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  const inside = await load({ environment });
  assert.equal(inside.cluster.server, 'https://[fd00::1]:6443');
  assert.equal(inside.cluster.caFile, '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt');
  const named = await load({ kubeconfigPath: await file('first', first), environment });
  assert.equal(named.cluster.name, 'red');
});

test('what cannot be used is told with the file and the fault', async () => {
  const cases: readonly [ConnectionOptions, RegExp][] = [
    [{ kubeconfigPath: join(directory, 'missing') }, /missing: ENOENT/],
    [{ kubeconfigPath: await file('first', first), context: 'three' }, /no context three/],
    [{ kubeconfigPath: await file('first', first), context: 'broken' }, /unknown cluster nowhere/],
    [{ kubeconfigPath: await file('empty', '') }, /names no current context/],
    [
      { kubeconfigPath: await file('nameless', 'clusters: [{cluster: {}}]') },
      /clusters\[0\].name is missing/,
    ],
  ];
  for (const [options, pattern] of cases) {
    await assert.rejects(load(options), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'WEFT-KUBE-05');
      assert.match(error.message, pattern);
      return true;
    });
  }
});

test('a file that is no YAML is told without its content', async () => {
  const path = await file('broken', 'users:\n - name: a\n   user: {token: "hunter2\n  : : [}');
  await assert.rejects(load({ kubeconfigPath: path }), (error: Error) => {
    assert.doesNotMatch(error.message, /hunter2/);
    assert.match(error.message, /broken/);
    return true;
  });
});
