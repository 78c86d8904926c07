/** Service graphs as the API answers them: a shop to look at, and meshes of any size to measure with. */

import type { GraphEdge, GraphNode, ServiceGraph } from '../../../src/telemetry/model.ts';
import { chanceFrom } from './random.ts';

export interface GraphSize {
  readonly nodes: number;
  readonly edges: number;
  readonly namespaces: number;
}

const words = [
  'cart',
  'catalog',
  'checkout',
  'orders',
  'payment',
  'ledger',
  'search',
  'stock',
  'users',
  'mail',
  'prices',
  'reviews',
  'images',
  'billing',
  'shipping',
  'auth',
  'events',
  'audit',
  'ranking',
  'offers',
];
const places = ['shop', 'platform', 'billing', 'search', 'identity', 'data', 'edge', 'mail', 'media', 'risk'];

/** A number per second that wanders with time, and is the same for the same edge and time. */
function wander(base: number, seed: number, atMs: number): number {
  return base * (1 + 0.3 * Math.sin(atMs / 7000 + seed));
}

/** Edges lead from the front of the mesh backwards; a few fail, some are not encrypted. */
export function meshGraph(size: GraphSize, nowMs: number, seed = 7): ServiceGraph {
  const chance = chanceFrom(seed);
  const names = Array.from({ length: size.nodes }, (_, index) => {
    const namespace = places[index % size.namespaces] ?? `team-${index % size.namespaces}`;
    const round = Math.floor(index / words.length);
    const word = words[(index * 7) % words.length] ?? 'app';
    return { namespace, name: `Deployment/${word}${round === 0 ? '' : `-${round}`}` };
  });
  const ids = names.map(({ namespace, name }) => `workload:${namespace}/${name}`);
  const edges = new Map<string, GraphEdge>();
  while (edges.size < size.edges) {
    const from = chance.below(size.nodes);
    // Most calls stay near: within the namespace or to one of a few places that everybody calls.
    const near = chance.next() < 0.45;
    const to = near
      ? (from + size.namespaces * (1 + chance.below(4))) % size.nodes
      : Math.floor(chance.next() ** 2 * size.nodes);
    const source = ids[from];
    const target = ids[to];
    if (source === undefined || target === undefined || from === to || edges.has(`${source} ${target}`)) {
      continue;
    }
    const luck = chance.next();
    const rate = wander(10 ** (chance.next() * 3.2 - 0.4), edges.size, nowMs);
    const isTcp = luck > 0.96;
    edges.set(`${source} ${target}`, {
      source,
      target,
      protocols: [isTcp ? 'tcp' : luck > 0.7 ? 'grpc' : 'http'],
      mtls: chance.next() > 0.06 ? true : chance.next() > 0.5 ? 'mixed' : false,
      requestsPerSecond: isTcp ? 0 : rate,
      connectionsPerSecond: 0,
      bytesPerSecond: rate * 900,
      ...(isTcp
        ? {}
        : {
            successRate: luck < 0.015 ? 0.87 : luck < 0.05 ? 0.985 : 1 - luck / 2000,
            p50Ms: 2 + luck * 20,
            p99Ms: 12 + luck * 300,
          }),
    });
  }
  const all = [...edges.values()].sort((a, b) =>
    `${a.source} ${a.target}` < `${b.source} ${b.target}` ? -1 : 1,
  );
  const nodes = names.map(({ namespace, name }, index): GraphNode => {
    const into = all.filter((edge) => edge.target === ids[index]);
    const requests = into.reduce((sum, edge) => sum + edge.requestsPerSecond, 0);
    const good = into.reduce((sum, edge) => sum + edge.requestsPerSecond * (edge.successRate ?? 1), 0);
    return {
      id: ids[index] ?? '',
      kind: 'workload',
      namespace,
      name,
      requestsPerSecond: requests,
      ...(requests > 0 ? { successRate: good / requests, p99Ms: 20 + (index % 40) } : {}),
    };
  });
  return {
    fromMs: nowMs - 60_000,
    toMs: nowMs,
    gaps: [],
    nodes: nodes.sort((a, b) => (a.id < b.id ? -1 : 1)),
    edges: all,
  };
}

