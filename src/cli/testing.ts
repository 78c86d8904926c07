/** For tests of the command: a cluster in memory, with a Weft that is well until a test says otherwise. */

import { X509Certificate } from 'node:crypto';
import { version } from '../base/version.ts';
import { observeBase } from '../base/observe.ts';
import { injectLabel, proxyAnnotation, sidecarContainer, trustBundleName } from '../base/names.ts';
import { standingClock, testMaterial } from '../ca/testing.ts';
import { apiServiceGroups } from '../controllers/api-service-objects.ts';
import { authoritySecretName } from '../controllers/authority-secret.ts';
import {
  mutatingConfiguration,
  validatingConfiguration,
  webhookObjectName,
} from '../controllers/webhook-objects.ts';
import type { ProxyReport, ReplicaStatus } from '../dashboard/debug.ts';
import { KubeError } from '../kube/errors.ts';
import type { PassThrough } from '../kube/pass-through.ts';
import * as resources from '../kube/resources.ts';
import type { KubeClient, KubeObject, RequestOptions, ResourceType, ResponseStream } from '../kube/types.ts';
import { prepareInjection } from '../webhook/inject/inject.ts';
import { testContext } from '../webhook/inject/testing.ts';
import type { InjectSettings } from './commands/inject.ts';
import type { Edges } from './edges.ts';
import { runWeft } from './program.ts';

export const nowMs = Date.UTC(2026, 8, 1, 12);
const created = new Date(nowMs - 3_600_000).toISOString();

/** As it arrives: JSON leaves the function out. */
export const injection = JSON.parse(JSON.stringify(testContext({ version }))) as InjectSettings;

/** What a pod that was injected with `injection` carries. */
export const currentAnnotation = JSON.stringify({
  version,
  settings: prepareInjection(testContext({ version })).settingsHash,
});

/** Loosely typed: tests put in what real objects only have in part. */
export type Fields = Readonly<Record<string, unknown>>;

export class Cluster {
  readonly #objects = new Map<string, KubeObject>();
  readonly #absent = new Set<string>();
  readonly #refused = new Map<string, KubeError>();
  /** By pod's name, then path; an Error rejects. A pod without answers says 404. */
  readonly answers = new Map<string, Record<string, unknown>>();
  nodeVersion = process.versions.node;
  serverTimeMs = nowMs;
  clockMs = nowMs;
  /** Permissions that are not granted, as `verb resource`. */
  readonly denied = new Set<string>();
  /** What becomes of a pod in a dry run. */
  admit: (pod: Fields) => Fields = (pod) => pod;
  /** Answers of the observability API by path below its base, without a slash: `namespaces/shop/stat`. */
  readonly observed = new Map<string, unknown>();
  /** What was asked of it, with the query: `GET namespaces/shop/stat?window=60s`. */
  readonly asked: string[] = [];
  /** Bodies of streams by path; the command reads them to their end. */
  readonly streams = new Map<string, string>();
  /** What breaks a stream once it was read; it ends well without. */
  breaks: Error | undefined;
  /** Whether the command may make and remove objects. */
  mayWrite = false;
  /** What it made and removed. */
  readonly written: string[] = [];
  /** What the command wrote. */
  readonly files = new Map<string, Buffer>();
  /** Ends a command that runs until somebody ends it. */
  #interruption = new AbortController();
  /** Addresses that were shown in a browser. */
  readonly opened: string[] = [];
  /** What passes single requests on. */
  passThrough: PassThrough = { send: () => Promise.reject(new Error('nobody answers')) };
  /** Called whenever the command sleeps: the world may go on meanwhile. */
  onSleep: () => void = () => {};

  put(type: ResourceType, name: string, fields: Fields = {}, namespace?: string): void {
    const { metadata, ...rest } = fields as { readonly metadata?: Fields };
    const object = {
      metadata: {
        name,
        ...(type.namespaced ? { namespace: namespace ?? 'weft-system' } : {}),
        creationTimestamp: created,
        generation: 1,
        ...metadata,
      },
      ...rest,
    };
    this.#objects.set(resources.pathOf(type, object.metadata), object);
  }

