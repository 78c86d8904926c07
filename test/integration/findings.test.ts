/**
 * Analysis on a real API server: what is said while an object is written, what is told on it afterwards, and that neither
 * ever stands in anybody's way. Watches, graph, webhook and Events are those of the control plane, put together here.
 */

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type ApiServer, ensureBinary, gatewayApiCrds, startApiServer } from '../../dev/cluster/cluster.ts';
import { type CommandResult, run, tryRun } from '../../dev/command.ts';
import { createAnalysisSources } from '../../src/analysis/facts.ts';
import { wait } from '../../src/base/backoff.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { createControllerSources } from '../../src/controllers/controllers.ts';
import { createGatewayControllerSources } from '../../src/controllers/gateway-sources.ts';
import { validatingConfiguration } from '../../src/controllers/webhook-objects.ts';
import { createFindings, type Findings } from '../../src/findings.ts';
import { Graph } from '../../src/graph/graph.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import * as resources from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { createMesh } from '../../src/mesh/mesh.ts';
import { createMeshSources } from '../../src/mesh/sources.ts';
import { startWatches } from '../../src/watches.ts';
import { prepareInjection } from '../../src/webhook/inject/inject.ts';
import { testContext } from '../../src/webhook/inject/testing.ts';
import { createWebhookServer, type WebhookServer } from '../../src/webhook/server.ts';

const namespace = 'weft-system';
const log = createLogger('warn');
const authority = new Authority(testMaterial(systemClock), systemClock);
const tls = authority.issueServing({
  dnsNames: ['localhost'],
  uri: 'spiffe://cluster.local/ns/weft-system/sa/weft',
  lifetimeMs: 3_600_000,
});

let server: ApiServer;
let api: KubeClient;
let kubectl: readonly string[];
let webhook: WebhookServer;
let replica: Replica;

interface Replica {
  readonly findings: Findings;
  stop(): Promise<void>;
}

/** What main.ts builds of it, as the leader. */
async function startReplica(): Promise<Replica> {
  const stop = new AbortController();
  const graph = new Graph({ onError: assert.ifError });
  const sources = createMeshSources(graph, {
    image: 'envoy:1',
    redirectImage: 'redirect:1',
    imagePullPolicy: 'Never',
  });
  const facts = createAnalysisSources(graph);
  const nowhere = { set: () => {}, delete: () => {}, replace: () => {} };
  const mesh = createMesh(graph, sources);
  const watches = startWatches({
    api,
    log,
    stop: stop.signal,
    systemNamespace: namespace,
    mesh: sources,
    controllers: createControllerSources(graph),
    analysis: facts,
    gateways: createGatewayControllerSources(graph),
    authoritySecret: nowhere,
  });
  await watches.synced;
  await graph.settled();
  const findings = createFindings({
    graph,
    mesh,
    sources,
    facts,
    namespace,
    podName: 'weft-0',
    api,
    leadership: { leading: true, subscribe: (listener) => (listener(true), () => {}) },
    clock: systemClock,
    log,
    proxy: () => undefined,
    unwatched: [],
  });
  const ended = findings.run(stop.signal);
  return {
    findings,
    stop: async () => {
      stop.abort();
      await Promise.all([ended, watches.ended]);
    },
  };
}

before(async () => {
  const binary = await ensureBinary('kubectl', console.error);
  server = await startApiServer({ withControllers: true, log: console.error });
  kubectl = [binary, '--kubeconfig', server.kubeconfigPath];
  api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log });
  const gateway = await gatewayApiCrds('standard', console.error);
  const crds = [
    ...globSync(new URL('../../crds/*.yaml', import.meta.url).pathname),
    ...globSync(`${gateway}/*.yaml`),
  ];
  await run([...kubectl, 'apply', '--server-side', ...crds.flatMap((file) => ['-f', file])]);
  await run([...kubectl, 'wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
  for (const name of [namespace, 'shop']) await api.create(resources.namespaces, { metadata: { name } });
  await create(service('web'));
  replica = await startReplica();
  webhook = createWebhookServer({
    injection: () => prepareInjection(testContext()),
    namespaceLabels: () => ({}),
    advise: (request) => replica.findings.advise(request),
    tls: { key: tls.key, certificate: tls.chain },
    log,
  });
  await registerWebhook(await webhook.listen('127.0.0.1', 0));
});

after(async () => {
  await replica?.stop();
  await webhook?.close();
  await server?.stop();
});

/** The entry that the control plane makes, at a port of this process instead of a Service. */
async function registerWebhook(port: number): Promise<void> {
  const { kind, webhooks = [] } = validatingConfiguration({
    namespace,
    serviceName: 'weft',
    trustBundle: authority.trustBundle,
    owner: { apiVersion: 'v1', kind: 'ClusterRole', name: 'x', uid: 'x' },
  });
  const advice = webhooks.filter(({ name }) => name.startsWith('advice.'));
  assert.equal(advice.length, 1);
  const entries = advice.map(({ clientConfig: { caBundle }, ...rest }) => ({
    ...rest,
    clientConfig: { caBundle, url: `https://localhost:${port}/advise` },
  }));
  await create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'weft' },
    webhooks: entries,
  });
}

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name },
  spec: { ports: [{ name: 'http', port: 80 }] },
});

function route(name: string, backend: string) {
  const spec = {
    parentRefs: [{ group: '', kind: 'Service', name: 'web' }],
    rules: [{ backendRefs: [{ name: backend, port: 80 }] }],
  };
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { namespace: 'shop', name },
    spec,
  };
}

