/**
 * Takes everything of Weft out of a pod again. Injection starts with it too: what it then adds
 * depends on the pod's own content only, so injecting twice is the same as injecting once.
 */

import type {
  V1Container,
  V1LifecycleHandler,
  V1ObjectMeta,
  V1PodSpec,
  V1Probe,
} from '@kubernetes/client-node';
import { WeftError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import {
  identitySdsAnnotation,
  originalsAnnotation,
  proxyAnnotation,
  redirectContainer,
  sidecarContainer,
  tokenSdsAnnotation,
  trustSdsAnnotation,
} from '../../base/names.ts';
import { ownVolumes } from './containers.ts';
import { isOfScraping } from './scraping.ts';
import { type Handler, hookKinds, isRewritten, probeKinds, probePath } from './probes.ts';

/** A pod, or the template of one. */
export interface PodLike {
  readonly metadata?: V1ObjectMeta;
  readonly spec?: V1PodSpec;
}

/** The value of the `weft.dev/originals` annotation. */
export interface Originals {
  /** Replaced handlers, keyed `<container>/<kind>`, e.g. `web/readiness`. */
  readonly probes?: Readonly<Record<string, Handler>>;
  /** Containers that were given a sleep before they stop. */
  readonly sleep?: readonly string[];
}

export interface Restored {
  readonly pod: PodLike;
  /** The path that drains the proxy, where the pod already had one. */
  readonly drainPath?: string;
}

const ownContainers: readonly string[] = [redirectContainer, sidecarContainer];
const ownAnnotations: readonly string[] = [
  proxyAnnotation,
  originalsAnnotation,
  identitySdsAnnotation,
  trustSdsAnnotation,
  tokenSdsAnnotation,
];

export function isInjected(pod: PodLike): boolean {
  return (
    pod.spec?.initContainers?.some((container) => ownContainers.includes(container.name)) === true ||
    pod.metadata?.annotations?.[originalsAnnotation] !== undefined
  );
}

/** The pod as it was before any injection. Throws WeftError WEFT-POD-10 where the record of that is unreadable. */
export function restorePod(pod: PodLike): Restored {
  const { spec, metadata } = pod;
  if (spec === undefined || !isInjected(pod)) return { pod };
  const originals = readOriginals(metadata?.annotations?.[originalsAnnotation]);
  const drainPath = spec.initContainers?.find((container) => container.name === sidecarContainer)?.lifecycle
    ?.preStop?.httpGet?.path;
  const restored = withLists(spec, {
    initContainers: spec.initContainers
      ?.filter((container) => !ownContainers.includes(container.name))
      .map((container) => restoreContainer(container, originals)),
    volumes: spec.volumes?.filter((volume) => !ownVolumes.includes(volume.name)),
  });
  return {
    pod: {
      ...withoutAnnotations(pod),
      spec: {
        ...restored,
        containers: spec.containers.map((container) => restoreContainer(container, originals)),
      },
    },
    ...(drainPath !== undefined && drainPattern.test(drainPath) ? { drainPath } : {}),
  };
}

const drainPattern = /^\/drain\/[A-Za-z0-9]{16,64}$/;

function restoreContainer(container: V1Container, originals: Originals): V1Container {
  let restored = container;
  for (const kind of probeKinds) {
    const key = `${kind}Probe` as const;
    const original = originals.probes?.[`${container.name}/${kind}`];
    const probe = restored[key];
    if (original === undefined || !isRewritten(probe, probePath(container.name, kind))) continue;
    restored = { ...restored, [key]: withHandler(probe ?? {}, original) };
  }
  for (const kind of hookKinds) {
    const original = originals.probes?.[`${container.name}/${kind}`];
    const hook = restored.lifecycle?.[kind];
    if (original === undefined || !isRewritten(hook, probePath(container.name, kind))) continue;
    restored = { ...restored, lifecycle: { ...restored.lifecycle, [kind]: original as V1LifecycleHandler } };
  }
  if (originals.sleep?.includes(container.name) !== true || !isSleepOnly(restored)) return restored;
  const { preStop: _, ...lifecycle } = restored.lifecycle ?? {};
  if (Object.keys(lifecycle).length > 0) return { ...restored, lifecycle };
  const { lifecycle: __, ...bare } = restored;
  return bare;
}

function isSleepOnly(container: V1Container): boolean {
  const preStop = container.lifecycle?.preStop;
  return preStop?.sleep !== undefined && Object.keys(preStop).length === 1;
}

/** The probe with another way of asking, its timing kept. */
export function withHandler(probe: V1Probe, handler: Handler): V1Probe {
  const { httpGet: _, tcpSocket: __, grpc: ___, ...timing } = probe;
  return { ...handler, ...timing };
}

/** The spec with these lists; an empty one is left out. */
function withLists(
  spec: V1PodSpec,
  lists: { initContainers: V1PodSpec['initContainers']; volumes: V1PodSpec['volumes'] },
): V1PodSpec {
  const result = { ...spec };
  for (const key of ['initContainers', 'volumes'] as const) {
    if (lists[key] === undefined || lists[key].length === 0) delete result[key];
  }
  if (lists.initContainers?.length) result.initContainers = lists.initContainers;
  if (lists.volumes?.length) result.volumes = lists.volumes;
  return result;
}

function withoutAnnotations(pod: PodLike): PodLike {
  const entries = Object.entries(pod.metadata?.annotations ?? {});
  const kept = entries.filter(([key]) => !ownAnnotations.includes(key) && !isOfScraping(key, pod));
  const { annotations: _, ...rest } = pod.metadata ?? {};
  if (kept.length > 0) return { ...pod, metadata: { ...rest, annotations: Object.fromEntries(kept) } };
  if (Object.keys(rest).length > 0) return { ...pod, metadata: rest };
  const { metadata: __, ...bare } = pod;
  return bare;
}

function readOriginals(text: string | undefined): Originals {
  if (text === undefined) return {};
  const value = parse(text);
  if (!isObject(value)) throw unreadable('It is not a JSON object.');
  const { probes, sleep } = value;
  if (probes !== undefined && !(isObject(probes) && Object.values(probes).every(isObject))) {
    throw unreadable('probes is not a map of probes.');
  }
  if (sleep !== undefined && !(Array.isArray(sleep) && sleep.every((name) => typeof name === 'string'))) {
    throw unreadable('sleep is not a list of container names.');
  }
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable('It is not JSON.', error);
  }
}

function unreadable(message: string, cause?: unknown): WeftError {
  const field = `metadata.annotations[${originalsAnnotation}]`;
  return new WeftError('WEFT-POD-10', message, { field, cause });
}
