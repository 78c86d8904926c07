/** What controllers of gateways do to a real API server, which defaults, validates and merges in its own way. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiServer, ensureBinary, gatewayApiCrds, startApiServer } from '../../dev/cluster/cluster.ts';
import { run } from '../../dev/command.ts';
import { wait } from '../../src/base/backoff.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import {
  createGatewayControllerSources,
  type GatewayControllerSources,
} from '../../src/controllers/gateway-sources.ts';
import { meshFeatures } from '../../src/controllers/mesh-resource.ts';
import { deriveReported, type ProgressReport } from '../../src/controllers/route-progress.ts';
import { StubLeadership } from '../../src/controllers/testing.ts';
import { type Watch, watchGateways } from '../../src/gateway-watches.ts';
import { createGateways } from '../../src/gateways.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Source } from '../../src/graph/types.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import * as resources from '../../src/kube/resources.ts';
import type { Condition, KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';
import { createMesh } from '../../src/mesh/mesh.ts';
import * as project from '../../src/mesh/project.ts';
import { createMeshSources } from '../../src/mesh/sources.ts';
import { prepareInjection } from '../../src/webhook/inject/inject.ts';
import { testContext } from '../../src/webhook/inject/testing.ts';
import type { ResourceAcks } from '../../src/xds/resource.ts';
import { createTranslation } from '../../src/xds/translate/translation.ts';

type Written = KubeObject & Readonly<Record<string, unknown>>;
interface Told extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly addresses?: readonly { readonly value: string }[];
    readonly supportedFeatures?: readonly { readonly name: string }[];
  };
}

const namespace = 'shop';
/** Only what goes wrong: that is what a failed test has to be explained with. */
const log = createLogger('error');
const leadership = new StubLeadership(true);
const stop = new AbortController();
const ended: Promise<unknown>[] = [];
/** `verb path` of all that the controllers write. */
const writes: string[] = [];
let server: ApiServer;
let api: KubeClient;
let managed: GatewayControllerSources['managed'];
let unanswered = 0;
let acks: Source<ResourceAcks>;

before(async () => {
  const kubectl = await ensureBinary('kubectl', console.log);
  server = await startApiServer({ withControllers: true, log: console.log });
  api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log });
  const admin = [kubectl, '--kubeconfig', server.kubeconfigPath];
  await run([...admin, 'apply', '--server-side', '-f', await gatewayApiCrds('experimental', console.log)]);
  await run([...admin, 'wait', '--for=condition=Established', 'crd', '--all']);
  await api.create(resources.namespaces, { metadata: { name: namespace } });
  await put(resources.gatewayClasses, {
    metadata: { name: 'weft' },
    spec: { controllerName: 'weft.dev/mesh' },
  });
  await startControllers();
});

after(async () => {
  stop.abort();
  await Promise.all(ended);
  await server?.stop();
});

/** The part of the composition root that is about gateways, on its own. */
async function startControllers(): Promise<void> {
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const sources = createMeshSources(graph, {
    image: 'envoy:1',
    redirectImage: 'redirect:1',
    imagePullPolicy: 'Never',
  });
  const controllerSources = createGatewayControllerSources(graph);
  ({ managed } = controllerSources);
  acks = graph.source<ResourceAcks>('acks');
  const reports = graph.source<ProgressReport>('reports');
  const mesh = createMesh(graph, sources);
  const translation = createTranslation(graph, mesh);
  const synced: Promise<void>[] = [];
  const watch: Watch = (one) => {
    const reflector = new Reflector({ ...one, api, log });
    synced.push(reflector.synced);
    ended.push(reflector.run(stop.signal));
  };
  watch({ type: resources.pods, project: project.projectPod, sink: sources.pods });
  watch({ type: resources.namespaces, project: project.projectNamespace, sink: sources.namespaces });
  watchGateways(watch, sources, controllerSources);
  await Promise.all(synced);
  await graph.settled();
  const gateways = createGateways({
    api: recording(api),
    leadership,
    clock: systemClock,
    log,
    graph,
    namespace: 'weft-system',
    acks,
    reported: deriveReported(graph, {
      reports,
      pods: mesh.pods,
      namespace: 'weft-system',
      podName: 'weft-0',
    }),
    sources,
    controllerSources,
    mesh,
    translation,
    injection: () => prepareInjection(testContext()),
    onInjectionChange: () => {},
  });
  ended.push(gateways.run(stop.signal));
}

