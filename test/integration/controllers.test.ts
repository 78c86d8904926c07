/**
 * The controllers on a real API server: what it accepts, defaults, validates and refuses is what they are built on.
 * Two replicas run side by side in this process; no node runs, so requests and pods are made by hand.
 */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { globSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type ApiServer, ensureBinary, gatewayApiCrds, startApiServer } from '../../dev/cluster/cluster.ts';
import { run } from '../../dev/command.ts';
import type { CertificateAuthority } from '../../src/base/api.ts';
import { wait } from '../../src/base/backoff.ts';
import { createLogger } from '../../src/base/log.ts';
import type { PodCertificateRequest } from '../../src/ca/pod-certificate-request.ts';
import { certificateRequest } from '../../src/ca/testing.ts';
import { distinguishedName } from '../../src/ca/x509.ts';
import type { ClusterTrustBundle, Secret, WebhookConfiguration } from '../../src/controllers/objects.ts';
import {
  type ConfigMap,
  projectReport,
  reportKind,
  reportLabel,
} from '../../src/controllers/progress-report.ts';
import { type RouteObject } from '../../src/controllers/route-status.ts';
import { type StatusObject } from '../../src/controllers/status-controller.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import * as resources from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type Replica, startReplica } from '../support/controller-replica.ts';

const namespace = 'weft-system';
/** Only what goes wrong: that is what a failed test has to be explained with. */
const log = createLogger('warn');
let server: ApiServer;
let api: KubeClient;
const stop = new AbortController();
let replicas: readonly Replica[] = [];

before(async () => {
  const kubectl = await ensureBinary('kubectl', console.log);
  server = await startApiServer({ withControllers: true, log: console.log });
  api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log });
  const gateway = await gatewayApiCrds('standard', console.log);
  const crds = [
    ...globSync(new URL('../../crds/*.yaml', import.meta.url).pathname),
    `${gateway}/gateway.networking.k8s.io_httproutes.yaml`,
  ];
  const argv = crds.flatMap((file) => ['-f', file]);
  await run([kubectl, '--kubeconfig', server.kubeconfigPath, 'apply', '--server-side', ...argv]);
  const names = [
    'httproutes.gateway.networking.k8s.io',
    'certificateauthorities.weft.dev',
    'meshconfigs.weft.dev',
    'mutualtlspolicies.weft.dev',
  ];
  await run([
    kubectl,
    '--kubeconfig',
    server.kubeconfigPath,
    'wait',
    '--for=condition=Established',
    ...names.map((name) => `crd/${name}`),
  ]);
  for (const name of [namespace, 'shop']) await api.create(resources.namespaces, { metadata: { name } });
  await api.create(resources.clusterRoles, { metadata: { name: 'weft' } });
  for (const name of ['weft-0', 'weft-1']) await createPod(namespace, name, 'default');
  // Before the validating webhook is there, which nobody answers here.
  await api.create(resources.certificateAuthorities, {
    metadata: { name: 'default' },
    spec: {},
  } as KubeObject);
  await api.create(resources.meshConfigs, { metadata: { name: 'default' }, spec: {} } as KubeObject);
  await api.create(resources.mutualTLSPolicies, {
    metadata: { name: 'strict', namespace: 'shop' },
    spec: { mode: 'Strict' },
  } as KubeObject);
  replicas = await Promise.all(
    ['weft-0', 'weft-1'].map((name) => startReplica({ api, name, namespace, log, stop: stop.signal })),
  );
});

after(async () => {
  stop.abort();
  await Promise.all(replicas.map((replica) => replica.ended));
  await server?.stop();
});

function createPod(inNamespace: string, name: string, serviceAccountName: string): Promise<KubeObject> {
  const spec = { serviceAccountName, containers: [{ name: 'app', image: 'app:1' }] };
  return api.create(resources.pods, { metadata: { name, namespace: inNamespace }, spec } as KubeObject);
}

/** Asks until the answer is not undefined, for at most 20 seconds. */
async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    assert.ok(performance.now() < deadlineMs, `${what}: not within 20 s`);
    await wait(25);
  }
}

/** Resolves with the object when its resourceVersion has not changed for a second. */
async function settled<T extends KubeObject>(read: () => Promise<T | undefined>): Promise<T> {
  for (let last = await read(); ; ) {
    await wait(1_000);
    const now = await read();
    if (now !== undefined && now.metadata.resourceVersion === last?.metadata.resourceVersion) return now;
    last = now;
  }
}

test('two replicas that start together share one authority', async () => {
  const [first, second] = replicas;
  assert.ok(first?.keeper.authority);
  assert.equal(first.keeper.authority.intermediate.serial, second?.keeper.authority?.intermediate.serial);
  const secret = await api.get<Secret>(resources.secrets, 'weft-ca', namespace);
  assert.equal(secret?.type, 'weft.dev/certificate-authority');
});

