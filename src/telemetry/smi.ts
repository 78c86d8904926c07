/**
 * Traffic as SMI tells it (metrics.smi-spec.io/v1alpha1, TrafficMetrics): which question answers a path of that API, and
 * the objects that its answer makes. Whoever serves them asks the replicas and decides who may see what.
 *
 *   /namespaces/shop/deployments            list  ──> smiListQuery  ──> smiList
 *   /namespaces/shop/deployments/web        get   ──> smiListQuery  ──> smiGet
 *   /namespaces/shop/deployments/web/edges  list  ──> smiEdgeQueries ──> smiEdges
 *
 * Source: SMI traffic-metrics v1alpha1. Requests are those of `weft stat`: counted by the client where it has a proxy.
 */

import type { TrafficAnswer, TrafficDimension, TrafficQuery, TrafficRow } from './model.ts';
import { percentile } from './answer.ts';
import { addCounts, emptyColumns, toCounts } from './counts.ts';

export const smiGroup = 'metrics.smi-spec.io';
export const smiVersion = 'v1alpha1';
const apiVersion = `${smiGroup}/${smiVersion}`;

/** Resources by their names in paths. Traffic is counted by workload, so that pods and nodes are not among them. */
export const smiKinds = {
  namespaces: 'Namespace',
  services: 'Service',
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  replicasets: 'ReplicaSet',
  replicationcontrollers: 'ReplicationController',
  jobs: 'Job',
} as const;

export type SmiResource = keyof typeof smiKinds;

export function isSmiResource(name: string): name is SmiResource {
  return Object.hasOwn(smiKinds, name);
}

/** What an edge leads to; all fields are left out where nothing is known of it. */
export interface SmiReference {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface SmiMetric {
  readonly name: string;
  readonly unit?: string;
  /** A quantity of Kubernetes: `10m` of a second is ten milliseconds. */
  readonly value: string;
}

export interface TrafficMetrics {
  readonly kind: 'TrafficMetrics';
  readonly apiVersion: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly creationTimestamp: string;
  };
  readonly resource: SmiReference;
  readonly edge: {
    readonly direction: 'to' | 'from';
    readonly side: 'client' | 'server';
    readonly resource: SmiReference;
  };
  readonly timestamp: string;
  readonly window: string;
  readonly metrics: readonly SmiMetric[];
}

export interface TrafficMetricsList {
  readonly kind: 'TrafficMetricsList';
  readonly apiVersion: string;
  readonly metadata: Readonly<Record<string, never>>;
  readonly resource: SmiReference;
  readonly items: readonly TrafficMetrics[];
}

/** What a request is about; `namespace` is empty for all, and for namespaces. */
export interface SmiTarget {
  readonly resource: SmiResource;
  readonly namespace: string;
  readonly name: string;
}

/** As in the examples of the specification. */
export const smiWindowMs = 30_000;

