/**
 * Admission as the real API server does it: it calls the webhook, applies the patch, fills in defaults, lets a second
 * webhook add a container, and asks again. What comes out is what the kubelet would get.
 */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import { after, before, suite, test } from 'node:test';
import { globSync } from 'node:fs';
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { type ApiServer, ensureBinary, startApiServer } from '../../dev/cluster/cluster.ts';
import { type CommandResult, run, tryRun } from '../../dev/command.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { injectPod, prepareInjection } from '../../src/webhook/inject/inject.ts';
import { restorePod } from '../../src/webhook/inject/restore.ts';
import { testContext } from '../../src/webhook/inject/testing.ts';
import { createWebhookServer, type WebhookServer } from '../../src/webhook/server.ts';

const authority = new Authority(testMaterial(systemClock), systemClock);
const tls = authority.issueServing({
  dnsNames: ['localhost'],
  uri: 'spiffe://cluster.local/ns/weft-system/sa/weft',
  lifetimeMs: 3_600_000,
});
const injection = prepareInjection(testContext());
const labels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  meshed: { 'weft.dev/inject': 'enabled' },
  plain: {},
};

let apiServer: ApiServer;
let kubectl = '';
let webhook: WebhookServer;
let second: Server;

const late: V1Container = {
  name: 'late',
  image: 'late:1',
  readinessProbe: { httpGet: { path: '/late', port: 7070 } },
};

before(async () => {
  kubectl = await ensureBinary('kubectl', console.error);
  apiServer = await startApiServer({ withControllers: false, log: console.error });
  webhook = createWebhookServer({
    injection: () => injection,
    namespaceLabels: (name) => labels[name],
    advise: () => Promise.resolve([]),
    tls: { key: tls.key, certificate: tls.chain },
    log: silent,
  });
  const port = await webhook.listen('127.0.0.1', 0);
  const secondPort = await startSecondWebhook();
  const crds = globSync(new URL('../../crds/*.yaml', import.meta.url).pathname).flatMap((file) => [
    '-f',
    file,
  ]);
  await run([kubectl, '--kubeconfig', apiServer.kubeconfigPath, 'apply', '--server-side', ...crds]);
  for (const [name, own] of Object.entries(labels)) {
    await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: own } });
    await create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: name },
    });
  }
  await create(mutating(port, secondPort));
  await create(validating(port));
  await webhooksAreCalled();
});

after(async () => {
  await webhook.close();
  second.close();
  await apiServer.stop();
});

/** Adds a container to pods that ask for it, once. Its name sorts after ours, so ours is asked again. */
async function startSecondWebhook(): Promise<number> {
  second = createServer({ key: tls.key, cert: tls.chain }, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { request: asked } = JSON.parse(body) as { request: { uid: string; object: V1Pod } };
      const { metadata, spec } = asked.object;
      const wanted =
        metadata?.annotations?.['test/late'] === 'true' &&
        spec?.containers.every((container) => container.name !== late.name);
      const patch = wanted ? [{ op: 'add', path: '/spec/containers/-', value: late }] : [];
      const answer = {
        uid: asked.uid,
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      };
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review));
    });
  });
  await new Promise<void>((resolve) => second.listen(0, '127.0.0.1', resolve));
  return (second.address() as { port: number }).port;
}

function entry(name: string, port: number, path: string): object {
  return {
    name,
    clientConfig: {
      url: `https://localhost:${port}${path}`,
      caBundle: Buffer.from(authority.trustBundle).toString('base64'),
    },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    reinvocationPolicy: 'IfNeeded',
    failurePolicy: 'Fail',
    timeoutSeconds: 10,
  };
}

function mutating(port: number, secondPort: number): object {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }];
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'a-weft' },
    webhooks: [
      { ...entry('a.weft.dev', port, '/inject'), rules },
      { ...entry('b.example.com', secondPort, '/'), rules },
    ],
  };
}

function validating(port: number): object {
  const rules = [
    {
      apiGroups: ['weft.dev'],
      apiVersions: ['*'],
      resources: ['*'],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
    },
  ];
  const { reinvocationPolicy: _, ...validate } = entry('c.weft.dev', port, '/validate') as Record<
    string,
    unknown
  >;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'weft' },
    webhooks: [{ ...validate, rules }],
  };
}

