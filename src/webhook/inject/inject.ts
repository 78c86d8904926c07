/**
 * Puts a proxy into a pod: pure, from pod and settings to the injected pod and the JSON Patch between them. The webhook
 * sends the patch, the CLI applies it to a manifest; it is the same code and gives the same pod.
 */

import { createHash } from 'node:crypto';
import type { V1Volume } from '@kubernetes/client-node';
import type { JsonObject } from '../../base/json.ts';
import { proxyAnnotation } from '../../base/names.ts';
import { completeApplication } from './application.ts';
import { type Bootstrap, compileBootstrap, type PodBootstrap } from './bootstrap.ts';
import { drainRoute } from './bootstrap-listeners.ts';
import { adminVolumeSource, compileContainers } from './containers.ts';
import type { InjectContext } from './context.ts';
import './errors.ts';
import { identityAnnotations, identityVolumeSource } from './identity.ts';
import { covers, diff, type Operation } from './patch.ts';
import type { ProbeAnswer } from './probes.ts';
import { parseQuantity } from './quantity.ts';
import { type PodLike, restorePod } from './restore.ts';
import { workloadResource } from './resource.ts';
import { scrapingOf } from './scraping.ts';
import { defaultPodSettings, type PodSettings, readPodSettings } from './settings.ts';
import { proxyUser } from './user.ts';

/** What is the same for every pod under one set of settings, worked out once. */
export interface PreparedInjection {
  readonly context: InjectContext;
  /** Twelve hexadecimal digits that change with anything that changes a proxy. */
  readonly settingsHash: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly volumes: readonly V1Volume[];
  /** JSON of each annotation and volume. */
  readonly knownJson: readonly (readonly [value: unknown, json: string])[];
  /** Of a pod without settings of its own, and its containers. */
  readonly settings: PodSettings;
  readonly containers: ReturnType<typeof compileContainers>;
  bootstrap(pod: PodBootstrap): Bootstrap;
}

export interface Injected {
  readonly pod: PodLike;
  /** Empty where the pod already is as it should be. */
  readonly operations: readonly Operation[];
  /** JSON of values among the operations that would be dear to make again; for formatPatch. */
  readonly knownJson: ReadonlyMap<unknown, string>;
}

/** Throws WeftError WEFT-POD-13 where the context lacks what its kind of identity needs. */
export function prepareInjection(context: InjectContext): PreparedInjection {
  const { version, settings, controlPlane, identity, trustRoots } = context;
  const content = [version, settings.trustDomain, settings.proxy, controlPlane, identity, trustRoots];
  const settingsHash = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  const annotations = {
    [proxyAnnotation]: JSON.stringify({ version, settings: settingsHash }),
    ...identityAnnotations(context),
  };
  const volumes = [identityVolumeSource(context), adminVolumeSource()];
  const podSettings = defaultPodSettings(settings.proxy);
  return {
    context,
    settingsHash,
    annotations,
    volumes,
    knownJson: [...Object.values(annotations), ...volumes].map((value) => [value, JSON.stringify(value)]),
    settings: podSettings,
    containers: compileContainers(podSettings),
    bootstrap: compileBootstrap(context),
  };
}

/**
 * Injects a pod, or completes one that was injected before (by the CLI, or in an earlier round of admission).
 * `existing` says what becomes of containers and volumes of an earlier injection that have everything they need and
 * more: admission keeps what the API server and other webhooks added, a manifest is made exact.
 * Throws WeftError WEFT-POD-09 or WEFT-POD-10 with a field path relative to the pod.
 */
export function injectPod(
  pod: PodLike,
  prepared: PreparedInjection,
  existing: 'keep' | 'replace' = 'keep',
): Injected {
  const restored = restorePod(pod);
  const { spec, metadata } = restored.pod;
  if (spec === undefined) return { pod, operations: [], knownJson: new Map() };
  const { context } = prepared;
  const settings = readPodSettings(metadata?.annotations ?? {}, prepared.settings);
  const drainPath = restored.drainPath ?? `/drain/${context.random()}`;

  const application = completeApplication(spec, settings);
  const bootstrap = prepared.bootstrap(podBootstrap(application.answers, settings, drainPath));
  const containers = settings === prepared.settings ? prepared.containers : compileContainers(settings);
  const ownParts = { drainPath, proxyUser: proxyUser(drainPath), resource: workloadResource(metadata) };
  const own = containers(ownParts, bootstrap);
  const volumes = [...(spec.volumes ?? []), ...prepared.volumes];

  const settled = existing === 'keep' ? keep : <T>(_: unknown, wanted: T): T => wanted;
  const injected: PodLike = {
    ...restored.pod,
    metadata: {
      ...metadata,
      annotations: {
        ...metadata?.annotations,
        ...scrapingOf(metadata?.annotations ?? {}, settings.scrape),
        ...prepared.annotations,
        ...application.annotations,
      },
    },
    spec: {
      ...spec,
      initContainers: [
        ...own.map(({ container }) => settled(pod.spec?.initContainers, container)),
        ...application.initContainers,
      ],
      containers: application.containers,
      volumes: volumes.map((volume) => settled(pod.spec?.volumes, volume)),
    },
  };
  const operations = diff(pod, injected);
  const knownJson = new Map<unknown, string>(prepared.knownJson);
  for (const { container, json } of own) knownJson.set(container, json);
  return { pod: injected, operations, knownJson };
}

function podBootstrap(
  answers: readonly ProbeAnswer[],
  settings: PodSettings,
  drainPath: string,
): PodBootstrap {
  // Probes of one port share a cluster.
  const clusters = new Map<unknown, JsonObject>();
  for (const answer of answers) {
    for (const cluster of answer.clusters) clusters.set(cluster['name'], cluster);
  }
  const { memoryLimit } = settings;
  const limitBytes = memoryLimit === undefined ? undefined : parseQuantity(memoryLimit);
  return {
    clusters: [...clusters.values()],
    routes: [drainRoute(drainPath), ...answers.flatMap((answer) => answer.routes)],
    filters: answers.flatMap((answer) => answer.filters),
    // The rest is for what is not on the heap: stacks, buffers of the kernel, the program itself.
    ...(limitBytes === undefined ? {} : { maxHeapBytes: Math.floor(limitBytes * 0.8) }),
  };
}

/** The pod's own copy where it already has everything wanted: defaults filled in by others stay. */
function keep<T extends { readonly name: string }>(existing: readonly T[] | undefined, wanted: T): T {
  const own = existing?.find((candidate) => candidate.name === wanted.name);
  return own !== undefined && covers(own, wanted) ? own : wanted;
}