test('the trust bundle holds the root', async () => {
  const bundle = await eventually('trust bundle', () =>
    api.get<ClusterTrustBundle>(resources.clusterTrustBundles, 'weft.dev:workload:mesh'),
  );
  assert.equal(bundle.spec.trustBundle.trim(), replicas[0]?.keeper.authority?.trustBundle.trim());
});

test('the webhook configurations are as wanted, and nothing writes them again', async () => {
  for (const type of [resources.mutatingWebhookConfigurations, resources.validatingWebhookConfigurations]) {
    const read = () => api.get<WebhookConfiguration>(type, 'weft');
    await eventually(type.plural, read);
    const object = await settled(read);
    assert.equal(object.metadata.generation, 1, `${type.plural} was written once`);
    assert.equal(object.metadata.ownerReferences?.[0]?.kind, 'ClusterRole');
  }
});

test('a webhook configuration that was changed by hand is put right', async () => {
  const type = resources.mutatingWebhookConfigurations;
  const object = await api.get<WebhookConfiguration>(type, 'weft');
  assert.ok(object?.webhooks);
  await api.update(type, { ...object, webhooks: object.webhooks.slice(1) });
  await eventually('both entries', async () => {
    const now = await api.get<WebhookConfiguration>(type, 'weft');
    return now?.webhooks?.length === 2 ? now : undefined;
  });
});

function requestFor(podName: string, podUID: string, request: Buffer, name: string): PodCertificateRequest {
  return {
    metadata: { name, namespace: 'shop' },
    spec: {
      signerName: 'weft.dev/workload',
      podName,
      podUID,
      serviceAccountName: 'default',
      serviceAccountUID: 'sa-uid',
      nodeName: 'node-1',
      nodeUID: 'node-uid',
      stubPKCS10Request: request.toString('base64'),
    } as PodCertificateRequest['spec'],
  };
}

function answered(name: string): Promise<PodCertificateRequest> {
  return eventually(`an answer to ${name}`, async () => {
    const now = await api.get<PodCertificateRequest>(resources.podCertificateRequests, name, 'shop');
    return (now?.status?.conditions ?? []).length > 0 ? now : undefined;
  });
}

test('a pod gets a certificate that the API server accepts, quickly', async () => {
  const pod = await createPod('shop', 'web-0', 'default');
  const request = requestFor('web-0', pod.metadata.uid ?? '', certificateRequest(), 'good');
  const startedAt = performance.now();
  await api.create(resources.podCertificateRequests, request);
  const { status } = await answered('good');
  console.log(`answered after ${Math.round(performance.now() - startedAt)} ms`);
  assert.equal(status?.conditions?.[0]?.type, 'Issued', status?.conditions?.[0]?.message);
  const leaf = new X509Certificate(status.certificateChain ?? '');
  assert.equal(leaf.subjectAltName, 'URI:spiffe://cluster.local/ns/shop/sa/default');
});

test('a forged subject is denied with its code', async () => {
  const pod = await createPod('shop', 'web-1', 'default');
  const forged = certificateRequest({ subject: distinguishedName('system:masters', 'admin') });
  await api.create(
    resources.podCertificateRequests,
    requestFor('web-1', pod.metadata.uid ?? '', forged, 'forged'),
  );
  const { status } = await answered('forged');
  assert.equal(status?.conditions?.[0]?.type, 'Denied');
  assert.match(status.conditions[0].message, /^WEFT-CA-03: /);
  assert.equal(status.certificateChain, undefined);
});

test('fifty requests at once are all answered', async () => {
  const pod = await createPod('shop', 'web-2', 'default');
  const names = Array.from({ length: 50 }, (_, i) => `many-${i}`);
  await Promise.all(
    names.map((name) =>
      api.create(
        resources.podCertificateRequests,
        requestFor('web-2', pod.metadata.uid ?? '', certificateRequest(), name),
      ),
    ),
  );
  const all = await Promise.all(names.map(answered));
  assert.ok(all.every(({ status }) => status?.conditions?.[0]?.type === 'Issued'));
});

test('the CertificateAuthority counts what was signed', async () => {
  const object = await eventually('52 certificates less the denied one', async () => {
    const now = await api.get<CertificateAuthority & KubeObject>(resources.certificateAuthorities, 'default');
    return (now?.status?.issued ?? 0) >= 51 ? now : undefined;
  });
  assert.equal(object.status?.issued, 51);
  assert.equal(object.status?.conditions?.[0]?.reason, 'Ready');
  assert.equal(object.spec.workloadLifetime, '24h');
  assert.equal(object.status?.root?.serial, replicas[0]?.keeper.authority?.root.serial);
});

