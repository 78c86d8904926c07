/**
 * The kinds of Gateway API on a real API server that does not have them at first: what is missing is switched off and
 * said to be, what is installed later is taken up, and objects arrive as the API server completes them.
 */

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type ApiServer, ensureBinary, gatewayApiCrds, startApiServer } from '../../dev/cluster/cluster.ts';
import { run } from '../../dev/command.ts';
import { createLogger } from '../../src/base/log.ts';
import { controllerName } from '../../src/base/names.ts';
import { createAnalysisSources } from '../../src/analysis/facts.ts';
import { createControllerSources } from '../../src/controllers/controllers.ts';
import { createGatewayControllerSources } from '../../src/controllers/gateway-sources.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Collection } from '../../src/graph/types.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import * as resources from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject, Sink } from '../../src/kube/types.ts';
import { certificateFor, summarize } from '../../src/mesh/gateways/testing.ts';
import { createMesh } from '../../src/mesh/mesh.ts';
import { createMeshSources } from '../../src/mesh/sources.ts';
import { startWatches, type Watches } from '../../src/watches.ts';

const log = createLogger('error');
const stop = new AbortController();
const graph = new Graph({
  onError: (error) => {
    throw error;
  },
});
const defaults = { image: 'envoy:1', redirectImage: 'redirect:1', imagePullPolicy: 'Never' } as const;
const sources = createMeshSources(graph, defaults);
const { gateway: model } = createMesh(graph, sources);
const nowhere: Sink<KubeObject> = { set() {}, delete() {}, replace() {} };

let server: ApiServer;
let api: KubeClient;
let kubectl: (...argv: readonly string[]) => Promise<unknown>;
let watches: Watches;

before(async () => {
  const binary = await ensureBinary('kubectl', console.error);
  server = await startApiServer({ log: console.error });
  kubectl = (...argv) => run([binary, '--kubeconfig', server.kubeconfigPath, ...argv]);
  api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log });
  watches = startWatches({
    api,
    log,
    stop: stop.signal,
    systemNamespace: 'default',
    mesh: sources,
    controllers: createControllerSources(graph),
    analysis: createAnalysisSources(graph),
    gateways: createGatewayControllerSources(graph),
    authoritySecret: nowhere,
  });
});

after(async () => {
  stop.abort();
  await watches?.ended;
  await server?.stop();
});

/** Resolves once the condition holds; looks whenever the collection changes. */
async function until(collection: Collection<unknown>, holds: () => boolean): Promise<void> {
  await graph.settled();
  if (holds()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = collection.subscribe(() => {
    if (holds()) resolve();
  });
  await promise;
  end();
}

const missing = (): readonly string[] => [...sources.missingKinds.keys()].sort();

/** What the standard channel does not have. */
const experimental = ['xbackendtrafficpolicies', 'xmeshes'];

async function create(type: Parameters<KubeClient['create']>[0], name: string, rest: object): Promise<void> {
  const metadata = type.namespaced ? { name, namespace: 'default' } : { name };
  await api.create(type, { metadata, ...rest } as KubeObject);
}

test('without Gateway API everything else starts, and every kind is known to be missing', async () => {
  await watches.synced;
  await graph.settled();
  const kinds = ['gatewayclasses', 'gateways', 'grpcroutes', 'httproutes', 'listenersets', 'tcproutes'];
  for (const kind of [...kinds, 'udproutes', 'backendtlspolicies', 'referencegrants', ...experimental]) {
    assert.ok(missing().includes(kind), kind);
  }
});

test('kinds that are installed later are taken up without a restart', async () => {
  const standard = await gatewayApiCrds('standard', console.error);
  const files = globSync(`${standard}/*.yaml`).flatMap((file) => ['-f', file]);
  await kubectl('apply', '--server-side', ...files);
  await until(sources.missingKinds, () => missing().join() === experimental.join());
});

test('a class says what the cluster has: the release, and only what the standard channel can do', async () => {
  await create(resources.gatewayClasses, 'weft', { spec: { controllerName } });
  await until(model.gatewayClassVerdicts, () => {
    const { conditions = [], supportedFeatures = [] } = model.gatewayClassVerdicts.get('weft') ?? {};
    return (
      summarize(conditions)['SupportedVersion'] === 'True/SupportedVersion' &&
      supportedFeatures.includes('UDPRoute') &&
      !supportedFeatures.includes('HTTPRouteRetry')
    );
  });
});

test('a Gateway, its Secret and its ListenerSet mean the same after the defaults of the API server', async () => {
  const { chain, privateKey } = certificateFor('a.example');
  const data = { 'tls.crt': Buffer.from(chain).toString('base64') };
  await create(resources.secrets, 'cert', {
    type: 'kubernetes.io/tls',
    data: { ...data, 'tls.key': Buffer.from(privateKey).toString('base64') },
  });
  await create(resources.gateways, 'public', {
    spec: {
      gatewayClassName: 'weft',
      allowedListeners: { namespaces: { from: 'Same' } },
      listeners: [
        { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert' }] } },
      ],
    },
  });
  await create(resources.listenerSets, 'more', {
    spec: { parentRef: { name: 'public' }, listeners: [{ name: 'tcp', port: 9000, protocol: 'TCP' }] },
  });
  await create(resources.tcpRoutes, 'tcp', {
    spec: {
      parentRefs: [{ kind: 'ListenerSet', name: 'more' }],
      rules: [{ backendRefs: [{ name: 'nobody', port: 1 }] }],
    },
  });
  const listeners = () =>
    model.gateways.get('default/public')?.ports.flatMap((port) => port.listeners.map(({ key }) => key));
  await until(model.gateways, () => listeners()?.length === 2);
  assert.deepEqual(listeners(), ['default/public/https', 'default/public/default/more/tcp']);
  assert.deepEqual(model.certificates.get('default/cert'), { chain, privateKey });
  await until(
    model.listenerSetVerdicts,
    () => model.listenerSetVerdicts.get('default/more')?.listeners[0]?.attachedRoutes === 1,
  );
  assert.equal(model.gatewayVerdicts.get('default/public')?.attachedListenerSets, 1);
});

test('Secrets of other types are not even watched', async () => {
  await create(resources.secrets, 'opaque', { type: 'Opaque', data: { 'tls.crt': 'aGVsbG8=' } });
  await create(resources.secrets, 'later', {
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': 'aGVsbG8=', 'tls.key': 'aGVsbG8=' },
  });
  await until(sources.tlsSecrets, () => sources.tlsSecrets.has('default/later'));
  assert.equal(sources.tlsSecrets.has('default/opaque'), false);
});

test('a kind that is taken away is switched off, and what there was of it forgotten', async () => {
  await kubectl('delete', 'crd', 'tcproutes.gateway.networking.k8s.io');
  await until(sources.missingKinds, () => missing().includes('tcproutes'));
  await until(sources.tcpRoutes, () => sources.tcpRoutes.size === 0);
  await until(
    model.gatewayClassVerdicts,
    () => !model.gatewayClassVerdicts.get('weft')?.supportedFeatures.includes('TCPRoute'),
  );
});