interface Call {
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly success?: number;
  readonly protocol?: string;
  readonly mtls?: boolean | 'mixed';
}

const gateway = 'gateway:edge/Deployment/public';
const w = (namespace: string, name: string): string => `workload:${namespace}/Deployment/${name}`;

/** The busiest first. */
const calls: readonly Call[] = [
  { from: 'unknown', to: gateway, rate: 410, mtls: false },
  { from: gateway, to: w('shop', 'web'), rate: 408 },
  { from: w('shop', 'web'), to: w('shop', 'catalog'), rate: 380, success: 0.9995 },
  { from: w('shop', 'web'), to: w('shop', 'cart'), rate: 122 },
  { from: w('shop', 'web'), to: w('search', 'query'), rate: 96, success: 0.991 },
  { from: w('shop', 'catalog'), to: w('shop', 'prices'), rate: 372, protocol: 'grpc' },
  { from: w('shop', 'catalog'), to: w('media', 'images'), rate: 205 },
  { from: w('shop', 'cart'), to: w('shop', 'checkout'), rate: 41 },
  { from: w('shop', 'checkout'), to: w('billing', 'payment'), rate: 40, success: 0.931 },
  { from: w('shop', 'checkout'), to: w('billing', 'ledger'), rate: 0, protocol: 'tcp' },
  { from: w('shop', 'checkout'), to: w('mail', 'sender'), rate: 38 },
  { from: w('billing', 'payment'), to: 'external:api.bank.example', rate: 40, success: 0.935, mtls: false },
  { from: w('billing', 'payment'), to: w('billing', 'ledger'), rate: 0, protocol: 'tcp' },
  { from: w('billing', 'payment'), to: w('risk', 'score'), rate: 39, protocol: 'grpc' },
  { from: w('search', 'query'), to: w('search', 'index'), rate: 190, protocol: 'grpc' },
  { from: w('search', 'indexer'), to: w('search', 'index'), rate: 12, protocol: 'grpc' },
  { from: w('search', 'indexer'), to: w('shop', 'catalog'), rate: 5 },
  { from: w('mail', 'sender'), to: 'external:smtp.example.net', rate: 0, protocol: 'tcp', mtls: false },
  { from: w('legacy', 'crm'), to: w('shop', 'cart'), rate: 3, mtls: 'mixed' },
];

export function shopGraph(nowMs: number): ServiceGraph {
  const edges = calls.map((call, index): GraphEdge => {
    const isTcp = call.protocol === 'tcp';
    const rate = wander(call.rate, index, nowMs);
    return {
      source: call.from,
      target: call.to,
      protocols: [call.protocol ?? 'http'],
      mtls: call.mtls ?? true,
      requestsPerSecond: rate,
      connectionsPerSecond: isTcp ? 0.4 : 0,
      bytesPerSecond: isTcp ? 42_000 : rate * 1800,
      ...(isTcp ? {} : { successRate: call.success ?? 1, p50Ms: 2.1 + index, p99Ms: 18 + index * 9 }),
    };
  });
  const ids = [...new Set(calls.flatMap(({ from, to }) => [from, to]))].sort();
  const nodes = ids.map((id): GraphNode => {
    const [prefix = '', rest = ''] = id.split(/:(.*)/s);
    const [namespace = '', ...name] = prefix === 'external' ? ['', rest] : rest.split('/');
    const into = edges.filter((edge) => edge.target === id);
    const requests = into.reduce((sum, edge) => sum + edge.requestsPerSecond, 0);
    const success = into.reduce((sum, edge) => sum + edge.requestsPerSecond * (edge.successRate ?? 1), 0);
    return {
      id,
      kind: prefix as GraphNode['kind'],
      namespace,
      name: name.join('/'),
      requestsPerSecond: requests,
      ...(requests > 0
        ? { successRate: success / requests, p99Ms: Math.max(...into.map((edge) => edge.p99Ms ?? 0)) }
        : {}),
    };
  });
  return { fromMs: nowMs - 60_000, toMs: nowMs, gaps: [], nodes, edges };
}