function kube(argv: readonly string[], input?: unknown): Promise<CommandResult> {
  const options = input === undefined ? {} : { input: JSON.stringify(input) };
  return tryRun([kubectl, '--kubeconfig', apiServer.kubeconfigPath, ...argv], options);
}

interface Created {
  readonly object: V1Pod;
  readonly warnings: string;
}

/** Throws what the API server says when it refuses. */
async function create(object: unknown): Promise<Created> {
  const { code, stdout, stderr } = await kube(['create', '-f', '-', '-o', 'json'], object);
  if (code !== 0) throw new Error(stderr);
  return { object: JSON.parse(stdout) as V1Pod, warnings: stderr };
}

/** The API server reads webhook configurations a moment after they are written. */
async function webhooksAreCalled(): Promise<void> {
  const probe = pod('probe', 'meshed');
  for (const deadlineMs = Date.now() + 20_000; Date.now() < deadlineMs; ) {
    const { stdout } = await kube(['create', '--dry-run=server', '-f', '-', '-o', 'json'], probe);
    if (stdout.includes('weft-proxy')) return;
  }
  throw new Error('the API server does not call the webhook');
}

function pod(
  name: string,
  namespace: string,
  changes: Partial<V1Pod> = {},
  spec: Partial<V1Pod['spec']> = {},
) {
  const container: V1Container = {
    name: 'web',
    image: 'web:1',
    ports: [{ name: 'http', containerPort: 8080 }],
    livenessProbe: { httpGet: { path: '/live', port: 'http' }, periodSeconds: 3 },
    readinessProbe: { tcpSocket: { port: 5432 } },
    startupProbe: { grpc: { port: 9000, service: 'x' } },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    ...changes,
    metadata: { name, namespace, ...changes.metadata },
    spec: {
      containers: [container],
      initContainers: [{ name: 'migrate', image: 'db:1' }],
      ...spec,
    },
  };
}

function names(list: readonly { readonly name: string }[] | undefined): string[] {
  return (list ?? []).map((item) => item.name);
}