test('a MeshConfig and a policy are told what became of them', async () => {
  for (const [type, name, inNamespace] of [
    [resources.meshConfigs, 'default', undefined],
    [resources.mutualTLSPolicies, 'strict', 'shop'],
  ] as const) {
    const read = () => api.get<StatusObject>(type, name, inNamespace);
    await eventually(`status of ${name}`, async () => (await read())?.status?.conditions?.[0]);
    const object = await settled(read);
    const [accepted] = object.status?.conditions ?? [];
    assert.deepEqual(
      [accepted?.type, accepted?.status, accepted?.observedGeneration],
      ['Accepted', 'True', 1],
    );
  }
});

function readRoute(): Promise<RouteObject | undefined> {
  return api.get<RouteObject>(resources.httpRoutes, 'web', 'shop');
}

function inForce(route: RouteObject | undefined): string | undefined {
  const mine = route?.status?.parents?.find(({ controllerName }) => controllerName === 'weft.dev/mesh');
  return mine?.conditions?.find(({ type }) => type === 'weft.dev/InForce')?.message;
}

test("a route's status counts the proxies of both replicas, beside another controller's entry", async () => {
  await api.create(resources.services, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { ports: [{ name: 'http', port: 80 }], selector: { app: 'web' } },
  } as KubeObject);
  const service = await api.get<KubeObject & { spec: { clusterIP: string } }>(
    resources.services,
    'web',
    'shop',
  );
  const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'edge' };
  const created = await api.create(resources.httpRoutes, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'web', port: 80 }, gateway],
      rules: [{ backendRefs: [{ name: 'web', port: 80 }] }],
    },
  } as KubeObject);
  const accepted = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const foreign = { parentRef: gateway, controllerName: 'example.com/gateway', conditions: [accepted] };
  await eventually('the foreign entry', async () => {
    const now = (await readRoute()) ?? created;
    const parents = [...((now as RouteObject).status?.parents ?? []), foreign];
    try {
      return await api.updateStatus(resources.httpRoutes, { ...now, status: { parents } } as KubeObject);
    } catch (error) {
      if (isKubeError(error, 409)) return undefined;
      throw error;
    }
  });
  const [one, two] = replicas;
  assert.ok(one && two);
  // As if proxies of a workload had connected to both replicas: three here, two there.
  for (const [replica, proxies] of [
    [one, 3],
    [two, 2],
  ] as const) {
    replica.mesh.used.set('shop/Deployment/client', { destinations: [`${service?.spec.clusterIP}:80`] });
    const name = 'svc/shop/web:80';
    replica.routes.set(name, { name, version: 'abc', body: new Uint8Array(), needs: [] });
    replica.acks.set(`route ${name}`, { holders: proxies, current: proxies, served: 'abc' });
  }
  // Reports count while their replica is ready; no kubelet says so here.
  for (const { name } of replicas) {
    const pod = await api.get<KubeObject & { status?: object }>(resources.pods, name, namespace);
    const conditions = [{ type: 'Ready', status: 'True' }];
    await api.updateStatus(resources.pods, {
      ...pod,
      metadata: { ...pod?.metadata, name, namespace },
      status: { ...pod?.status, conditions },
    } as KubeObject);
  }
  const route = await eventually('five proxies', async () => {
    const now = await readRoute();
    return inForce(now) === 'In force on 5 of 5 proxies.' ? now : undefined;
  });
  assert.deepEqual(route.status?.parents?.map(({ controllerName }) => controllerName).sort(), [
    'example.com/gateway',
    'weft.dev/mesh',
  ]);
  const reports = await api.list<ConfigMap>(resources.configMaps, {
    namespace,
    labelSelector: `${reportLabel}=${reportKind}`,
  });
  const follower = replicas.find(({ election }) => !election.leading);
  const report = reports.map(projectReport).find((candidate) => candidate?.replica === follower?.name);
  assert.deepEqual(Object.keys(report?.routes ?? {}), ['HTTPRoute/shop/web|0']);
  const quiet = await settled(readRoute);
  assert.equal(inForce(quiet), 'In force on 5 of 5 proxies.');
});

test('a deleted authority Secret is written back as it was', async () => {
  const serial = replicas[0]?.keeper.authority?.root.serial;
  await api.delete(resources.secrets, 'weft-ca', namespace);
  await eventually('the Secret', () => api.get<Secret>(resources.secrets, 'weft-ca', namespace));
  await wait(500);
  for (const { keeper } of replicas) {
    assert.equal(keeper.authority?.root.serial, serial);
    assert.equal(keeper.fault, undefined);
  }
});
