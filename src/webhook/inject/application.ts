/**
 * What changes in the application's own containers: probes and HTTP hooks ask the proxy, and who does nothing before it
 * stops gets a wait. The record of it is the `weft.dev/originals` annotation.
 */

import type { V1Container, V1LifecycleHandler, V1PodSpec, V1Probe } from '@kubernetes/client-node';
import { WeftError } from '../../base/errors.ts';
import { originalsAnnotation } from '../../base/names.ts';
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
import { type Originals, withHandler } from './restore.ts';
import type { PodSettings } from './settings.ts';

export interface Application {
  readonly containers: V1Container[];
  readonly initContainers: readonly V1Container[];
  /** What the bootstrap needs to answer the rewritten probes. */
  readonly answers: readonly ProbeAnswer[];
  /** The annotation that remembers the originals; empty where nothing was replaced. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Throws WeftError WEFT-POD-10 where a probe asks the proxy already and nobody knows what it asked before. */
export function completeApplication(spec: V1PodSpec, settings: PodSettings): Application {
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
  return { containers, initContainers, answers: work.answers, annotations: originalsOf(work) };
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
