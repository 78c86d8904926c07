/**
 * How a Gateway is run: the ConfigMap that its `spec.infrastructure.parametersRef` names, one setting per key. To add
 * one, add a row, use the field, and describe it in docs/kinds/gateway-parameters.md (a test compares that page
 * with this table). Settings of the proxy itself are those of a pod's annotations and are read where those are.
 */

import { WeftError } from '../base/errors.ts';
import type { ObjectMeta } from '../kube/types.ts';

export interface GatewayParameters {
  readonly replicas: number;
  readonly autoscaling?: { readonly min: number; readonly max: number; readonly cpuPercent: number };
  /** Of the disruption budget; absent for the default, which is one where there are several proxies. */
  readonly maxUnavailable?: number | string;
  readonly serviceType: 'LoadBalancer' | 'NodePort' | 'ClusterIP';
  readonly loadBalancerClass?: string;
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly priorityClassName?: string;
  /** Settings of the proxy, by the names they have as annotations of a pod. */
  readonly proxy: Readonly<Record<string, string>>;
}

interface Row {
  readonly key: string;
  /** What a value looks like, for the error message. */
  readonly range: string;
  /** Undefined where the text is no value of the setting. */
  parse(text: string): unknown;
}

const count = integer(1, 1000);

export const parameterRows = [
  { key: 'replicas', range: 'a number of proxies from 1 to 1000', parse: count },
  { key: 'autoscaling-min', range: 'a number of proxies from 1 to 1000', parse: count },
  { key: 'autoscaling-max', range: 'a number of proxies from 1 to 1000', parse: count },
  { key: 'autoscaling-cpu', range: 'a percentage from 1 to 1000', parse: integer(1, 1000) },
  { key: 'max-unavailable', range: 'a number of proxies or a percentage such as 25%', parse: share },
  {
    key: 'service-type',
    range: 'LoadBalancer, NodePort or ClusterIP',
    parse: choice('LoadBalancer', 'NodePort', 'ClusterIP'),
  },
  {
    key: 'load-balancer-class',
    range: 'a name such as example.com/internal',
    parse: matching(/^[\w./-]{1,253}$/),
  },
  { key: 'external-traffic-policy', range: 'Cluster or Local', parse: choice('Cluster', 'Local') },
  { key: 'node-selector', range: 'labels such as pool=edge,disk=ssd', parse: labels },
  { key: 'priority-class', range: 'the name of a PriorityClass', parse: matching(/^[a-z0-9.-]{1,253}$/) },
] as const satisfies readonly Row[];

/**
 * Annotations of a pod that hold for a gateway as well, without their prefix. Not the image: whoever may make a Gateway is
 * not thereby to run programs of their own.
 */
export const proxyParameters = [
  'cpu',
  'memory',
  'cpu-limit',
  'memory-limit',
  'log-level',
  'concurrency',
  'drain-seconds',
] as const;

/** What a Gateway without parameters has. */
export const defaultParameters: GatewayParameters = {
  replicas: 1,
  serviceType: 'LoadBalancer',
  externalTrafficPolicy: 'Cluster',
  proxy: {},
};

export interface ParametersObject {
  readonly metadata: ObjectMeta;
  readonly data?: Readonly<Record<string, string>>;
}

/** For the reflector: of all ConfigMaps those that set something about gateways. */
export function projectParameters({
  data = {},
}: ParametersObject): Readonly<Record<string, string>> | undefined {
  const known = new Set<string>([...parameterRows.map(({ key }) => key), ...proxyParameters]);
  const keys = Object.keys(data);
  return keys.length <= 2 * known.size && keys.some((key) => known.has(key)) ? data : undefined;
}

/** Throws WeftError WEFT-GW-01 with the key as field where a setting is unknown, impossible or contradicts another. */
export function readParameters(data: Readonly<Record<string, string>>): GatewayParameters {
  const values = new Map<string, unknown>();
  const proxy: Record<string, string> = {};
  for (const [key, text] of Object.entries(data)) {
    if ((proxyParameters as readonly string[]).includes(key)) {
      proxy[key] = text;
      continue;
    }
    const row = parameterRows.find((candidate) => candidate.key === key);
    if (row === undefined) throw refused(key, 'There is no such setting.');
    const value = row.parse(text.trim());
    if (value === undefined) throw refused(key, `${JSON.stringify(text)} is not ${row.range}.`);
    values.set(key, value);
  }
  const read = <T>(key: (typeof parameterRows)[number]['key']): T | undefined =>
    values.get(key) as T | undefined;
  const serviceType = read<GatewayParameters['serviceType']>('service-type') ?? 'LoadBalancer';
  const loadBalancerClass = read<string>('load-balancer-class');
  if (loadBalancerClass !== undefined && serviceType !== 'LoadBalancer')
    throw refused('load-balancer-class', 'It needs service-type LoadBalancer.');
  const externalTrafficPolicy =
    read<GatewayParameters['externalTrafficPolicy']>('external-traffic-policy') ?? 'Cluster';
  if (externalTrafficPolicy === 'Local' && serviceType === 'ClusterIP')
    throw refused('external-traffic-policy', 'Local needs service-type LoadBalancer or NodePort.');
  return {
    replicas: read<number>('replicas') ?? 1,
    ...optional('autoscaling', autoscaling(read)),
    ...optional('maxUnavailable', read<number | string>('max-unavailable')),
    serviceType,
    ...optional('loadBalancerClass', loadBalancerClass),
    externalTrafficPolicy,
    ...optional('nodeSelector', read<Readonly<Record<string, string>>>('node-selector')),
    ...optional('priorityClassName', read<string>('priority-class')),
    proxy,
  };
}

function autoscaling(
  read: <T>(key: (typeof parameterRows)[number]['key']) => T | undefined,
): GatewayParameters['autoscaling'] {
  const max = read<number>('autoscaling-max');
  for (const key of ['autoscaling-min', 'autoscaling-cpu'] as const) {
    if (max === undefined && read(key) !== undefined) throw refused(key, 'It needs autoscaling-max.');
  }
  if (max === undefined) return undefined;
  if (read('replicas') !== undefined)
    throw refused('replicas', 'With autoscaling-max the autoscaler decides.');
  const min = read<number>('autoscaling-min') ?? Math.min(2, max);
  if (min > max) throw refused('autoscaling-min', `It is above autoscaling-max, which is ${max}.`);
  return { min, max, cpuPercent: read<number>('autoscaling-cpu') ?? 70 };
}

function refused(key: string, message: string): WeftError {
  return new WeftError('WEFT-GW-01', message, { field: `data[${key}]` });
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

function integer(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return /^\d{1,6}$/.test(text) && value >= min && value <= max ? value : undefined;
  };
}

function share(text: string): number | string | undefined {
  const percent = /^(\d{1,3})%$/.exec(text)?.[1];
  if (percent !== undefined) return Number(percent) <= 100 ? text : undefined;
  return integer(0, 1000)(text);
}

function choice<T extends string>(...choices: readonly T[]): (text: string) => T | undefined {
  return (text) => choices.find((one) => one === text);
}

function matching(pattern: RegExp): (text: string) => string | undefined {
  return (text) => (pattern.test(text) ? text : undefined);
}

const labelPattern = /^([\w./-]{1,317})=([\w.-]{0,63})$/;

function labels(text: string): Readonly<Record<string, string>> | undefined {
  const entries = text.split(',').map((part) => labelPattern.exec(part.trim()));
  if (entries.includes(null)) return undefined;
  return Object.fromEntries(entries.map((entry) => [entry?.[1] ?? '', entry?.[2] ?? '']));
}
