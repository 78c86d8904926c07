import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as resources from '../../kube/resources.ts';
import { check } from '../checks/testing.ts';
import { emptyCluster, meshCluster } from '../testing.ts';

suite('weft check, before Weft is installed', () => {
  test('says that it can be, and exits with 0', async () => {
    const { out, exitCode } = await emptyCluster().run('check');
    assert.equal(exitCode, 0);
    assert.match(out, /^ok {2}permissions +you may install Weft$/m);
    assert.match(out, /^Weft is not installed; it can be\.$/m);
  });

  test('lists the permissions that are missing', async () => {
    const cluster = emptyCluster();
    cluster.denied.add('create customresourcedefinitions').add('create secrets');
    const { of, exitCode } = await check(cluster);
    assert.deepEqual(of('permissions').details, [
      'create customresourcedefinitions.apiextensions.k8s.io',
      'create secrets in weft-system',
    ]);
    assert.equal(exitCode, 1);
  });

  test('finds webhooks that lead nowhere', async () => {
    const cluster = meshCluster();
    cluster.remove(resources.deployments, 'weft');
    const { of } = await check(cluster);
    assert.equal(of('leftovers').code, 'WEFT-CHECK-06');
    assert.match(of('leftovers').details?.[0] ?? '', /leads to namespace weft-system/);
  });

  test('tries native sidecars where discovery cannot tell', async () => {
    const cluster = emptyCluster();
    cluster.doNotServe(resources.serviceCIDRs);
    assert.equal((await check(cluster)).of('features').level, 'ok');
    cluster.admit = () => ({ spec: { initContainers: [{ name: 'sidecar' }] } });
    assert.match((await check(cluster)).of('features').details?.join() ?? '', /native sidecars/);
  });
});

suite('weft check, whatever there is', () => {
  test('an API server that does not answer ends it, with exit code 2', async () => {
    const cluster = meshCluster();
    cluster.refuse('GET', 0, 'connect ECONNREFUSED');
    const { report, exitCode } = await check(cluster);
    assert.equal(report.results.length, 1);
    assert.equal(report.results[0]?.code, 'WEFT-KUBE-01');
    assert.equal(exitCode, 2);
  });

  test('--wait returns as soon as all is well, and tells once what it waits for', async () => {
    const cluster = meshCluster();
    cluster.put(resources.deployments, 'weft', { spec: { replicas: 2 } });
    let sleeps = 0;
    cluster.onSleep = () => {
      if (++sleeps < 3) return;
      cluster.put(resources.deployments, 'weft', { spec: { replicas: 1 }, status: { readyReplicas: 1 } });
    };
    const { exitCode, err } = await check(cluster, 'check --wait 1m -o json');
    assert.equal(exitCode, 0);
    assert.equal(sleeps, 3);
    assert.equal(err, 'waiting for control-plane: 0 of 2 replicas are ready\n');
  });

  test('--wait gives up in the end, and takes a Weft that is absent for a failure', async () => {
    const cluster = emptyCluster();
    const startedMs = cluster.clockMs;
    const { of, exitCode } = await check(cluster, 'check --wait 30s -o json');
    assert.equal(exitCode, 1);
    assert.match(of('control-plane').message, /there is no Deployment weft/);
    assert.ok(cluster.clockMs - startedMs <= 30_000);
  });

  test('in a terminal each line begins with a sign, elsewhere with a plain word', async () => {
    const cluster = meshCluster();
    cluster.doNotServe(resources.httpRoutes);
    cluster.remove(resources.leases, 'weft');
    const terminal = await cluster.run('check', '', 'weft', true);
    assert.match(terminal.out, /^✓ {2}kubernetes-api {2}v1.37.1 answers; you are ada$/m);
    assert.match(terminal.out, /^! {2}gateway-api/m);
    assert.match(terminal.out, /^✗ {2}leader/m);
    assert.match(terminal.out, /^ +→ .* \(WEFT-CHECK-10\)$/m);
    const piped = await cluster.run('check');
    assert.match(piped.out, /^FAILED {3}leader {10}nobody holds the Lease weft$/m);
    // oxlint-disable-next-line no-control-regex
    assert.match(piped.out, /^[\x00-\x7f]*$/);
    assert.match(piped.out, /^1 of 20 checks failed\.$/m);
  });

  test('of many details ten are shown, and all in JSON', async () => {
    const cluster = meshCluster();
    for (let index = 0; index < 12; index++) {
      cluster.put(resources.pods, `p${index}`, { spec: { containers: [] } }, 'shop');
    }
    assert.match((await cluster.run('check')).out, /^ +and 2 more$/m);
    assert.equal((await check(cluster)).of('meshed-pods').details?.length, 12);
  });
});