  /** Merges into the status of an object that is there. */
  putStatus(type: ResourceType, name: string, status: Fields): void {
    const path = resources.pathOf(type, { namespace: 'weft-system', name });
    const object: (KubeObject & { readonly status?: Fields }) | undefined = this.#objects.get(path);
    if (object === undefined) throw new Error(`${path} is not there`);
    this.#objects.set(path, { ...object, status: { ...object.status, ...status } } as KubeObject);
  }

  remove(type: ResourceType, name: string, namespace = 'weft-system'): void {
    this.#objects.delete(resources.pathOf(type, { namespace, name }));
  }

  doNotServe(type: ResourceType): void {
    this.#absent.add(resources.resourceNameOf(type));
  }

  /** Requests whose `verb path` starts so are answered with this HTTP status. */
  refuse(start: string, status: number, message = 'injected'): void {
    const code = status === 403 ? 'WEFT-KUBE-02' : status === 0 ? 'WEFT-KUBE-01' : 'WEFT-KUBE-04';
    this.#refused.set(
      start,
      new KubeError(code, `${start}: ${status} ${message}.`, { status, reason: '', words: message }),
    );
  }

  /** A pod of the mesh with a proxy that is connected to `weft-a` and in sync. */
  addPod(key: string, proxy: Partial<ProxyReport> = {}, annotation = currentAnnotation): void {
    const [namespace = '', name = ''] = key.split('/');
    this.put(
      resources.pods,
      name,
      {
        metadata: { annotations: { [proxyAnnotation]: annotation } },
        spec: { containers: [{ name: 'app' }], initContainers: [{ name: sidecarContainer }] },
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      },
      namespace,
    );
    this.status('weft-a').proxies.push(connected(key, proxy));
  }

  /** What a replica answers; may be changed. */
  status(replica: string): Omit<ReplicaStatus, 'proxies'> & { proxies: ProxyReport[] } {
    return this.answers.get(replica)?.['/v1/status'] as ReturnType<Cluster['status']>;
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    this.#interruption.abort();
  }

  /** Runs one command line, as the shell would. */
  async run(line: string, input = '', script = '/usr/bin/weft', isTerminal = false): Promise<Run> {
    const run = { exitCode: 0, out: '', err: '' };
    this.#interruption = new AbortController();
    const edges: Edges = {
      clock: { now: () => this.clockMs },
      sleep: (delayMs) => {
        this.clockMs += delayMs;
        this.serverTimeMs += delayMs;
        this.onSleep();
        return Promise.resolve();
      },
      out: (text) => void (run.out += text),
      err: (text) => void (run.err += text),
      readInput: () => Promise.resolve(input),
      isTerminal,
      colored: isTerminal,
      screen: () => ({ lines: 24, columns: 100 }),
      interrupted: () => this.#interruption.signal,
      passThrough: () => Promise.resolve(this.passThrough),
      openBrowser: (url) => {
        this.opened.push(url);
        return true;
      },
      writeFile: (path, content) => {
        this.files.set(path, Buffer.from(content));
        return Promise.resolve();
      },
      connect: () => this.#client(),
      askReplica: (_target, pod, path) => {
        const answer = this.answers.get(pod.name)?.[path];
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    };
    run.exitCode = await runWeft(
      ['node', script, ...line.split(' ').filter(Boolean)],
      edges,
      this.nodeVersion,
    );
    return run;
  }

  #client(): KubeClient {
    const unexpected = (): Promise<never> => Promise.reject(new Error('the command must not write'));
    const create = <T extends KubeObject>(type: ResourceType, object: T): Promise<T> => {
      if (!this.mayWrite) return unexpected();
      return this.#checked(`POST ${resources.pathOf(type, { namespace: object.metadata.namespace })}`, () => {
        this.#objects.set(resources.pathOf(type, object.metadata), object);
        this.written.push(
          `create ${type.plural} ${[object.metadata.namespace, object.metadata.name].filter(Boolean).join('/')}`,
        );
        return object;
      });
    };
    const remove = (type: ResourceType, name: string, namespace?: string): Promise<void> => {
      if (!this.mayWrite) return unexpected();
      this.#objects.delete(resources.pathOf(type, { namespace, name }));
      this.written.push(`delete ${type.plural} ${[namespace, name].filter(Boolean).join('/')}`);
      return Promise.resolve();
    };
    return {
      request: <T>(method: string, path: string, options: RequestOptions = {}) =>
        this.#checked(`${method} ${path}`, () => this.#respond(method, path, options) as T),
      get: <T extends KubeObject>(type: ResourceType, name: string, namespace?: string) => {
        const path = resources.pathOf(type, { namespace, name });
        return this.#checked(`GET ${path}`, () => this.#objects.get(path) as T | undefined);
      },
      list: <T extends KubeObject>(
        type: ResourceType,
        { namespace, labelSelector }: { namespace?: string; labelSelector?: string } = {},
      ) =>
        this.#checked(`GET ${resources.pathOf(type, { namespace })}`, () =>
          [...this.#objects].flatMap(([path, object]) => {
            const own = resources.pathOf(type, object.metadata) === path;
            const [label = '', value] = labelSelector?.split('=') ?? [];
            if (!own || (namespace !== undefined && object.metadata.namespace !== namespace)) return [];
            if (labelSelector !== undefined && object.metadata.labels?.[label] !== value) return [];
            return [object as T];
          }),
        ),
      serves: (type) => Promise.resolve(!this.#absent.has(resources.resourceNameOf(type))),
      stream: (path, { query } = {}) =>
        this.#checked(`GET ${path}`, () => {
          const body = this.streams.get(path);
          if (body !== undefined) {
            this.asked.push(`STREAM ${path}${queryOf(query)}`);
            return streamOf(body, this.breaks);
          }
          if (!this.#objects.has(path))
            throw new KubeError('WEFT-KUBE-03', '404.', { status: 404, reason: '' });
          return { destroy: () => {} } as ResponseStream;
        }),
      create,
      update: unexpected,
      updateStatus: unexpected,
      delete: remove,
      apply: unexpected,
      applyStatus: unexpected,
    };
  }

  async #checked<T>(request: string, answer: () => T): Promise<T> {
    await Promise.resolve();
    for (const [start, error] of this.#refused) if (request.startsWith(start)) throw error;
    return answer();
  }

  #respond(method: string, path: string, { body, query }: RequestOptions): unknown {
    if (path.startsWith(observeBase)) {
      const resource = path.slice(observeBase.length + 1);
      this.asked.push(`${method} ${resource}${queryOf(query)}`);
      const answer = this.observed.get(resource);
      if (answer !== undefined) return answer;
      throw new KubeError('WEFT-KUBE-06', `${method} ${path}: 404.`, { status: 404, reason: 'Unrecognized' });
    }
    if (path === '/version') return { gitVersion: 'v1.37.1' };
    if (path.endsWith('/selfsubjectreviews')) {
      const creationTimestamp = new Date(this.serverTimeMs).toISOString().replace(/\.\d+/, '');
      return { metadata: { creationTimestamp }, status: { userInfo: { username: 'ada' } } };
    }
    if (path.endsWith('/selfsubjectaccessreviews')) {
      const { spec } = body as { spec: { resourceAttributes: { verb: string; resource: string } } };
      const { verb, resource } = spec.resourceAttributes;
      return { status: { allowed: !this.denied.has(`${verb} ${resource}`) } };
    }
    if (method === 'POST' && path === '/api/v1/namespaces/default/pods' && query?.['dryRun'] === 'All') {
      return this.admit(body as Fields);
    }
    throw new Error(`${method} ${path} is not expected`);
  }
}

