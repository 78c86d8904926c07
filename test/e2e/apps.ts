/** The objects that tests put into the cluster, and the pods of test/e2e/app as tests drive them. */

import type { KubeApi, KubeObject, ResourceType } from '../../src/kube/types.ts';
import type { Call, Outcome } from './app/calls.ts';
import type { Batch } from './app/control.ts';
import type { LoadReport } from './app/load.ts';
import { type TestMesh, until } from './harness.ts';

const core = (plural: string, kind: string, namespaced = true): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
export const kinds = {
  namespace: core('namespaces', 'Namespace', false),
  pod: core('pods', 'Pod'),
  service: core('services', 'Service'),
  serviceAccount: core('serviceaccounts', 'ServiceAccount'),
  secret: core('secrets', 'Secret'),
  deployment: { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  job: { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true },
  httpRoute: {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'httproutes',
    kind: 'HTTPRoute',
    namespaced: true,
  },
  mutualTLSPolicy: {
    group: 'weft.dev',
    version: 'v1alpha1',
    plural: 'mutualtlspolicies',
    kind: 'MutualTLSPolicy',
    namespaced: true,
  },
  meshConfig: {
    group: 'weft.dev',
    version: 'v1alpha1',
    plural: 'meshconfigs',
    kind: 'MeshConfig',
    namespaced: false,
  },
} as const satisfies Record<string, ResourceType>;

export interface Pod extends KubeObject {
  readonly spec: {
    readonly containers: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
    readonly serviceAccountName?: string;
  };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly containerID: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly started?: boolean;
  readonly state: {
    readonly running?: { readonly startedAt: string };
    readonly terminated?: {
      readonly exitCode: number;
      readonly startedAt: string;
      readonly finishedAt: string;
    };
  };
}

/** Any object as tests write it. */
export type Manifest = KubeObject & Readonly<Record<string, unknown>>;

/** Creates the object or brings it to this content. */
export function put(api: KubeApi, type: ResourceType, object: Manifest): Promise<Manifest> {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return api.apply(type, { ...object, apiVersion, kind: type.kind }, { fieldManager: 'test', force: true });
}

export async function createNamespace(api: KubeApi, name: string, injected: boolean): Promise<void> {
  await put(api, kinds.namespace, {
    metadata: { name, ...(injected ? { labels: { 'weft.dev/inject': 'enabled' } } : {}) },
  });
  const ready = (): Promise<true | undefined> =>
    api.get(kinds.serviceAccount, 'default', name).then((found) => (found === undefined ? undefined : true));
  await until(`the default service account of ${name}`, ready);
}

export interface AppOptions {
  readonly name: string;
  /** Label that Services select; default the name. */
  readonly app?: string;
  readonly version?: string;
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Merged into the pod's spec. */
  readonly podSpec?: Readonly<Record<string, unknown>>;
}

/** A Deployment of the test application with a service account of its own, ready. */
export async function deployApp(mesh: TestMesh, namespace: string, options: AppOptions): Promise<App> {
  await putApp(mesh, namespace, options);
  const app = new App(mesh, namespace, options.name);
  await app.ready(options.replicas ?? 1);
  return app;
}

/** The same without waiting for it. */
export async function putApp(mesh: TestMesh, namespace: string, options: AppOptions): Promise<void> {
  const { name, app = name, version = 'v1', replicas = 1 } = options;
  await put(mesh.api, kinds.serviceAccount, { metadata: { name, namespace } });
  const labels = { app, instance: name, version, ...options.labels };
  await put(mesh.api, kinds.deployment, {
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app, instance: name } },
      template: {
        metadata: {
          labels,
          annotations: { 'proxy.weft.dev/exclude-inbound-ports': '9999', ...options.annotations },
        },
        spec: {
          serviceAccountName: name,
          terminationGracePeriodSeconds: 30,
          containers: [appContainer(mesh.image, version)],
          ...options.podSpec,
        },
      },
    },
  });
}