suite('A pod created on the real API server', () => {
  test('is stored with everything that injection puts into it', async () => {
    const { object, warnings } = await create(pod('whole', 'meshed'));
    assert.equal(warnings, '');
    assert.deepEqual(names(object.spec?.initContainers), ['weft-redirect', 'weft-proxy', 'migrate']);
    const [container] = object.spec?.containers ?? [];
    assert.equal(container?.livenessProbe?.httpGet?.path, '/probe/web/liveness');
    assert.equal(container?.readinessProbe?.httpGet?.path, '/probe/web/readiness');
    assert.equal(container?.startupProbe?.httpGet?.path, '/probe/web/startup');
    assert.equal(container?.lifecycle?.preStop?.sleep?.seconds, 5);
    const identity = object.spec?.volumes?.find((volume) => volume.name === 'weft-identity');
    const [certificate, bundle, files] = identity?.projected?.sources ?? [];
    assert.equal(certificate?.podCertificate?.signerName, 'weft.dev/workload');
    assert.equal(bundle?.clusterTrustBundle?.signerName, 'weft.dev/workload');
    assert.equal(files?.downwardAPI?.items?.length, 2);
  });

  test('with all defaults filled in needs nothing more from a second injection', async () => {
    const { object } = await create(pod('defaults', 'meshed'));
    assert.deepEqual(injectPod(object, injection).operations, []);
  });

  test('is completed when another webhook adds a container afterwards, and nothing comes twice', async () => {
    const { object } = await create(
      pod('late', 'meshed', { metadata: { annotations: { 'test/late': 'true' } } }),
    );
    assert.deepEqual(names(object.spec?.containers), ['web', 'late']);
    const added = object.spec?.containers[1];
    assert.equal(added?.readinessProbe?.httpGet?.path, '/probe/late/readiness');
    assert.equal(added?.lifecycle?.preStop?.sleep?.seconds, 5);
    assert.deepEqual(names(object.spec?.initContainers), ['weft-redirect', 'weft-proxy', 'migrate']);
    assert.equal(object.spec?.volumes?.filter((volume) => volume.name.startsWith('weft-')).length, 2);
    const [, proxy] = object.spec?.initContainers ?? [];
    assert.match(proxy?.args?.[1] ?? '', /"\/probe\/late\/readiness"/);
    assert.deepEqual(injectPod(object, injection).operations, []);
  });

  test('can be restored to what it was', async () => {
    const { object } = await create(pod('restored', 'meshed'));
    const [container] = restorePod(object).pod.spec?.containers ?? [];
    assert.deepEqual(container?.readinessProbe?.tcpSocket, { port: 5432 });
    assert.equal(container?.lifecycle, undefined);
  });

  test('keeps its class Guaranteed when the proxy’s limits equal its requests', async () => {
    const resources = { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '1', memory: '64Mi' } };
    const settings = { cpu: '100m', 'cpu-limit': '100m', memory: '64Mi', 'memory-limit': '64Mi' };
    const annotations = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`proxy.weft.dev/${name}`, value]),
    );
    const containers = [{ name: 'web', image: 'web:1', resources }];
    const spec = { containers, initContainers: [] };
    const { object } = await create(pod('guaranteed', 'meshed', { metadata: { annotations } }, spec));
    assert.equal(object.status?.qosClass, 'Guaranteed');
  });

  test('is accepted with the shortest grace period', async () => {
    const { object } = await create(pod('quick', 'meshed', {}, { terminationGracePeriodSeconds: 1 }));
    assert.equal(object.spec?.containers[0]?.lifecycle, undefined);
  });

  test('gets no proxy without a label', async () => {
    const { object } = await create(pod('alone', 'plain'));
    assert.deepEqual(names(object.spec?.initContainers), ['migrate']);
  });

  test('starts without a proxy on the host’s network, with a warning', async () => {
    const { object, warnings } = await create(pod('host', 'meshed', {}, { hostNetwork: true }));
    assert.deepEqual(names(object.spec?.initContainers), ['migrate']);
    assert.match(warnings, /Warning: WEFT-POD-01: The pod uses its node's network/);
  });

  test('is refused on the host’s network when it asked itself', async () => {
    const asked = { metadata: { labels: { 'weft.dev/inject': 'enabled' } } };
    await assert.rejects(create(pod('host2', 'meshed', asked, { hostNetwork: true })), {
      message: /denied the request: WEFT-POD-01: spec\.hostNetwork: .*Remove hostNetwork/,
    });
  });

  test('is refused with a wrong setting, naming the annotation', async () => {
    const annotations = { 'proxy.weft.dev/memory': 'plenty' };
    await assert.rejects(create(pod('wrong', 'meshed', { metadata: { annotations } })), {
      message: /WEFT-POD-09: metadata\.annotations\[proxy\.weft\.dev\/memory\]: "plenty" is not/,
    });
  });

  test('may make a review of a megabyte', async () => {
    const env = [{ name: 'BIG', value: 'x'.repeat(1_000_000) }];
    const { object } = await create(
      pod('big', 'meshed', {}, { containers: [{ name: 'web', image: 'w:1', env }] }),
    );
    assert.deepEqual(names(object.spec?.initContainers), ['weft-redirect', 'weft-proxy', 'migrate']);
  });
});

suite('A MeshConfig on the real API server', () => {
  const config = (meshCIDRs: readonly string[]) => ({
    apiVersion: 'weft.dev/v1alpha1',
    kind: 'MeshConfig',
    metadata: { name: 'default' },
    spec: { trustDomain: 'corp.example', outbound: { meshCIDRs } },
  });

  test('is refused by the webhook for what its schema cannot say', async () => {
    await assert.rejects(create(config(['0.0.0.0/0'])), {
      message: /WEFT-VAL-02: spec\.outbound\.meshCIDRs\[0\]: /,
    });
  });

  test('is accepted, and its deletion warned of', async () => {
    assert.equal((await create(config(['10.96.0.0/12']))).warnings, '');
    const { code, stderr } = await kube(['delete', 'meshconfig', 'default']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Warning: WEFT-VAL-03: spec\.trustDomain: /);
  });
});
