/**
 * Workloads as they are written: the pod that would be made of each, what injection says of it, and which endpoints the
 * Services would get. Objects in, objects out, in the words of the API, so that the rest is as in a cluster.
 */

import { injectLabel, proxyAnnotation, settingPrefix } from '../base/names.ts';
import { WeftError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { KubeObject } from '../kube/types.ts';
import type { KubeEndpointSlice, KubeService } from '../mesh/kubernetes.ts';
import type { ProxySettings } from '../mesh/model.ts';
import { decide } from '../webhook/inject/decide.ts';
import type { PodLike } from '../webhook/inject/restore.ts';
import { defaultPodSettings, readPodSettings } from '../webhook/inject/settings.ts';
import type { WrittenWorkload } from './facts.ts';
import { groupOf } from './kinds.ts';
import type { ServiceObject } from './project.ts';

/** Where the kinds of Kubernetes keep their pod template, by `<group>/<kind>`. */
const templatePaths: Readonly<Record<string, readonly string[]>> = {
  '/ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

/** A pod or its template; undefined where the object is neither. */
export function templateOf(object: KubeObject): PodLike | undefined {
  const kind = `${groupOf(object.apiVersion ?? '')}/${object.kind}`;
  if (kind === '/Pod') return object as unknown as PodLike;
  const path = Object.hasOwn(templatePaths, kind) ? templatePaths[kind] : undefined;
  const found = path?.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), object);
  if (!isObject(found) || !isObject(found['spec']) || !Array.isArray(found['spec']['containers']))
    return undefined;
  return found as PodLike;
}

export interface Surroundings {
  readonly namespace: string;
  /** Undefined where nothing is known of the namespace: it is taken to be in the mesh. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  readonly controlPlaneNamespace: string;
  readonly proxy: ProxySettings;
}

/** What injection says of the pods of a workload, and what of Weft stands in the wrong place. */
export function describeWorkload(
  object: KubeObject,
  template: PodLike,
  surroundings: Surroundings,
): { readonly meshed: boolean; readonly written: WrittenWorkload } {
  const { namespace, namespaceLabels, controlPlaneNamespace, proxy } = surroundings;
  const decision = decide({ pod: template, namespace, namespaceLabels, controlPlaneNamespace });
  const objections = (decision.inject ? decision.warnings : decision.refused ? [decision.reason] : []).map(
    (error) => objection(error, !decision.inject),
  );
  if (decision.inject) {
    const wrong = wrongSettings(template, proxy);
    if (wrong !== undefined) objections.push(objection(wrong, true));
  }
  const isPod = object.kind === 'Pod';
  return {
    meshed: template.metadata?.annotations?.[proxyAnnotation] !== undefined || decision.inject,
    written: { objections, misplaced: isPod ? [] : misplacedIn(object, template) },
  };
}

function objection(error: WeftError, refused: boolean): WrittenWorkload['objections'][number] {
  return { refused, code: error.code, path: error.field ?? '', message: error.message, remedy: error.remedy };
}

function wrongSettings(template: PodLike, proxy: ProxySettings): WeftError | undefined {
  try {
    readPodSettings(template.metadata?.annotations ?? {}, defaultPodSettings(proxy));
    return undefined;
  } catch (error) {
    if (error instanceof WeftError) return error;
    throw error;
  }
}

function misplacedIn({ metadata }: KubeObject, template: PodLike): readonly string[] {
  const { labels = {}, annotations = {} } = metadata;
  const own = template.metadata;
  const label = labels[injectLabel] !== undefined && own?.labels?.[injectLabel] === undefined;
  const settings = Object.keys(annotations).filter(
    (key) => key.startsWith(settingPrefix) && own?.annotations?.[key] === undefined,
  );
  return [
    ...(label ? [`metadata.labels[${injectLabel}]`] : []),
    ...settings.map((key) => `metadata.annotations[${key}]`),
  ];
}

const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

/** The pod that would be made, ready and without an address; a pod that is written as one keeps what it says. */
export function podOf(object: KubeObject, template: PodLike, meshed: boolean): KubeObject {
  const { name, namespace = '', creationTimestamp = '' } = object.metadata;
  const own = template.metadata?.annotations ?? {};
  const annotations = meshed ? { [proxyAnnotation]: '{}', ...own } : own;
  if (object.kind === 'Pod') {
    const { status = running }: { readonly status?: unknown } & KubeObject = object;
    const pod = { ...object, metadata: { ...object.metadata, annotations }, status };
    return pod;
  }
  const owner = {
    apiVersion: object.apiVersion ?? '',
    kind: object.kind ?? '',
    name,
    uid: '',
    controller: true,
  };
  const made = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-written`,
      namespace,
      creationTimestamp,
      labels: template.metadata?.labels ?? {},
      annotations,
      ownerReferences: [owner],
    },
    spec: template.spec ?? {},
    status: running,
  };
  return made;
}

interface RunningPod extends KubeObject {
  readonly spec?: PodLike['spec'];
  readonly status?: { readonly phase?: string };
}

/** The endpoints that Kubernetes would find for a Service with a selector, as one slice. */
export function sliceOf(
  service: ServiceObject & KubeService,
  pods: readonly RunningPod[],
): KubeEndpointSlice | undefined {
  const { namespace = '', name } = service.metadata;
  const selector = Object.entries(service.spec?.selector ?? {});
  if (selector.length === 0) return undefined;
  const selected = pods.filter(
    ({ metadata, status }) =>
      metadata.namespace === namespace &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed' &&
      selector.every(([label, value]) => metadata.labels?.[label] === value),
  );
  const ports = (service.spec?.ports ?? []).flatMap(
    ({ name: portName = '', port, protocol = 'TCP', targetPort }) => {
      const number = numberOf(targetPort, port, selected);
      return number === undefined ? [] : [{ name: portName, port: number, protocol }];
    },
  );
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${name}-written`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports,
    endpoints: selected.map((pod, index) => ({
      // Of the range that RFC 2544 keeps for tests: it is nobody's.
      addresses: [`198.18.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace, name: pod.metadata.name },
    })),
  };
}

function numberOf(target: unknown, port: number, pods: readonly RunningPod[]): number | undefined {
  if (typeof target !== 'string') return typeof target === 'number' ? target : port;
  const ports = pods.flatMap(({ spec }) =>
    (spec?.containers ?? []).flatMap((container) => container.ports ?? []),
  );
  return ports.find(({ name }) => name === target)?.containerPort;
}