export function appContainer(image: string, version: string): object {
  return {
    name: 'app',
    image,
    imagePullPolicy: 'Never',
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'APP_VERSION', value: version },
    ],
    readinessProbe: { httpGet: { path: '/status/200', port: 8080 }, periodSeconds: 1 },
  };
}

/** One port of each protocol; `banner` and `plain` have names that say nothing, so the mesh must find out. */
export const allPorts = [
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'plain', port: 81, targetPort: 8081 },
  { name: 'grpc', port: 90, targetPort: 8080 },
  { name: 'tcp', port: 70, targetPort: 7000 },
  { name: 'banner', port: 71, targetPort: 7001 },
] as const;

export async function createService(
  api: KubeApi,
  namespace: string,
  name: string,
  options: { readonly app?: string; readonly version?: string; readonly headless?: boolean } = {},
): Promise<void> {
  const selector = {
    app: options.app ?? name,
    ...(options.version === undefined ? {} : { version: options.version }),
  };
  await put(api, kinds.service, {
    metadata: { name, namespace },
    spec: { selector, ports: allPorts, ...(options.headless ? { clusterIP: 'None' } : {}) },
  });
}

export class App {
  readonly namespace: string;
  readonly name: string;
  readonly #mesh: TestMesh;

  constructor(mesh: TestMesh, namespace: string, name: string) {
    this.#mesh = mesh;
    this.namespace = namespace;
    this.name = name;
  }

  /** Pods that are not on their way out. */
  async pods(): Promise<readonly Pod[]> {
    const all = await this.#mesh.api.list<Pod>(kinds.pod, {
      namespace: this.namespace,
      labelSelector: `instance=${this.name}`,
    });
    return all.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  }

  async ready(count: number): Promise<readonly Pod[]> {
    let seen = 'no pod';
    const ask = async (): Promise<readonly Pod[] | undefined> => {
      const pods = await this.pods();
      seen = JSON.stringify(
        pods.map((pod) => [
          pod.metadata.name,
          pod.status.phase,
          pod.status.initContainerStatuses,
          pod.status.containerStatuses,
        ]),
      );
      return pods.length === count && pods.every(isReady) ? pods : undefined;
    };
    return until(`${count} ready pods of ${this.namespace}/${this.name}`, ask, 90_000, () => seen);
  }

  async address(): Promise<string> {
    // On a busy machine a probe may fail now and then.
    const ask = async (): Promise<string | undefined> => (await this.pods()).find(isReady)?.status.podIP;
    return until(`a ready pod of ${this.namespace}/${this.name}`, ask, 30_000);
  }

  /** Calls made by the application of one pod, so that its sidecar carries them. */
  async calls(batch: Batch): Promise<readonly Outcome[]> {
    return (await this.#control('POST', '/call', batch)) as readonly Outcome[];
  }

  async call(call: Call): Promise<Outcome> {
    const [outcome] = await this.calls({ call });
    if (outcome === undefined) throw new Error('the application answered no outcome');
    return outcome;
  }

  async startLoad(call: Call, perSecond: number): Promise<RunningLoad> {
    const address = await this.address();
    const { id } = (await this.#control('POST', '/load', { call, perSecond }, address)) as { id: string };
    return {
      report: async () => (await this.#control('GET', `/load/${id}`, undefined, address)) as LoadReport,
      stop: async () => (await this.#control('DELETE', `/load/${id}`, undefined, address)) as LoadReport,
    };
  }

  async #control(method: string, path: string, body?: unknown, address?: string): Promise<unknown> {
    const response = await fetch(`http://${address ?? (await this.address())}:9999${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`control of ${this.name}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

export interface RunningLoad {
  readonly report: () => Promise<LoadReport>;
  readonly stop: () => Promise<LoadReport>;
}

export function isReady(pod: Pod): boolean {
  return (
    pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
    false
  );
}

/** The JSON that the test application answers. */
export interface Answer {
  readonly name: string;
  readonly version: string;
  readonly protocol: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly remote: string;
  readonly body: string;
}

export function answerOf(outcome: Outcome): Answer {
  return JSON.parse(outcome.body) as Answer;
}
