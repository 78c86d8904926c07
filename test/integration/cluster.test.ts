/** The local cluster itself: what every other test of this tier and the next stands on. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { addressesOf, maxClusters } from '../../dev/cluster/addresses.ts';
import {
  type ApiServer,
  type Cluster,
  openCluster,
  startApiServer,
  startCluster,
} from '../../dev/cluster/cluster.ts';
import { run } from '../../dev/command.ts';
import { buildImages, loadImages } from '../../dev/images/images.ts';

const log = (line: string): void => console.log(line);
const clusterModule = join(import.meta.dirname, '..', '..', 'dev', 'cluster', 'cluster.ts');

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Everything on this machine that bears the cluster's name or address. */
async function remainsOf(cluster: Cluster): Promise<readonly string[]> {
  const folder = `/var/lib/weft/clusters/${cluster.name}`;
  const remains: string[] = [];
  for (const path of [
    folder,
    cluster.networkNamespace,
    ...globSync(`/sys/fs/cgroup/{,*/}weft-${cluster.name}`),
  ]) {
    if (existsSync(path)) remains.push(path);
  }
  if (readFileSync('/proc/self/mountinfo', 'utf8').includes(cluster.name)) remains.push('a mount');
  if ((await run(['ip', 'route'])).includes(cluster.podCidr)) remains.push(`a route to ${cluster.podCidr}`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = existsSync(`/proc/${pid}/cmdline`) ? commandLine(pid) : '';
    if (words.includes(folder)) remains.push(`process ${words}`);
  }
  return remains;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** A process of its own that owns a cluster behaving as Kubernetes 1.36. */
async function startElsewhere(name: string): Promise<{ cluster: Cluster; kill: () => void }> {
  const options = `{ name: '${name}', emulate: '1.36', ephemeral: true, log: () => {} }`;
  const script = `
    import { startCluster } from ${JSON.stringify(clusterModule)};
    await startCluster(${options});
    console.log('ready');
    setInterval(() => {}, 1000);
  `;
  const argv = ['--input-type=module', '--eval', script];
  const owner = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await createInterface({ input: owner.stdout })[Symbol.asyncIterator]().next();
  assert.equal(line.value, 'ready');
  return { cluster: await openCluster(name), kill: () => owner.kill('SIGKILL') };
}

let first: Cluster;
let second: Cluster;
let killOwnerOfSecond: () => void;

before(async () => {
  const [here, elsewhere] = await Promise.all([
    startCluster({ name: `first-${process.pid}`, ephemeral: true, log }),
    startElsewhere(`second-${process.pid}`),
  ]);
  first = here;
  second = elsewhere.cluster;
  killOwnerOfSecond = elsewhere.kill;
});

after(() => first.stop());

test('two clusters that start at the same moment stand side by side', async () => {
  assert.notEqual(first.nodeAddress, second.nodeAddress);
  for (const cluster of [first, second]) {
    assert.match(await cluster.kubectl(['get', 'nodes', '--no-headers']), /^node-1 +Ready/);
    const cidr = await cluster.kubectl(['get', 'pods', '--all-namespaces', '--no-headers']);
    assert.equal(cidr, '');
  }
});

test('a cluster that emulates 1.36 does not offer PodCertificateRequest, the other does', async () => {
  const resources = (cluster: Cluster): Promise<string> =>
    cluster.kubectl(['api-resources', '--output=name']);
  assert.match(await resources(first), /podcertificaterequests\.certificates\.k8s\.io/);
  assert.doesNotMatch(await resources(second), /podcertificaterequests/);
});

test('a pod of an image built here answers the host by its address, by its Service and by name', async () => {
  const images = await buildImages(['tester'], log);
  await loadImages(first, images, log);
  await first.kubectl(['run', 'web', '--image', images['tester']?.ref ?? '', '--port', '8080', '--expose']);
  await first.kubectl(['wait', '--for=condition=Ready', 'pod/web', '--timeout=30s']);
  const field = (what: string, path: string): Promise<string> =>
    first.kubectl(['get', what, 'web', '-o', `jsonpath={${path}}`]);
  const pod = await field('pod', '.status.podIP');
  const service = await field('service', '.spec.clusterIP');
  assert.equal((await fetch(`http://${pod}:8080/`)).status, 200);
  await until('kube-proxy serves the ClusterIP', () =>
    fetch(`http://${service}:8080/`).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  const lookUp = `
    const { Resolver } = require('node:dns').promises;
    const resolver = new Resolver();
    resolver.setServers(['${first.nodeAddress}']);
    resolver.resolve4('web.default.svc.cluster.local').then(console.log);
  `;
  const { stdout } = await first.exec([process.execPath, '--eval', lookUp]);
  assert.equal(stdout.trim(), `[ '${service}' ]`);
});

test('components come back after a restart', async () => {
  await first.restartKubelet();
  await first.restart('kube-apiserver');
  await until('the API server answers', () =>
    first.kubectl(['get', 'nodes', '--no-headers']).then(
      (nodes) => /Ready/.test(nodes),
      () => false,
    ),
  );
  await assert.rejects(first.restart('nothing'), /no component nothing/);
});

test('a name is taken while its cluster runs', async () => {
  await assert.rejects(startCluster({ name: first.name, ephemeral: true, log }), /runs already/);
});

test('nothing is left of a cluster whose owner was killed, and the other one does not notice', async () => {
  killOwnerOfSecond();
  await until('the second cluster is gone', () => !existsSync(`/var/lib/weft/clusters/${second.name}`));
  assert.deepEqual(await remainsOf(second), []);
  assert.match(await first.kubectl(['get', 'nodes', '--no-headers']), /Ready/);
  assert.notDeepEqual(await remainsOf(first), []);
});

test('nothing is left of a cluster that was stopped', async () => {
  await first.stop();
  assert.deepEqual(await remainsOf(first), []);
  const taken = Array.from({ length: maxClusters }, (_, index) => addressesOf(index)).filter(
    ({ node }) => node === first.nodeAddress,
  );
  assert.equal(existsSync(`/sys/class/net/${taken[0]?.hostLink}`), false);
});

test('a bare API server keeps its data over a restart and is gone when it is stopped', async () => {
  const server: ApiServer = await startApiServer({ log });
  const kubectl = (...argv: string[]): Promise<string> =>
    run([first.binaries.kubectl, '--kubeconfig', server.kubeconfigPath, ...argv]);
  await kubectl('create', 'namespace', 'kept');
  await server.restart();
  await until('the API server answers', () =>
    kubectl('get', 'namespace', 'kept').then(
      () => true,
      () => false,
    ),
  );
  await server.stop();
  assert.equal(existsSync(server.kubeconfigPath), false);
  await assert.rejects(fetch(server.address));
});
