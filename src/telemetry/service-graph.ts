/** The service graph: who calls whom, from the answer to one question. Pure. */

import { addCounts, emptyColumns, toCounts } from './counts.ts';
import type {
  GraphEdge,
  GraphNode,
  ServiceGraph,
  TrafficAnswer,
  TrafficDimension,
  TrafficFilter,
  TrafficQuery,
  TrafficRow,
} from './model.ts';
import { toRow } from './answer.ts';
import { otherEnd } from './series-table.ts';

/** `service`: the Services that were called stand between the workloads. */
export type GraphLevel = 'workload' | 'service';

const groupBy: readonly TrafficDimension[] = [
  'source',
  'sourceNamespace',
  'destination',
  'destinationNamespace',
  'service',
  'protocol',
  'mtls',
];

/** The question whose answer `serviceGraph` takes. */
export function graphQuery(windowMs: number, filter: TrafficFilter = {}): TrafficQuery {
  return { filter, groupBy, windowMs };
}

interface Edge {
  readonly source: string;
  readonly target: string;
  readonly protocols: Set<string>;
  readonly mtls: Set<boolean>;
  readonly values: Float64Array;
}

interface Node {
  readonly id: string;
  readonly received: Float64Array;
}

export function serviceGraph(answer: TrafficAnswer, level: GraphLevel = 'workload'): ServiceGraph {
  const seconds = (answer.toMs - answer.fromMs) / 1_000;
  const edges = new Map<string, Edge>();
  const nodes = new Map<string, Node>();
  const nodeOf = (id: string): Node => {
    const node = nodes.get(id) ?? { id, received: emptyColumns() };
    nodes.set(id, node);
    return node;
  };
  const add = (source: string, target: string, row: TrafficRow): void => {
    const key = `${source}\n${target}`;
    const edge = edges.get(key) ?? {
      source,
      target,
      protocols: new Set<string>(),
      mtls: new Set<boolean>(),
      values: emptyColumns(),
    };
    edges.set(key, edge);
    addCounts(edge.values, row.counts);
    nodeOf(source);
    addCounts(nodeOf(target).received, row.counts);
    // What counts bytes alone does not know.
    if (!isCalling(row)) return;
    edge.protocols.add(row.group.protocol ?? '');
    edge.mtls.add(row.group.mtls === 'true');
  };
  const place = (row: TrafficRow, mayBeNew: boolean): void => {
    const { group } = row;
    const source = idOf(group.source ?? '', group.sourceNamespace ?? '');
    const service = serviceId(group.service ?? '');
    const destination = group.destination ?? '';
    const target =
      destination === '' && service !== '' ? service : idOf(destination, group.destinationNamespace ?? '');
    const hops = level === 'service' && service !== '' && target !== service;
    const path = hops ? [source, service, target] : [source, target];
    for (const [index, from] of path.slice(0, -1).entries()) {
      const to = path[index + 1] ?? '';
      if (mayBeNew || edges.has(`${from}\n${to}`)) add(from, to, row);
    }
  };
  for (const row of answer.rows) if (isCalling(row)) place(row, true);
  // Bytes whose ends nobody knows are not an edge of their own.
  for (const row of answer.rows) if (!isCalling(row)) place(row, row.group.destination !== '');
  return {
    fromMs: answer.fromMs,
    toMs: answer.toMs,
    gaps: answer.gaps,
    nodes: [...nodes.values()].map((node) => graphNode(node, seconds)).sort((a, b) => order(a.id, b.id)),
    edges: [...edges.values()]
      .map((edge) => graphEdge(edge, seconds))
      .sort((a, b) => order(a.source, b.source) || order(a.target, b.target)),
  };
}

function isCalling({ requests, counts }: TrafficRow): boolean {
  return requests > 0 || counts.connectionsOpened > 0 || counts.connectionsClosed > 0;
}

/** @param end `shop/Deployment/web`, a host, a namespace of which no more may be told, or nothing */
function idOf(end: string, namespace: string): string {
  if (end === '') return 'unknown';
  if (end === otherEnd.name || (end === namespace && namespace !== '')) return `unknown:${end}`;
  const [, kind] = end.split('/');
  if (kind === 'Gateway') return `gateway:${end}`;
  return kind === undefined ? `external:${end}` : `workload:${end}`;
}

/** A Service with all its ports; empty for none. */
function serviceId(service: string): string {
  const [key = ''] = service.split(':');
  return key.includes('/') ? `service:${key}` : '';
}

function graphNode({ id, received }: Node, seconds: number): GraphNode {
  const { requestsPerSecond, successRate, latency } = toRow({}, undefined, toCounts(received), seconds);
  const colon = id.indexOf(':');
  const kind = (colon < 0 ? id : id.slice(0, colon)) as GraphNode['kind'];
  const path = colon < 0 ? '' : id.slice(colon + 1);
  const hidden = kind === 'unknown' && path !== otherEnd.name;
  const slash = kind === 'external' ? -1 : path.indexOf('/');
  return {
    id,
    kind,
    namespace: hidden ? path : slash < 0 ? '' : path.slice(0, slash),
    name: hidden ? '' : path.slice(slash + 1),
    requestsPerSecond,
    ...(successRate === undefined ? {} : { successRate }),
    ...(latency === undefined ? {} : { p99Ms: latency.p99 }),
  };
}

function graphEdge({ source, target, protocols, mtls, values }: Edge, seconds: number): GraphEdge {
  const row = toRow({}, undefined, toCounts(values), seconds);
  return {
    source,
    target,
    protocols: [...protocols].sort(),
    mtls: mtls.size > 1 ? 'mixed' : mtls.has(true),
    requestsPerSecond: row.requestsPerSecond,
    connectionsPerSecond: row.connectionsPerSecond,
    bytesPerSecond: row.bytesPerSecond,
    ...(row.successRate === undefined ? {} : { successRate: row.successRate }),
    ...(row.latency === undefined ? {} : { p50Ms: row.latency.p50, p99Ms: row.latency.p99 }),
  };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