function queryOf(query: RequestOptions['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : `?${given.map(([name, value]) => `${name}=${String(value)}`).join('&')}`;
}

/** In two pieces, since what arrives knows nothing of lines. */
function streamOf(body: string, breaks: Error | undefined): ResponseStream {
  const bytes = Buffer.from(body);
  const half = Math.floor(bytes.length / 2);
  return {
    contentType: 'text/plain',
    destroy: () => {},
    async *[Symbol.asyncIterator]() {
      for (const piece of [bytes.subarray(0, half), bytes.subarray(half)]) yield await Promise.resolve(piece);
      if (breaks !== undefined) throw breaks;
    },
  };
}

export interface Run {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** A cluster that has all that Weft needs, and nothing of Weft. */
export function emptyCluster(): Cluster {
  const cluster = new Cluster();
  cluster.put(resources.customResourceDefinitions, 'httproutes.gateway.networking.k8s.io', {
    metadata: {
      annotations: {
        'gateway.networking.k8s.io/bundle-version': 'v1.6.3',
        'gateway.networking.k8s.io/channel': 'standard',
      },
    },
  });
  cluster.put(resources.namespaces, 'default');
  return cluster;
}

/** The root of the mesh in PEM. */
export const meshRoots = testMaterial(standingClock(nowMs)).rootCertificate;

/** Two replicas, `weft-a` leads; namespace `shop` is in the mesh and has no pods. */
export function meshCluster(): Cluster {
  const cluster = emptyCluster();
  const trustBundle = meshRoots;
  const owner = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'weft', uid: 'u' };
  const options = { namespace: 'weft-system', serviceName: 'weft', trustBundle, owner };
  for (const kind of ['meshconfigs', 'certificateauthorities', 'mutualtlspolicies', 'telemetrypolicies']) {
    cluster.put(resources.customResourceDefinitions, `${kind}.weft.dev`, {
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    });
  }
  cluster.put(resources.namespaces, 'shop', { metadata: { labels: { [injectLabel]: 'enabled' } } });
  cluster.put(resources.deployments, 'weft', {
    spec: { replicas: 2 },
    status: { readyReplicas: 2, updatedReplicas: 2, observedGeneration: 1 },
  });
  cluster.put(resources.leases, 'weft', {
    spec: {
      holderIdentity: 'weft-a',
      leaseDurationSeconds: 15,
      renewTime: new Date(nowMs - 2_000).toISOString(),
    },
  });
  for (const name of ['weft-a', 'weft-b']) {
    cluster.put(resources.pods, name, {
      metadata: { labels: { 'app.kubernetes.io/name': 'weft' } },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    cluster.answers.set(name, {
      '/v1/status': { replica: name, version, leading: name === 'weft-a', nowMs, proxies: [] },
      '/v1/injection': injection,
    });
  }
  cluster.put(resources.certificateAuthorities, 'default', {
    status: {
      root: {
        notAfter: new Date(nowMs + 3650 * 86_400_000).toISOString(),
        fingerprint: new X509Certificate(trustBundle).fingerprint256,
      },
      intermediate: { notAfter: new Date(nowMs + 365 * 86_400_000).toISOString() },
      issued: 7,
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: 'Signs.' }],
    },
  });
  cluster.put(resources.secrets, authoritySecretName);
  cluster.put(resources.clusterTrustBundles, trustBundleName, { spec: { trustBundle } });
  for (const name of Object.keys(apiServiceGroups)) {
    cluster.put(resources.apiServices, name, {
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'weft' } },
      status: { conditions: [{ type: 'Available', status: 'True', message: 'all checks passed' }] },
    });
  }
  cluster.put(resources.mutatingWebhookConfigurations, webhookObjectName, {
    webhooks: mutatingConfiguration(options).webhooks,
  });
  cluster.put(resources.validatingWebhookConfigurations, webhookObjectName, {
    webhooks: validatingConfiguration(options).webhooks,
  });
  cluster.admit = (pod) => ({ ...pod, spec: { initContainers: [{ name: sidecarContainer }] } });
  return cluster;
}

export function connected(key: string, changes: Partial<ProxyReport> = {}): ProxyReport {
  const [namespace = '', name = ''] = key.split('/');
  return {
    proxy: key,
    identity: `spiffe://cluster.local/ns/${namespace}/sa/default`,
    workload: `${namespace}/Deployment/${name.split('-')[0]}`,
    connectedForMs: 300_000,
    held: { secret: 2, cluster: 3, endpoints: 3, listener: 4, route: 2 },
    pending: 0,
    nacks: 0,
    lastAckAgoMs: 60_000,
    certificate: { notBeforeMs: nowMs - 3_600_000, notAfterMs: nowMs + 23 * 3_600_000 },
    ...changes,
  };
}
