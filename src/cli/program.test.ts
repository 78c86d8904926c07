import assert from 'node:assert/strict';
import { test } from 'node:test';
import { version } from '../base/version.ts';
import { meshCluster } from './testing.ts';

const refused: readonly (readonly [line: string, why: RegExp])[] = [
  ['statu', /^WEFT-CLI-03: unknown command 'statu'\n\(Did you mean one of stat, status\?\)/],
  ['status extra', /^WEFT-CLI-03: too many arguments/],
  ['status --nonsense', /^WEFT-CLI-03: unknown option '--nonsense'/],
  ['status -o xml', /^WEFT-CLI-03: --output: "xml" is none of table, json, yaml/],
  ['status -o', /^WEFT-CLI-03: option '-o, --output <format>' argument missing/],
  ['status -n Not_A_Name', /^WEFT-CLI-03: --namespace: "Not_A_Name"/],
  ['--weft-namespace a/b status', /^WEFT-CLI-03: --weft-namespace: "a\/b"/],
  ['check --wait soon', /^WEFT-CLI-03: --wait: "soon" is not a duration/],
  ['explain svc', /^WEFT-CLI-03: missing required argument 'name'/],
  ['explain deployment web', /^WEFT-CLI-03: "deployment" is not a kind that can be explained/],
  ['explain svc a/b/c', /^WEFT-CLI-03: "a\/b\/c" is not the name of a service/],
  ['explain meshconfig shop/default', /^WEFT-CLI-03: "shop\/default" is not the name of a meshconfig/],
  ['proxy config', /^WEFT-CLI-03: missing required argument 'pod'/],
  ['proxy config a/b/c', /^WEFT-CLI-03: "a\/b\/c" is not a pod/],
  ['proxy config ../etc', /^WEFT-CLI-03: "\.\.\/etc" is not a pod/],
  ['proxy config shop/web-1 --kind route66', /^WEFT-CLI-03: --kind: "route66" is none of secret, cluster/],
  ['inject', /^WEFT-CLI-03: --filename: It is missing/],
  ['inject --show-settings -f x.yaml', /^WEFT-CLI-03: option .*cannot be used with/],
  ['uninject', /^WEFT-CLI-03: required option '-f, --filename <file>' not specified/],
];

for (const [line, why] of refused) {
  test(`weft ${line} is refused with exit code 2 and prints nothing to standard output`, async () => {
    const { exitCode, out, err } = await meshCluster().run(line);
    assert.equal(exitCode, 2);
    assert.equal(out, '');
    assert.match(err, why);
    assert.match(err, /Run .* with --help\.\n$/);
  });
}

test('weft without a command shows the help, and says that this answers nothing', async () => {
  const { exitCode, err } = await meshCluster().run('');
  assert.equal(exitCode, 2);
  assert.match(err, /^Usage: weft \[options\] \[command\]$/m);
});

test('weft --help and --version go to standard output with exit code 0', async () => {
  const help = await meshCluster().run('--help');
  assert.equal(help.exitCode, 0);
  for (const command of [
    'check',
    'status',
    'stat',
    'top',
    'edges',
    'routes',
    'graph',
    'explain',
    'proxy',
    'inject',
    'uninject',
  ]) {
    assert.match(help.out, new RegExp(`^ {2}${command} `, 'm'));
  }
  assert.deepEqual(await meshCluster().run('--version'), { exitCode: 0, out: `${version}\n`, err: '' });
});

test('called as kubectl-weft it speaks of itself as kubectl users know it', async () => {
  const { out } = await meshCluster().run('status --help', '', '/home/ada/bin/kubectl-weft');
  assert.match(out, /^Usage: kubectl weft status \[options\]$/m);
});

test('options of the mesh may stand before and after the command', async () => {
  const cluster = meshCluster();
  assert.equal((await cluster.run('-o json status')).out, (await cluster.run('status -o json')).out);
});

test('where no replica can be asked, the commands that need one say so with exit code 2', async () => {
  const cluster = meshCluster();
  for (const name of ['weft-a', 'weft-b']) {
    const refusal = new Error('pods "weft-a" is forbidden');
    cluster.answers.set(name, { '/v1/status': refusal, '/v1/injection': refusal });
  }
  for (const line of ['status', 'inject --show-settings']) {
    const { exitCode, err } = await cluster.run(line);
    assert.equal(exitCode, 2);
    assert.match(
      err,
      /^WEFT-CLI-01: The control plane in namespace weft-system does not answer: pods "weft-a" is forbidden/,
    );
  }
});

test('a namespace without a control plane is told apart from one that refuses', async () => {
  const { err } = await meshCluster().run('--weft-namespace elsewhere status');
  assert.match(
    err,
    /^WEFT-CLI-01: The control plane in namespace elsewhere does not answer: no pod is ready\./,
  );
});

test('an API server that refuses is told with its own code', async () => {
  const cluster = meshCluster();
  cluster.refuse('GET /api/v1/namespaces/weft-system/pods', 403, 'pods is forbidden');
  const { exitCode, err } = await cluster.run('status');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-KUBE-02: /);
});

test('a Node.js that is too old is told before anything is tried', async () => {
  const cluster = meshCluster();
  cluster.nodeVersion = '20.20.2';
  const { exitCode, err } = await cluster.run('status');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-04: This is Node\.js 20\.20\.2\. Install Node\.js 24/);
});
