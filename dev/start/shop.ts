/** The sample application in a cluster: put there, waited for, looked at, and its canary moved. */

import { readdir, readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { wait } from '../../src/base/backoff.ts';
import { healthPort, proxyAnnotation } from '../../src/base/names.ts';
import {
  deployments,
  httpRoutes,
  mutatingWebhookConfigurations,
  namespaces,
  pathOf,
  pods,
  serviceAccounts,
  services,
} from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';
import type { Report } from '../sample/lib/tally.ts';
import { readOutbound, readPlainInbound, type ShopPod } from './figures.ts';

export const shopNamespace = 'shop';
const fieldManager = 'weft-start';
const manifests = new URL('../sample/manifests/', import.meta.url);
const kinds = [namespaces, serviceAccounts, services, deployments, httpRoutes];
const loadPort = 8080;

type Deployment = KubeObject & {
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
};

type Pod = KubeObject & {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
};

interface ContainerStatus {
  readonly name: string;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
}

type Route = KubeObject & {
  readonly status?: {
    readonly parents?: readonly {
      readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    }[];
  };
};

/** The objects of the manifests, with another image where one is given. */
export async function readManifests(image: string | undefined): Promise<readonly KubeObject[]> {
  const files = (await readdir(manifests)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, manifests), 'utf8')));
  return texts
    .flatMap((text) => parseAllDocuments(text))
    .map((document) => withImage(document.toJS() as KubeObject, image));
}

function withImage(object: KubeObject, image: string | undefined): KubeObject {
  if (object.kind !== 'Deployment' || image === undefined) return object;
  return JSON.parse(JSON.stringify(object), (key, value: unknown) =>
    key === 'image' ? image : value,
  ) as KubeObject;
}

function typeOf(object: KubeObject): ResourceType {
  const type = kinds.find(({ kind }) => kind === object.kind);
  if (type === undefined)
    throw new Error(`the sample's manifests have a ${object.kind}, which nothing here applies`);
  return type;
}

/** Pods created before the webhook is asked about them would stay outside the mesh without anyone saying so. */
export async function waitForInjection(api: KubeClient, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while ((await api.get(mutatingWebhookConfigurations, 'weft')) === undefined) {
    if (performance.now() > deadlineMs)
      throw new Error('the control plane did not install its webhook within 60 s');
    await wait(200, signal);
    signal.throwIfAborted();
  }
}

export async function applyShop(api: KubeClient, image: string | undefined): Promise<void> {
  for (const object of await readManifests(image)) {
    await api.apply(typeOf(object), object, { fieldManager, force: true });
  }
}

/** Resolves when every Deployment is as wanted and every pod is in the mesh. */
export async function waitForShop(
  api: KubeClient,
  signal: AbortSignal,
  onWait: (missing: string) => void,
  limitMs = 240_000,
): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  await waitForRollout(api, signal, onWait, deadlineMs);
  // Left from a time without Weft; their Deployments make new ones.
  for (const name of await podsOutside(api)) await api.delete(pods, name, shopNamespace);
  await waitForRollout(api, signal, onWait, deadlineMs);
  const outside = await podsOutside(api);
  if (outside.length > 0) throw new Error(`not in the mesh: ${outside.join(', ')}`);
}

async function waitForRollout(
  api: KubeClient,
  signal: AbortSignal,
  onWait: (missing: string) => void,
  deadlineMs: number,
): Promise<void> {
  for (;;) {
    const all = await api.list<Deployment>(deployments, { namespace: shopNamespace });
    const unready = (await livingPods(api)).filter((pod) => !isReady(pod));
    // A Deployment hears of the end of its pods a little later than we do.
    const missing = [...all.filter((deployment) => !isRolledOut(deployment)), ...unready].map(
      ({ metadata }) => metadata.name,
    );
    if (missing.length === 0) return;
    onWait(missing.join(', '));
    if (performance.now() > deadlineMs) throw new Error(await describePods(api));
    await wait(500, signal);
    signal.throwIfAborted();
  }
}

