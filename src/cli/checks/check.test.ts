import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { proxyAnnotation } from '../../base/names.ts';
import { KubeError } from '../../kube/errors.ts';
import * as resources from '../../kube/resources.ts';
import type { ResourceType } from '../../kube/types.ts';
import { checks } from './list.ts';
import { check } from './testing.ts';
import { type Cluster, injection, meshCluster, meshRoots, nowMs } from '../testing.ts';

/** A mesh whose control plane sends identities over SDS, in a cluster that does not serve a kind. */
function olderCluster(absent?: ResourceType, trustRoots?: string): Cluster {
  const cluster = meshCluster();
  if (absent !== undefined) cluster.doNotServe(absent);
  const answers = cluster.answers.get('weft-a');
  cluster.answers.set('weft-a', {
    ...answers,
    '/v1/injection': { ...injection, identity: 'sds', trustRoots: trustRoots ?? meshRoots },
  });
  return cluster;
}

/** What the cluster does to fail one check, and what that check then says. */
function fails(name: string, spoil: (cluster: Cluster) => void, message: RegExp, code: string): void {
  test(`${name} fails: ${String(message)}`, async () => {
    const cluster = meshCluster();
    cluster.addPod('shop/web-1');
    spoil(cluster);
    const { of, exitCode } = await check(cluster);
    const result = of(name);
    assert.equal(result.level, 'failed');
    assert.match([result.message, ...(result.details ?? [])].join('\n'), message);
    assert.equal(result.code, code);
    assert.notEqual(result.remedy, '');
    assert.equal(exitCode, 1);
  });
}

function warns(name: string, spoil: (cluster: Cluster) => void, message: RegExp): void {
  test(`${name} warns: ${String(message)}`, async () => {
    const cluster = meshCluster();
    cluster.addPod('shop/web-1');
    spoil(cluster);
    const { of, exitCode } = await check(cluster);
    const result = of(name);
    assert.equal(result.level, 'warning');
    assert.match([result.message, ...(result.details ?? [])].join('\n'), message);
    assert.equal(exitCode, 0);
  });
}

