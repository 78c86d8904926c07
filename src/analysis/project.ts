/** From Kubernetes objects to what analysis keeps of them, one function per kind. Pure; see mesh/project.ts. */

import { injectLabel, proxyAnnotation, settingPrefix } from '../base/names.ts';
import { isObject } from '../base/json.ts';
import type { KubeObject } from '../kube/types.ts';
import type {
  ContainerFacts,
  GatewayFacts,
  NamespaceFacts,
  PodFacts,
  ProxyRevision,
  ServiceFacts,
  TemplateFacts,
} from './facts.ts';

export interface ServiceObject extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly externalName?: string;
    readonly sessionAffinity?: string;
    readonly internalTrafficPolicy?: string;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly protocol?: string;
      readonly appProtocol?: string;
      readonly targetPort?: number | string;
    }[];
  };
}

export function projectServiceFacts({ spec = {} }: ServiceObject): ServiceFacts {
  const { type = 'ClusterIP', externalName, sessionAffinity, internalTrafficPolicy, ports = [] } = spec;
  return {
    type,
    ...(externalName === undefined ? {} : { externalName }),
    ...(sessionAffinity === undefined || sessionAffinity === 'None' ? {} : { sessionAffinity }),
    ...(internalTrafficPolicy === undefined || internalTrafficPolicy === 'Cluster'
      ? {}
      : { internalTrafficPolicy }),
    ports: ports.map(({ port, protocol = 'TCP', name = '', appProtocol, targetPort }) => ({
      port,
      protocol,
      name,
      ...(appProtocol === undefined ? {} : { appProtocol }),
      // Without one it is the port itself.
      target: targetPort ?? port,
    })),
  };
}

interface ContainerObject {
  readonly name?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort?: number;
    readonly protocol?: string;
  }[];
  readonly readinessProbe?: unknown;
}

/** A pod, or the template of one. */
export interface PodObject {
  readonly metadata?: Partial<KubeObject['metadata']>;
  readonly spec?: {
    readonly hostNetwork?: boolean;
    readonly terminationGracePeriodSeconds?: number;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly os?: { readonly name?: string };
    readonly containers?: readonly ContainerObject[];
  };
  readonly status?: { readonly phase?: string };
}

export function projectPodFacts(pod: PodObject): PodFacts | undefined {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  const annotations = pod.metadata?.annotations ?? {};
  const proxy = revisionOf(annotations[proxyAnnotation]);
  return {
    template: shared(projectTemplate(pod)),
    ...(proxy === undefined ? {} : { proxy }),
    mirror: annotations['kubernetes.io/config.mirror'] !== undefined,
  };
}

export function projectTemplate({ metadata = {}, spec = {} }: PodObject): TemplateFacts {
  const { labels = {}, annotations = {} } = metadata;
  const inject = labels[injectLabel];
  const otherMesh = otherMeshOf(spec.containers ?? [], labels, annotations);
  return {
    hostNetwork: spec.hostNetwork === true,
    windows: spec.os?.name === 'windows' || spec.nodeSelector?.['kubernetes.io/os'] === 'windows',
    graceSeconds: spec.terminationGracePeriodSeconds ?? 30,
    containers: (spec.containers ?? []).map(projectContainer),
    ...(inject === undefined ? {} : { inject }),
    settings: settingsOf(annotations),
    misplacedInject: annotations[injectLabel] !== undefined,
    ...(otherMesh === undefined ? {} : { otherMesh }),
  };
}

function projectContainer(
  { name = '', command = [], args = [], ports = [], readinessProbe }: ContainerObject,
  index: number,
): ContainerFacts {
  const texts = [
    ...command.map((text, i) => ({ text, path: `command[${i}]` })),
    ...args.map((text, i) => ({ text, path: `args[${i}]` })),
  ];
  return {
    name,
    index,
    ports: ports.flatMap(({ containerPort, name: portName = '', protocol = 'TCP' }) =>
      containerPort === undefined || protocol !== 'TCP' ? [] : [{ port: containerPort, name: portName }],
    ),
    hasReadinessProbe: readinessProbe !== undefined,
    loopback: texts.flatMap(({ text, path }) => {
      const [, port] = loopbackListener.exec(text) ?? [];
      return port === undefined ? [] : [{ port: Number(port), path }];
    }),
  };
}

/** A whole argument, or the value of one, such as `--listen=127.0.0.1:8080`: within a longer text it may be anything. */
const loopbackListener =
  /^(?:--?[\w.-]*(?:listen|bind|addr|address|host)[\w.-]*=)(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/;

function settingsOf(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations)
      .filter(([key]) => key.startsWith(settingPrefix))
      .map(([key, value]) => [key.slice(settingPrefix.length), value]),
  );
}

const proxiesOfOthers: Readonly<Record<string, string>> = {
  'istio-proxy': 'Istio',
  'linkerd-proxy': 'Linkerd',
  'kuma-sidecar': 'Kuma',
  'consul-dataplane': 'Consul',
};

function otherMeshOf(
  containers: readonly ContainerObject[],
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): string | undefined {
  const says = (key: string): string | undefined => labels[key] ?? annotations[key];
  if (says('sidecar.istio.io/inject') === 'true') return 'Istio';
  if (says('linkerd.io/inject') === 'enabled') return 'Linkerd';
  if (says('kuma.io/sidecar-injection') === 'enabled') return 'Kuma';
  if (says('consul.hashicorp.com/connect-inject') === 'true') return 'Consul';
  return containers.flatMap(({ name = '' }) =>
    Object.hasOwn(proxiesOfOthers, name) ? [proxiesOfOthers[name]] : [],
  )[0];
}

/** What another injection wrote may be anything. */
function revisionOf(text: string | undefined): ProxyRevision | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { version, settings } = value;
    return typeof version === 'string' && typeof settings === 'string' ? { version, settings } : undefined;
  } catch {
    return undefined;
  }
}

/** A thousand pods of a workload have one template between them. */
const templates = new Map<string, TemplateFacts>();
const mostTemplates = 1024;

function shared(template: TemplateFacts): TemplateFacts {
  const key = JSON.stringify(template);
  const known = templates.get(key);
  if (known !== undefined) return known;
  const [oldest] = templates.keys();
  if (templates.size >= mostTemplates && oldest !== undefined) templates.delete(oldest);
  templates.set(key, template);
  return template;
}

/** A Gateway with its status, as its controller has written it. */
export interface GatewayObject extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

export function projectGatewayFacts({ status }: GatewayObject): GatewayFacts | undefined {
  const programmed = status?.conditions?.find(({ type }) => type === 'Programmed');
  if (programmed?.status !== 'False' || !withoutAddress.has(programmed.reason)) return undefined;
  return { noAddress: programmed.message };
}

/** Reasons of Gateway API. */
const withoutAddress: ReadonlySet<string> = new Set(['AddressNotAssigned', 'AddressNotUsable']);

export function projectNamespaceFacts({ metadata }: KubeObject): NamespaceFacts | undefined {
  const annotations = metadata.annotations ?? {};
  const misplacedInject = annotations[injectLabel] !== undefined;
  const misplacedSettings = Object.keys(annotations).filter((key) => key.startsWith(settingPrefix));
  return misplacedInject || misplacedSettings.length > 0 ? { misplacedInject, misplacedSettings } : undefined;
}