async function podsOutside(api: KubeClient): Promise<readonly string[]> {
  const all = await livingPods(api);
  return all
    .filter(({ metadata }) => metadata.annotations?.[proxyAnnotation] === undefined)
    .map(({ metadata }) => metadata.name);
}

function isRolledOut({ metadata, spec, status = {} }: Deployment): boolean {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  return (
    observedGeneration >= (metadata.generation ?? 0) &&
    replicas === spec.replicas &&
    updatedReplicas === spec.replicas &&
    availableReplicas === spec.replicas
  );
}

async function describePods(api: KubeClient): Promise<string> {
  const lines = (await livingPods(api))
    .filter((pod) => !isReady(pod))
    .map(({ metadata, status }) => {
      const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
      const reasons = containers.flatMap(({ name, state }) => {
        const { reason, message = '' } = state?.waiting ?? {};
        return reason === undefined ? [] : [`${name}: ${reason} ${message}`.trim()];
      });
      return `  ${metadata.name}: ${status?.phase ?? 'unknown'} ${reasons.join('; ')}`;
    });
  return `the shop did not become ready in time:\n${lines.join('\n')}`;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

async function livingPods(api: KubeClient): Promise<readonly Pod[]> {
  const all = await api.list<Pod>(pods, { namespace: shopNamespace });
  return all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** A GET to a pod, carried by the API server, so that it works wherever kubectl works. */
async function readFromPod(api: KubeClient, pod: string, port: number, path: string): Promise<string> {
  const stream = await api.stream(
    `${pathOf(pods, { namespace: shopNamespace, name: `${pod}:${port}` })}/proxy/${path}`,
    {
      timeoutMs: 5000,
    },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** What the load generator saw in the last seconds. */
export async function readReport(api: KubeClient, seconds: number): Promise<Report> {
  const load = (await livingPods(api)).find((pod) => pod.metadata.labels?.['app'] === 'load' && isReady(pod));
  if (load === undefined) throw new Error('the load generator is not ready');
  return JSON.parse(
    await readFromPod(api, load.metadata.name, loadPort, `stats?seconds=${seconds}`),
  ) as Report;
}

/** Every pod of the shop with what its proxy says. */
export async function readPods(api: KubeClient): Promise<readonly ShopPod[]> {
  return Promise.all(
    (await livingPods(api)).map(async ({ metadata }) => {
      // A pod that is just starting or leaving has no proxy to ask.
      const exposition = await readFromPod(api, metadata.name, healthPort, 'metrics').catch(() => '');
      return {
        name: metadata.name,
        service: metadata.labels?.['app'] ?? '',
        version: metadata.labels?.['version'] ?? '',
        outbound: readOutbound(exposition),
        plainInbound: readPlainInbound(exposition),
      };
    }),
  );
}

/** Sends `percent` of catalog's calls to v2 by editing the weights of its HTTPRoute. */
export async function shiftCanary(api: KubeClient, percent: number): Promise<void> {
  const route = (await readManifests(undefined)).find(({ kind }) => kind === 'HTTPRoute') as KubeObject & {
    spec: { rules: { backendRefs: { name: string; weight: number }[] }[] };
  };
  for (const backend of route.spec.rules.flatMap((rule) => rule.backendRefs)) {
    backend.weight = backend.name === 'catalog-v2' ? percent : 100 - percent;
  }
  await api.apply(httpRoutes, route, { fieldManager, force: true });
}

/** What the route's status says of being in force, as people read it. */
export async function readRouteStatus(api: KubeClient): Promise<string | undefined> {
  const route = await api.get<Route>(httpRoutes, 'catalog', shopNamespace);
  return route?.status?.parents
    ?.flatMap(({ conditions = [] }) => conditions)
    .find(({ type }) => type === 'weft.dev/InForce')?.message;
}
