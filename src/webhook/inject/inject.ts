/**
 * Puts a proxy into a pod: pure, from pod and settings to the injected pod and the JSON Patch between them. The webhook
 * sends the patch, the CLI applies it to a manifest; it is the same code and gives the same pod.
 */

import { createHash } from 'node:crypto';
import type { V1Container, V1LifecycleHandler, V1PodSpec, V1Probe } from '@kubernetes/client-node';
import { WeftError } from '../../base/errors.ts';
import { originalsAnnotation, proxyAnnotation } from '../../base/names.ts';
import type { JsonObject } from '../../base/json.ts';
import { compileBootstrap, type PodBootstrap } from './bootstrap.ts';
import { drainRoute } from './bootstrap-listeners.ts';
import { adminVolumeSource, redirectInitContainer, sidecar } from './containers.ts';
import type { InjectContext } from './context.ts';
import { identityAnnotations, identityVolumeSource } from './identity.ts';
import { covers, diff, type Operation } from './patch.ts';
import {
  type Handler,
  type HandlerKind,
  hookKinds,
  isRewritten,
  type ProbeAnswer,
  probeKinds,
  probePath,
  rewriteHandler,
} from './probes.ts';
import { parseQuantity } from './quantity.ts';
import { type Originals, type PodLike, restorePod, withHandler } from './restore.ts';
import './errors.ts';
import { type PodSettings, readPodSettings } from './settings.ts';

/** What is the same for every pod under one set of settings, worked out once. */
export interface PreparedInjection {
  readonly context: InjectContext;
  /** Twelve hexadecimal digits that change with anything that changes a proxy. */
  readonly settingsHash: string;
  readonly annotations: Readonly<Record<string, string>>;
  bootstrap(pod: PodBootstrap): string;
}

export interface Injected {
  readonly pod: PodLike;
  /** Empty where the pod already is as it should be. */
  readonly operations: readonly Operation[];
}