function kube(argv: readonly string[], input?: unknown): Promise<CommandResult> {
  return tryRun([...kubectl, ...argv], input === undefined ? {} : { input: JSON.stringify(input) });
}

/** What is printed beside the result. */
async function create(object: unknown): Promise<string> {
  const { code, stderr } = await kube(['apply', '-f', '-'], object);
  assert.equal(code, 0, stderr);
  return stderr;
}

/** Asks again until it holds; the API server takes up a webhook configuration in its own time. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    if (await holds()) return;
    await wait(250);
  }
  throw new Error(`it never came about: ${what}`);
}

const dryRun = async (object: KubeObject): Promise<string> =>
  (await kube(['create', '--dry-run=server', '-f', '-'], object)).stderr;

test('whoever writes a mistake is warned of it, and it is written all the same', async () => {
  const wrong = route('catalog', 'gone');
  await eventually('a warning', async () => (await dryRun(wrong)).includes('WEFT-ANL-10'));
  const text = await create(wrong);
  assert.match(
    text,
    /Warning: WEFT-ANL-10: spec\.rules\[0\]\.backendRefs\[0\]: there is no Service shop\/gone/,
  );
  assert.ok((await api.get(resources.httpRoutes, 'catalog', 'shop')) !== undefined);
});

test('nobody is warned of what is right, or of what was said before and has not changed', async () => {
  await create(service('fine'));
  await create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'fine-1', labels: { 'kubernetes.io/service-name': 'fine' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80 }],
    endpoints: [{ addresses: ['10.0.0.1'] }],
  });
  const right = route('other', 'fine');
  const parentRefs = [{ group: '', kind: 'Service', name: 'fine' }];
  const moved = { ...right, spec: { ...right.spec, parentRefs } };
  await eventually('no warning', async () => (await dryRun(moved)) === '');
  const { stderr } = await kube(['label', '-n', 'shop', 'httproute', 'catalog', 'team=a']);
  assert.equal(stderr, '');
});

test('a policy that holds for nothing is warned of as well', async () => {
  const text = await create({
    apiVersion: 'weft.dev/v1alpha1',
    kind: 'MutualTLSPolicy',
    metadata: { namespace: 'shop', name: 'strict' },
    spec: { mode: 'Strict', targetRefs: [{ group: 'apps', kind: 'Deployment', name: 'gone' }] },
  });
  assert.match(text, /Warning: WEFT-ANL-80: spec\.targetRefs\[0\]/);
});

interface Event extends KubeObject {
  readonly reason?: string;
  readonly note?: string;
  readonly regarding?: { readonly name?: string; readonly uid?: string };
}

const told = async (name: string): Promise<readonly Event[]> =>
  (await api.list<Event>(resources.events, { namespace: 'shop' })).filter(
    ({ reason, regarding }) => reason === 'Finding' && regarding?.name === name,
  );

test('what is found and lasts is an Event on the object, which kubectl describe shows', async () => {
  await eventually('an Event', async () => (await told('catalog')).length > 0);
  const { stdout } = await kube(['describe', '-n', 'shop', 'httproute', 'catalog']);
  assert.match(stdout, /Finding .*WEFT-ANL-10: spec\.rules\[0\]\.backendRefs\[0\]/);
});

test('a restart tells nothing again', async () => {
  const known = async (): Promise<string> =>
    (
      await api.get<KubeObject & { readonly data?: { readonly told?: string } }>(
        resources.configMaps,
        'weft-findings',
        namespace,
      )
    )?.data?.told ?? '';
  await eventually('a record of what was told', async () => (await known()).split('\n').length >= 2);
  await replica.stop();
  replica = await startReplica();
  // Of something new is told, so that the new leader has come that far.
  await create(route('late', 'gone-too'));
  await eventually('an Event of what is new', async () => (await told('late')).length > 0);
  assert.equal((await told('catalog')).length, 1);
});

test('what only analysis reads of pods and Services comes from the API server as it was written', async () => {
  await create({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'shop', name: 'default' },
  });
  await create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'app', labels: { app: 'app' } },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'app:1',
          args: ['--listen=127.0.0.1:8080'],
          ports: [{ name: 'web', containerPort: 8080 }],
        },
      ],
    },
  });
  const ports = { 'by-number': 8080, 'by-name': 'web', 'by-wrong-name': 'wed', 'by-wrong-number': 8081 };
  for (const [name, targetPort] of Object.entries(ports)) {
    await create({
      ...service(name),
      spec: {
        selector: { app: 'app' },
        ports: [{ name: 'http', port: 80, targetPort }],
        sessionAffinity: 'ClientIP',
      },
    });
    await create({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'shop', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [{ addresses: ['10.0.0.2'], targetRef: { kind: 'Pod', namespace: 'shop', name: 'app' } }],
    });
  }
  const found = (): readonly string[] =>
    [...replica.findings.all.entries()]
      .flatMap(([, findings]) => findings)
      .map(({ code, object, path }) => `${code} ${object.name} ${path}`)
      .filter((name) => / (by-|app )/.test(name))
      .sort();
  const wanted = [
    'WEFT-ANL-31 by-wrong-name spec.ports[0].targetPort',
    'WEFT-ANL-32 by-wrong-number spec.ports[0].targetPort',
    'WEFT-ANL-52 app spec.containers[0].args[0]',
  ];
  await eventually('all of it', () => Promise.resolve(found().join() === wanted.join())).catch(() =>
    assert.deepEqual(found(), wanted),
  );
});

test('without anybody to ask, objects are written as before', async () => {
  await webhook.close();
  const started = performance.now();
  assert.equal(await create(route('alone', 'gone')), '');
  assert.ok(performance.now() - started < 8_000, 'it waited for an answer');
});