/** The APIResourceList of the group. */
export function smiDiscovery(): object {
  const resources = Object.keys(smiKinds).flatMap((name) => {
    const common = { singularName: '', namespaced: name !== 'namespaces', kind: 'TrafficMetrics' };
    return [
      { name, ...common, verbs: ['get', 'list'] },
      { name: `${name}/edges`, ...common, verbs: ['get'] },
    ];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources };
}

/** The question about all of a kind, or one of them. */
export function smiListQuery({ resource, namespace, name }: SmiTarget, windowMs = smiWindowMs): TrafficQuery {
  const filter =
    resource === 'services'
      ? {
          ...(namespace === '' ? {} : { namespace }),
          ...(name === '' ? {} : { service: `${namespace}/${name}` }),
        }
      : toFilter('to', resource, namespace, name);
  return { filter, groupBy: [receiver(resource)], windowMs };
}

/** @param names where a label selector has chosen some: `namespace/name`, of namespaces the name alone */
export function smiList(
  target: SmiTarget,
  answer: TrafficAnswer,
  names?: (key: string) => boolean,
): TrafficMetricsList {
  const { resource, namespace } = target;
  const items = [...byName(resource, answer.rows)]
    .filter(([key]) => namespace === '' || resource === 'namespaces' || key.startsWith(`${namespace}/`))
    .filter(([key]) => names === undefined || names(key))
    .map(([key, values]) => received(resource, key, values, answer));
  return list({ kind: smiKinds[resource], ...(namespace === '' ? {} : { namespace }) }, items);
}

/** With counts of zero where nothing was received: whether the object exists is for the caller to know. */
export function smiGet({ resource, namespace, name }: SmiTarget, answer: TrafficAnswer): TrafficMetrics {
  const key = resource === 'namespaces' ? name : `${namespace}/${name}`;
  const values = byName(resource, answer.rows).get(key) ?? emptyColumns();
  return received(resource, key, values, answer);
}

/** The questions about the edges of one object, whose answers `smiEdges` takes in the same order. */
export function smiEdgeQueries(
  { resource, namespace, name }: SmiTarget,
  windowMs = smiWindowMs,
): readonly TrafficQuery[] {
  const other =
    resource === 'namespaces'
      ? (['sourceNamespace', 'destinationNamespace'] as const)
      : (['source', 'destination'] as const);
  if (resource === 'services') {
    return [{ filter: { service: `${namespace}/${name}` }, groupBy: [other[0]], windowMs }];
  }
  return [
    { filter: toFilter('to', resource, namespace, name), groupBy: [other[0]], windowMs },
    { filter: toFilter('from', resource, namespace, name), groupBy: [other[1]], windowMs },
  ];
}

export function smiEdges(target: SmiTarget, answers: readonly TrafficAnswer[]): TrafficMetricsList {
  const { resource, namespace, name } = target;
  const own =
    resource === 'namespaces' ? { kind: 'Namespace', name } : { kind: smiKinds[resource], namespace, name };
  const items = answers.flatMap((answer, index) =>
    answer.rows
      .filter(({ requests }) => requests > 0)
      .map((row) => {
        const values = emptyColumns();
        addCounts(values, row.counts);
        const [other = ''] = Object.values(row.group);
        const direction = index === 0 ? 'from' : 'to';
        // Who has no proxy is only seen by the server.
        const side = direction === 'from' && other === '' ? 'server' : 'client';
        const end = resource === 'namespaces' ? namespaceReference(other) : endReference(other);
        return metrics(own, { direction, side, resource: end }, values, answer);
      }),
  );
  return list(own, items);
}

function toFilter(
  side: 'from' | 'to',
  resource: Exclude<SmiResource, 'services'>,
  namespace: string,
  name: string,
): TrafficQuery['filter'] {
  if (resource === 'namespaces') return name === '' ? {} : { [side]: name };
  if (name !== '') return { [side]: `${namespace}/${smiKinds[resource]}/${name}` };
  return namespace === '' ? {} : { [side]: namespace };
}

function receiver(resource: SmiResource): TrafficDimension {
  if (resource === 'services') return 'service';
  return resource === 'namespaces' ? 'destinationNamespace' : 'destination';
}

/** Sums of the objects of a kind, by `namespace/name`; rows of others are left out. */
function byName(resource: SmiResource, rows: readonly TrafficRow[]): Map<string, Float64Array> {
  const sums = new Map<string, Float64Array>();
  for (const { group, counts, requests } of rows) {
    const key = keyOf(resource, group[receiver(resource)] ?? '');
    if (key === '' || requests === 0) continue;
    const values = sums.get(key) ?? emptyColumns();
    addCounts(values, counts);
    sums.set(key, values);
  }
  return sums;
}

function keyOf(resource: SmiResource, value: string): string {
  if (resource === 'namespaces') return value;
  if (resource === 'services') return value.includes('/') ? (value.split(':')[0] ?? '') : '';
  const [namespace, kind, name] = value.split('/');
  return kind === smiKinds[resource] ? `${namespace}/${name}` : '';
}

function received(
  resource: SmiResource,
  key: string,
  values: Float64Array,
  answer: TrafficAnswer,
): TrafficMetrics {
  const kind = smiKinds[resource];
  const [namespace = '', name = ''] = key.split('/');
  const own = resource === 'namespaces' ? { kind, name: namespace } : { kind, namespace, name };
  return metrics(own, { direction: 'from', side: 'client', resource: {} }, values, answer);
}

function metrics(
  resource: SmiReference & { readonly name: string },
  { direction, side, resource: edge }: TrafficMetrics['edge'],
  values: Float64Array,
  { fromMs, toMs }: TrafficAnswer,
): TrafficMetrics {
  const { requests, durations, failures } = toCounts(values);
  const timestamp = new Date(toMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const all = requests.reduce((sum, value) => sum + value, 0);
  const latency = (name: string, share: number): SmiMetric => ({
    name,
    unit: 'seconds',
    value: durations.some((value) => value > 0) ? secondsQuantity(percentile(durations, share)) : '0',
  });
  const { namespace, name } = resource;
  return {
    kind: 'TrafficMetrics',
    apiVersion,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), creationTimestamp: timestamp },
    resource,
    edge: { direction, side, resource: edge },
    timestamp,
    window: `${Math.round((toMs - fromMs) / 1_000)}s`,
    metrics: [
      latency('p99_response_latency', 0.99),
      latency('p90_response_latency', 0.9),
      latency('p50_response_latency', 0.5),
      { name: 'success_count', value: String(all - failures) },
      { name: 'failure_count', value: String(failures) },
    ],
  };
}

/** In the shortest form that Kubernetes itself would write: whole seconds, milli or micro. */
export function secondsQuantity(milliseconds: number): string {
  const micros = Math.round(milliseconds * 1_000);
  if (micros % 1_000_000 === 0) return String(micros / 1_000_000);
  return micros % 1_000 === 0 ? `${micros / 1_000}m` : `${micros}u`;
}

function namespaceReference(name: string): SmiReference {
  return name === '' ? {} : { kind: 'Namespace', name };
}

/** `shop/Deployment/web`, a host, or a namespace of which no more may be told. */
function endReference(end: string): SmiReference {
  const [namespace = '', kind, name] = end.split('/');
  if (kind !== undefined && name !== undefined) return { kind, namespace, name };
  if (end === '') return {};
  return /[.:]/.test(end) ? { name: end } : { namespace };
}

function list(resource: SmiReference, items: readonly TrafficMetrics[]): TrafficMetricsList {
  return { kind: 'TrafficMetricsList', apiVersion, metadata: {}, resource, items };
}