/** Throws WeftError WEFT-POD-13 where the context lacks what its kind of identity needs. */
export function prepareInjection(context: InjectContext): PreparedInjection {
  const { version, settings, controlPlane, identity, trustRoots } = context;
  const content = [version, settings.trustDomain, settings.proxy, controlPlane, identity, trustRoots];
  const settingsHash = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  return {
    context,
    settingsHash,
    annotations: {
      [proxyAnnotation]: JSON.stringify({ version, settings: settingsHash }),
      ...identityAnnotations(context),
    },
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
  if (spec === undefined) return { pod, operations: [] };
  const { context } = prepared;
  const settings = readPodSettings(metadata?.annotations ?? {}, context.settings.proxy);
  const drainPath = restored.drainPath ?? `/drain/${context.random()}`;

  const work: Work = {
    settings,
    answers: [],
    probes: {},
    sleep: [],
    sleepSeconds: sleepSeconds(spec, settings),
  };
  const containers = spec.containers.map((container, index) =>
    completeContainer(container, `spec.containers[${index}]`, work),
  );
  const initContainers = (spec.initContainers ?? []).map((container, index) =>
    isNativeSidecar(container)
      ? redirectHandlers(container, `spec.initContainers[${index}]`, work)
      : container,
  );
  const bootstrap = prepared.bootstrap(podBootstrap(work, drainPath));
  const own = [redirectInitContainer(settings), sidecar(settings, bootstrap, drainPath)];
  const volumes = [...(spec.volumes ?? []), identityVolumeSource(context), adminVolumeSource()];

  const settled = existing === 'keep' ? keep : <T>(_: unknown, wanted: T): T => wanted;
  const injected: PodLike = {
    ...restored.pod,
    metadata: {
      ...metadata,
      annotations: { ...metadata?.annotations, ...prepared.annotations, ...originalsOf(work) },
    },
    spec: {
      ...spec,
      initContainers: [
        ...own.map((container) => settled(pod.spec?.initContainers, container)),
        ...initContainers,
      ],
      containers,
      volumes: volumes.map((volume) => settled(pod.spec?.volumes, volume)),
    },
  };
  return { pod: injected, operations: diff(pod, injected) };
}

/** What is gathered while the containers are gone through. */
interface Work {
  readonly settings: PodSettings;
  readonly answers: ProbeAnswer[];
  readonly probes: Record<string, Handler>;
  readonly sleep: string[];
  readonly sleepSeconds: number;
}

/** Endpoints are withdrawn while the pod is already being stopped; half the grace period is the application's own. */
function sleepSeconds(spec: V1PodSpec, settings: PodSettings): number {
  return Math.min(settings.drainSeconds, Math.floor((spec.terminationGracePeriodSeconds ?? 30) / 2));
}

function isNativeSidecar(container: V1Container): boolean {
  return container.restartPolicy === 'Always';
}

function completeContainer(container: V1Container, field: string, work: Work): V1Container {
  const result = redirectHandlers(container, field, work);
  if (result.lifecycle?.preStop !== undefined || work.sleepSeconds === 0) return result;
  work.sleep.push(container.name);
  return {
    ...result,
    lifecycle: { ...result.lifecycle, preStop: { sleep: { seconds: work.sleepSeconds } } },
  };
}

/** The container with its probes and HTTP hooks pointed at the proxy. */
function redirectHandlers(container: V1Container, field: string, work: Work): V1Container {
  let result = container;
  for (const kind of probeKinds) {
    const key = `${kind}Probe` as const;
    const probe = container[key];
    const handler = redirect(container, kind, probe, `${field}.${key}`, work);
    if (handler !== undefined) result = { ...result, [key]: withHandler(probe ?? {}, handler) };
  }
  for (const kind of hookKinds) {
    const handler = redirect(
      container,
      kind,
      container.lifecycle?.[kind],
      `${field}.lifecycle.${kind}`,
      work,
    );
    if (handler !== undefined) result = { ...result, lifecycle: { ...result.lifecycle, [kind]: handler } };
  }
  return result;
}

function redirect(
  container: V1Container,
  kind: HandlerKind,
  handler: V1Probe | V1LifecycleHandler | undefined,
  field: string,
  work: Work,
): Pick<Handler, 'httpGet'> | undefined {
  if (handler === undefined) return undefined;
  if (isRewritten(handler, probePath(container.name, kind))) {
    throw new WeftError('WEFT-POD-10', 'It asks the proxy, but what it asked before is not recorded.', {
      field,
    });
  }
  const rewritten = rewriteHandler(container, kind, handler, work.settings);
  if (rewritten === undefined) return undefined;
  work.answers.push(rewritten.answer);
  work.probes[`${container.name}/${kind}`] = handlerOf(handler);
  return { httpGet: rewritten.httpGet };
}

function handlerOf(handler: V1Probe | V1LifecycleHandler): Handler {
  const { httpGet, tcpSocket } = handler;
  const grpc = 'grpc' in handler ? handler.grpc : undefined;
  if (httpGet !== undefined) return { httpGet };
  if (tcpSocket !== undefined) return { tcpSocket };
  return grpc === undefined ? {} : { grpc };
}

function originalsOf(work: Work): Record<string, string> {
  const originals: Originals = {
    ...(Object.keys(work.probes).length === 0 ? {} : { probes: work.probes }),
    ...(work.sleep.length === 0 ? {} : { sleep: work.sleep }),
  };
  return Object.keys(originals).length === 0 ? {} : { [originalsAnnotation]: JSON.stringify(originals) };
}

function podBootstrap(work: Work, drainPath: string): PodBootstrap {
  // Probes of one port share a cluster.
  const clusters = new Map<unknown, JsonObject>();
  for (const answer of work.answers) {
    for (const cluster of answer.clusters) clusters.set(cluster['name'], cluster);
  }
  const { memoryLimit } = work.settings;
  const limitBytes = memoryLimit === undefined ? undefined : parseQuantity(memoryLimit);
  return {
    clusters: [...clusters.values()],
    routes: [drainRoute(drainPath), ...work.answers.flatMap((answer) => answer.routes)],
    filters: work.answers.flatMap((answer) => answer.filters),
    // The rest is for what is not on the heap: stacks, buffers of the kernel, the program itself.
    ...(limitBytes === undefined ? {} : { maxHeapBytes: Math.floor(limitBytes * 0.8) }),
  };
}

/** The pod's own copy where it already has everything wanted: defaults filled in by others stay. */
function keep<T extends { readonly name: string }>(existing: readonly T[] | undefined, wanted: T): T {
  const own = existing?.find((candidate) => candidate.name === wanted.name);
  return own !== undefined && covers(own, wanted) ? own : wanted;
}