function recording(client: KubeClient): KubeClient {
  const noted = (type: ResourceType, { metadata }: KubeObject): void =>
    void writes.push(`${type.plural} ${metadata.name}`);
  return {
    ...client,
    request: (method, path, options) => {
      writes.push(`${method} ${path}`);
      return client.request(method, path, options);
    },
    get: (...call) => client.get(...call),
    list: (...call) => client.list(...call),
    serves: (type) => client.serves(type),
    create: (type, object) => {
      noted(type, object);
      return client.create(type, object);
    },
    delete: (type, name, inNamespace) => {
      noted(type, { metadata: { name } });
      return client.delete(type, name, inNamespace);
    },
    apply: (type, object, options) => {
      noted(type, object);
      unanswered += 1;
      return client.apply(type, object, options).finally(() => (unanswered -= 1));
    },
    applyStatus: (type, object, options) => {
      noted(type, object);
      return client.applyStatus(type, object, options);
    },
  };
}

function put(type: ResourceType, object: Written): Promise<Written> {
  const apiVersion = resources.apiVersionOf(type);
  return api.apply(type, { ...object, apiVersion, kind: type.kind }, { fieldManager: 'test', force: true });
}

function putGateway(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<Written> {
  const listeners = [{ name: 'http', port: 80, protocol: 'HTTP' }];
  return put(resources.gateways, {
    metadata: { name, namespace },
    spec: { gatewayClassName: 'weft', listeners, ...spec },
  });
}

/** Asks until the answer is not undefined, for at most 30 seconds. */
async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    assert.ok(performance.now() < deadline, `${what}: not within 30 s`);
    await wait(50);
  }
}

/** Waits until the condition is `status reason` for the generation that is there now. */
function condition(type: ResourceType, name: string, wanted: string, of = 'Programmed'): Promise<Told> {
  return eventually(`${of} of ${name} ${wanted}`, async () => {
    const found = await api.get<Told>(type, name, type.namespaced ? namespace : undefined);
    const one = found?.status?.conditions?.find((candidate) => candidate.type === of);
    const isCurrent = one?.observedGeneration === found?.metadata.generation;
    return isCurrent && `${one?.status} ${one?.reason}` === wanted ? found : undefined;
  });
}

function gone(type: ResourceType, name: string): Promise<true> {
  return eventually(`no ${type.kind} ${name}`, async () =>
    (await api.get(type, name, namespace)) === undefined ? true : undefined,
  );
}

test('a GatewayClass of Weft is accepted, and says what it supports', async () => {
  const { status } = await condition(resources.gatewayClasses, 'weft', 'True Accepted', 'Accepted');
  assert.ok((status?.supportedFeatures ?? []).some(({ name }) => name === 'Gateway'));
});

test('there is one XMesh, with the features of the mesh', async () => {
  const { status } = await condition(resources.meshes, 'weft', 'True Accepted', 'Accepted');
  assert.deepEqual(
    status?.supportedFeatures?.map(({ name }) => name),
    meshFeatures,
  );
});