suite('weft check, with Weft installed', () => {
  test('passes every check of a mesh that is well, and exits with 0', async () => {
    const cluster = meshCluster();
    cluster.addPod('shop/web-1');
    const { report, exitCode } = await check(cluster);
    assert.deepEqual(
      report.results.filter(({ level }) => level !== 'ok'),
      [],
    );
    assert.deepEqual(
      report.results.map((result) => result.check),
      checks.filter(({ when }) => when !== 'absent').map(({ name }) => name),
    );
    assert.equal(report.installed, true);
    assert.equal(exitCode, 0);
  });

  warns('clock', (cluster) => (cluster.clockMs += 20_000), /20 s ahead of the API server/);
  warns('gateway-api', (cluster) => cluster.doNotServe(resources.httpRoutes), /HTTPRoute is not served/);
  warns(
    'gateway-api',
    (cluster) => {
      cluster.doNotServe(resources.udpRoutes);
      cluster.doNotServe(resources.listenerSets);
    },
    /switched off\nListenerSet v1\nUDPRoute v1/,
  );
  fails('features', (c) => c.doNotServe(resources.serviceCIDRs), /native sidecars/, 'WEFT-CHECK-03');
  for (const absent of [resources.podCertificateRequests, resources.clusterTrustBundles]) {
    test(`passes where ${absent.plural} are not served, and says that identities come over SDS`, async () => {
      const { report, of } = await check(olderCluster(absent));
      assert.deepEqual(
        report.results.filter(({ level }) => level !== 'ok'),
        [],
      );
      assert.match(of('features').message, /sends them over SDS/);
      assert.match(of('trust-bundle').message, /holds the root/);
      assert.match(of('certificates').message, /over SDS/);
    });
  }

  test('trust-bundle fails where identities come over SDS and pods are given other roots', async () => {
    const { of } = await check(olderCluster(resources.podCertificateRequests, ''));
    assert.deepEqual([of('trust-bundle').level, of('trust-bundle').code], ['failed', 'WEFT-CHECK-13']);
  });

  test('proxy-versions warns while the control plane has not noticed that kubelets make identities', async () => {
    const { of } = await check(olderCluster());
    assert.equal(of('proxy-versions').level, 'warning');
    assert.match(of('proxy-versions').message, /restart the control plane/);
  });

  test('proxy-versions does not, where the control plane was told to make them itself', async () => {
    const cluster = olderCluster();
    cluster.put(resources.deployments, 'weft', {
      spec: { replicas: 2, template: { spec: { containers: [{ args: ['--identities=sds'] }] } } },
    });
    const { of } = await check(cluster);
    assert.equal(of('proxy-versions').level, 'ok');
  });

  fails(
    'kinds',
    (cluster) => {
      cluster.doNotServe(resources.meshConfigs);
      cluster.remove(resources.customResourceDefinitions, 'meshconfigs.weft.dev');
    },
    /meshconfigs.weft.dev does not exist/,
    'WEFT-CHECK-07',
  );
  fails(
    'kinds',
    (cluster) => {
      cluster.doNotServe(resources.meshConfigs);
      cluster.put(resources.customResourceDefinitions, 'meshconfigs.weft.dev', {});
    },
    /is not established/,
    'WEFT-CHECK-07',
  );
  fails(
    'kinds',
    (c) => c.doNotServe(resources.meshConfigs),
    /not served at version v1alpha1/,
    'WEFT-CHECK-07',
  );
  const deployment =
    (replicas: number, ready: number, generation = 1) =>
    (cluster: Cluster) =>
      cluster.put(resources.deployments, 'weft', {
        metadata: { generation },
        spec: { replicas },
        status: { readyReplicas: ready, updatedReplicas: ready, observedGeneration: 1 },
      });
  fails('control-plane', deployment(2, 1), /1 of 2 replicas are ready/, 'WEFT-CHECK-08');
  fails('control-plane', deployment(0, 0), /scaled to 0/, 'WEFT-CHECK-08');
  warns('control-plane', deployment(2, 2, 2), /not all of them are the new ones/);
  fails(
    'replicas',
    (c) => c.answers.set('weft-b', { '/v1/status': new Error('refused') }),
    /weft-b/,
    'WEFT-CHECK-09',
  );
  warns('replicas', (c) => Object.assign(c.status('weft-b'), { version: '0.0.9' }), /weft-b 0\.0\.9/);
  fails(
    'leader',
    (c) => Object.assign(c.status('weft-b'), { leading: true }),
    /weft-a and weft-b/,
    'WEFT-CHECK-10',
  );
  fails('leader', (cluster) => cluster.remove(resources.leases, 'weft'), /nobody holds/, 'WEFT-CHECK-10');
  fails(
    'leader',
    (cluster) => Object.assign(cluster.status('weft-a'), { leading: false }),
    /no replica says that it leads/,
    'WEFT-CHECK-10',
  );
  const lease = (renewTime: string) => (cluster: Cluster) =>
    cluster.put(resources.leases, 'weft', {
      spec: { holderIdentity: 'weft-a', leaseDurationSeconds: 15, renewTime },
    });
  fails('leader', lease(new Date(nowMs - 40_000).toISOString()), /not renewed it for 40 s/, 'WEFT-CHECK-10');
  fails(
    'replica-clocks',
    (cluster) => Object.assign(cluster.status('weft-b'), { nowMs: nowMs + 90_000 }),
    /weft-b by 90 s/,
    'WEFT-CHECK-02',
  );
  const meshConfig = (status: object) => (cluster: Cluster) =>
    cluster.put(resources.meshConfigs, 'default', {
      spec: { trustDomain: 'corp.example', mtls: { mode: 'Strict' } },
      status,
    });
  const accepted = (status: string) => ({
    conditions: [{ type: 'Accepted', status, message: 'spec.x is wrong', observedGeneration: 1 }],
  });
  fails('mesh-config', meshConfig(accepted('False')), /not accepted: spec.x is wrong/, 'WEFT-CHECK-11');
  warns('mesh-config', meshConfig({}), /has not judged the last change/);
  fails(
    'authority',
    (c) => c.remove(resources.certificateAuthorities, 'default'),
    /no certificate authority/,
    'WEFT-CHECK-12',
  );
  fails('authority', (c) => c.remove(resources.secrets, 'weft-ca'), /Secret weft-ca/, 'WEFT-CHECK-12');
  const ready = (status: string, reason: string) => (cluster: Cluster) =>
    cluster.putStatus(resources.certificateAuthorities, 'default', {
      conditions: [{ type: 'Ready', status, reason, message: 'It ends soon.' }],
    });
  fails('authority', ready('False', 'SecretDamaged'), /It ends soon/, 'WEFT-CHECK-12');
  warns('authority', ready('True', 'RootExpiresSoon'), /It ends soon/);
  fails(
    'trust-bundle',
    (c) => c.remove(resources.clusterTrustBundles, 'weft.dev:workload:mesh'),
    /no ClusterTrustBundle/,
    'WEFT-CHECK-13',
  );
  fails(
    'trust-bundle',
    (c) => c.put(resources.clusterTrustBundles, 'weft.dev:workload:mesh', { spec: { trustBundle: '' } }),
    /lacks the root/,
    'WEFT-CHECK-13',
  );
  fails(
    'webhooks',
    (c) => c.remove(resources.validatingWebhookConfigurations, 'weft'),
    /ValidatingWebhookConfiguration weft does not exist/,
    'WEFT-CHECK-14',
  );
  fails(
    'webhooks',
    (cluster) =>
      cluster.put(resources.mutatingWebhookConfigurations, 'weft', {
        webhooks: [{ name: 'pod.inject.weft.dev', failurePolicy: 'Ignore' }],
      }),
    /namespace.inject.weft.dev is missing[^]*pod.inject.weft.dev differs in failurePolicy/,
    'WEFT-CHECK-14',
  );
  const trial = 'POST /api/v1/namespaces/default/pods';
  fails('webhooks', (c) => (c.admit = (pod) => pod), /in a dry run got no proxy/, 'WEFT-CHECK-14');
  fails('webhooks', (c) => c.refuse(trial, 500, 'no endpoints'), /no endpoints/, 'WEFT-CHECK-14');
  warns('webhooks', (c) => c.refuse(trial, 403, 'pods is forbidden'), /could not be tried[^]*forbidden/);
  const request = (ageMs: number, conditions?: object[]) => (cluster: Cluster) =>
    cluster.put(
      resources.podCertificateRequests,
      'req-1',
      {
        metadata: { creationTimestamp: new Date(nowMs - ageMs).toISOString() },
        spec: { podName: 'web-1' },
        status: { conditions },
      },
      'shop',
    );
  fails('certificates', request(60_000), /shop\/web-1 has been waiting for 60s/, 'WEFT-CHECK-15');
  fails(
    'certificates',
    request(1_000, [{ type: 'Denied', status: 'True', message: 'no such pod' }]),
    /shop\/web-1: Denied: no such pod/,
    'WEFT-CHECK-15',
  );
  const plainPod =
    (spec: object, metadata = {}) =>
    (cluster: Cluster) =>
      cluster.put(resources.pods, 'old-1', { metadata, spec: { containers: [], ...spec } }, 'shop');
  fails('meshed-pods', plainPod({}), /1 of 2 pods run without a proxy\nshop\/old-1/, 'WEFT-CHECK-16');
  warns('meshed-pods', plainPod({ hostNetwork: true }), /shop\/old-1: WEFT-POD-01/);
  const hourMs = 3_600_000;
  const certificate = (remainingMs: number) => ({
    certificate: { notBeforeMs: nowMs + remainingMs - 24 * hourMs, notAfterMs: nowMs + remainingMs },
  });
  warns('renewal', (c) => c.addPod('shop/web-2', certificate(3 * hourMs)), /1 of 2[^]*shop\/web-2 until 20/);
  fails(
    'renewal',
    (c) => c.addPod('shop/web-2', certificate(-hourMs)),
    /have expired[^]*shop\/web-2/,
    'WEFT-CHECK-19',
  );

  test('renewal tells how long the certificate that ends first is valid', async () => {
    const cluster = meshCluster();
    cluster.addPod('shop/web-1', certificate(23 * hourMs));
    cluster.addPod('shop/web-2', certificate(9 * hourMs));
    const { of } = await check(cluster);
    assert.equal(of('renewal').message, 'the certificates of 2 proxies are valid for 9h or longer');
  });

  fails('proxies', (c) => c.status('weft-a').proxies.pop(), /shop\/web-1 is not connected/, 'WEFT-CHECK-17');
  fails('proxies', (c) => c.addPod('shop/web-2', { pending: 3 }), /shop\/web-2 waits for 3/, 'WEFT-CHECK-17');
  fails('proxies', (c) => c.addPod('shop/web-2', { nacks: 1 }), /rejected 1 response/, 'WEFT-CHECK-17');
  warns('proxy-versions', (c) => c.addPod('shop/web-2', {}, '{}'), /1 of 2[^]*shop\/web-2/);

  test('a pod that is labelled to stay out, has ended, or is going is nobody’s concern', async () => {
    const cluster = meshCluster();
    plainPod({}, { labels: { 'weft.dev/inject': 'disabled' } })(cluster);
    cluster.put(resources.pods, 'done', { status: { phase: 'Succeeded' } }, 'shop');
    cluster.put(resources.pods, 'going', { metadata: { deletionTimestamp: 'now' } }, 'shop');
    const { of } = await check(cluster);
    assert.equal(of('meshed-pods').level, 'ok');
  });

  test('a pod outside the meshed namespaces counts when its own label asks', async () => {
    const cluster = meshCluster();
    cluster.put(
      resources.pods,
      'one',
      { metadata: { labels: { 'weft.dev/inject': 'enabled' } }, spec: { containers: [] } },
      'default',
    );
    const { of } = await check(cluster);
    assert.deepEqual(of('meshed-pods').details, ['default/one']);
  });

  test('a proxy that catches up before the second look is in sync', async () => {
    const cluster = meshCluster();
    cluster.addPod('shop/web-1', { pending: 3 });
    cluster.onSleep = () => Object.assign(cluster.status('weft-a').proxies[0] ?? {}, { pending: 0 });
    const { of } = await check(cluster);
    assert.equal(of('proxies').level, 'ok');
  });

  test('a pod that is not ready yet need not be connected', async () => {
    const cluster = meshCluster();
    cluster.put(
      resources.pods,
      'new',
      {
        metadata: { annotations: { [proxyAnnotation]: '{}', 'weft.dev/originals': '{}' } },
        spec: { containers: [] },
        status: { phase: 'Pending' },
      },
      'shop',
    );
    const { of } = await check(cluster);
    assert.equal(of('proxies').level, 'ok');
  });

  test('what depends on a failed check is skipped and says why', async () => {
    const cluster = meshCluster();
    cluster.remove(resources.pods, 'weft-a');
    cluster.remove(resources.pods, 'weft-b');
    const { of } = await check(cluster);
    assert.match(of('replicas').message, /no pod is ready/);
    assert.deepEqual(of('proxies'), {
      check: 'proxies',
      level: 'skipped',
      message: 'not looked at: it needs replicas',
    });
  });

  test('what you may not look at is skipped, and leaves the question open: exit code 2', async () => {
    const cluster = meshCluster();
    const start = 'GET /apis/certificates.k8s.io/v1/podcertificaterequests';
    cluster.refuse(start, 403, 'x is forbidden: User "ada" cannot list x');
    const { of, exitCode } = await check(cluster);
    assert.deepEqual(of('certificates'), {
      check: 'certificates',
      level: 'skipped',
      message: 'you may not look: User "ada" cannot list x',
    });
    assert.equal(exitCode, 2);
    assert.match(
      (await cluster.run('check')).out,
      /^1 of 20 checks could not be made; none of the others failed\.$/m,
    );
  });

  test('what depends on a refused port-forward is skipped with it', async () => {
    const cluster = meshCluster();
    const cause = new KubeError('WEFT-KUBE-02', 'port-forward: 403.', { status: 403, reason: '' });
    for (const name of ['weft-a', 'weft-b']) cluster.answers.set(name, { '/v1/status': cause });
    const { of, exitCode } = await check(cluster);
    assert.match(of('replicas').message, /^you may not look: /);
    assert.equal(of('proxies').message, 'not looked at: it needs replicas');
    assert.equal(exitCode, 2);
  });

  test('who may not read definitions still learns that the kinds are served', async () => {
    const cluster = meshCluster();
    cluster.refuse('GET /apis/apiextensions.k8s.io', 403);
    const { of } = await check(cluster);
    assert.equal(of('kinds').level, 'ok');
    assert.deepEqual(of('gateway-api').message, 'Gateway API is served');
  });

  test('keys are not asked for, and not missed by who may not read Secrets', async () => {
    const cluster = meshCluster();
    cluster.refuse('GET /api/v1/namespaces/weft-system/secrets/weft-ca', 403);
    const { of } = await check(cluster);
    assert.equal(of('authority').level, 'ok');
  });
});

suite('The observability API', () => {
  test('that does not reach the control plane fails, with what the API server says', async () => {
    const cluster = meshCluster();
    cluster.put(resources.apiServices, 'v1alpha1.observe.weft.dev', {
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'weft' } },
      status: { conditions: [{ type: 'Available', status: 'False', message: 'no endpoints' }] },
    });
    const { out, exitCode } = await cluster.run('check');
    assert.match(out, /^FAILED {2}observability .*\n.*v1alpha1\.observe\.weft\.dev: no endpoints$/m);
    assert.match(out, /WEFT-CHECK-21/);
    assert.equal(exitCode, 1);
  });

  test('on a cluster without aggregation layer is only warned of', async () => {
    const cluster = meshCluster();
    cluster.doNotServe(resources.apiServices);
    const { out } = await cluster.run('check');
    assert.match(out, /^warning {2}observability {3}the cluster has no aggregation layer/m);
  });
});