test('a Gateway gets what runs it, and is programmed once that has an address and serves', async () => {
  await putGateway('edge');
  await condition(resources.gateways, 'edge', 'False AddressNotAssigned');
  for (const type of [resources.deployments, resources.serviceAccounts]) {
    const found = await eventually(type.kind, () => api.get(type, 'edge-weft', namespace));
    assert.equal(found.metadata.ownerReferences?.[0]?.kind, 'Gateway');
  }
  const statusOf = (type: ResourceType, name: string, status: object): Promise<unknown> =>
    api.request('PATCH', resources.pathOf(type, { namespace, name, subresource: 'status' }), {
      contentType: 'application/merge-patch+json',
      body: { status },
    });
  await statusOf(resources.services, 'edge-weft', { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
  const { status } = await condition(resources.gateways, 'edge', 'False Pending');
  assert.deepEqual(
    status?.addresses?.map(({ value }) => value),
    ['192.0.2.1'],
  );
  // As the kubelet would say of the pod that the Deployment has.
  await api.create(resources.pods, {
    metadata: {
      name: 'edge-1',
      namespace,
      labels: { 'gateway.networking.k8s.io/gateway-name': 'edge' },
      annotations: { 'weft.dev/proxy': '{}' },
    },
    spec: { serviceAccountName: 'edge-weft', containers: [{ name: 'weft-proxy', image: 'envoy:1' }] },
  } as KubeObject);
  await statusOf(resources.pods, 'edge-1', {
    phase: 'Running',
    podIP: '10.0.0.1',
    conditions: [{ type: 'Ready', status: 'True' }],
  });
  await condition(resources.gateways, 'edge', 'True Programmed');
  acks.set('listener gateway/shop/edge/tcp:80', { holders: 1, current: 0, served: 'older' });
  await condition(resources.gateways, 'edge', 'False Pending');
  acks.delete('listener gateway/shop/edge/tcp:80');
  await condition(resources.gateways, 'edge', 'True Programmed');
});

test('parameters add an autoscaler and a disruption budget, and take them away', async () => {
  const parametersRef = { group: '', kind: 'ConfigMap', name: 'edge' };
  const data = { 'autoscaling-max': '4', memory: '0.25Gi' };
  const ordinary = await memoryRequested();
  await put(resources.configMaps, { metadata: { name: 'edge', namespace }, data });
  await putGateway('edge', { infrastructure: { parametersRef } });
  for (const type of [resources.horizontalPodAutoscalers, resources.podDisruptionBudgets])
    await eventually(type.kind, () => api.get(type, 'edge-weft', namespace));
  await putGateway('edge');
  for (const type of [resources.horizontalPodAutoscalers, resources.podDisruptionBudgets])
    await gone(type, 'edge-weft');
  await eventually('the memory that it had', async () =>
    (await memoryRequested()) === ordinary ? ordinary : undefined,
  );
  await condition(resources.gateways, 'edge', 'True Programmed');
});

async function memoryRequested(): Promise<string | undefined> {
  interface Deployment extends KubeObject {
    readonly spec: {
      readonly template: {
        readonly spec: {
          readonly containers: readonly {
            readonly resources?: { readonly requests?: { readonly memory?: string } };
          }[];
        };
      };
    };
  }
  const found = await api.get<Deployment>(resources.deployments, 'edge-weft', namespace);
  return found?.spec.template.spec.containers[0]?.resources?.requests?.memory;
}

/**
 * Until all writes are answered and the watches have told of them; else a new leader would make some once more. What is
 * there again looks as it did before, so a mark that is written now has to arrive behind all that came before it.
 */
async function caughtUp(): Promise<void> {
  const mark = `m${Date.now()}`;
  const key = `${namespace}/edge-weft`;
  for (const type of [resources.serviceAccounts, resources.deployments, resources.services]) {
    await api.request('PATCH', resources.pathOf(type, { namespace, name: 'edge-weft' }), {
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { 'test.weft.dev/mark': mark } } },
    });
  }
  await eventually('the watches have caught up', () => {
    const marked = (['serviceAccounts', 'deployments', 'services'] as const).every(
      (kind) => managed[kind].get(key)?.metadata.labels?.['test.weft.dev/mark'] === mark,
    );
    const left = [managed.horizontalPodAutoscalers, managed.podDisruptionBudgets].some(
      (source) => source.get(key) !== undefined,
    );
    return Promise.resolve(marked && !left && unanswered === 0 ? true : undefined);
  });
}

test('a new leader writes nothing about what is as it should be', async () => {
  await caughtUp();
  const before = writes.length;
  leadership.set(false);
  leadership.set(true);
  // Behind all others in every queue.
  await putGateway('later');
  await condition(resources.gateways, 'later', 'False AddressNotAssigned');
  const about = writes.slice(before).filter((write) => !/later/.test(write));
  assert.deepEqual(about, []);
});

test('a ListenerSet that its Gateway does not let in is told', async () => {
  await put(resources.listenerSets, {
    metadata: { name: 'own', namespace },
    spec: {
      parentRef: { kind: 'Gateway', group: 'gateway.networking.k8s.io', name: 'edge' },
      listeners: [{ name: 'more', port: 81, protocol: 'HTTP' }],
    },
  });
  await condition(resources.listenerSets, 'own', 'False NotAllowed', 'Accepted');
  await condition(resources.listenerSets, 'own', 'False NotAllowed');
});

test('a Gateway that is deleted takes everything with it', async () => {
  await api.delete(resources.gateways, 'edge', namespace);
  for (const type of [resources.deployments, resources.services, resources.serviceAccounts])
    await gone(type, 'edge-weft');
});
