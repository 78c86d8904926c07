/**
 * What the graph page draws, from what the API answers: nodes by workload or by namespace, edges between them, filtered
 * by the reader's choices. Pure; positions and pixels come later.
 */

import type { GraphEdge, GraphNode, ServiceGraph } from '../../../telemetry/model.ts';

export type Health = 'good' | 'degraded' | 'bad' | 'unknown';

export interface SceneNode {
  readonly id: string;
  readonly kind: GraphNode['kind'] | 'namespace';
  /** What it is drawn with: its namespace, or where it is without one. */
  readonly group: string;
  readonly namespace: string;
  readonly label: string;
  readonly health: Health;
  readonly requestsPerSecond: number;
  readonly successRate?: number;
  readonly p99Ms?: number;
}

export interface SceneEdge {
  readonly key: string;
  readonly source: string;
  readonly target: string;
  readonly health: Health;
  readonly mtls: GraphEdge['mtls'];
  readonly protocols: readonly string[];
  readonly requestsPerSecond: number;
  readonly connectionsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly successRate?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

export interface Scene {
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
}

export interface SceneChoices {
  readonly groupBy: 'workload' | 'namespace';
  /** Part of a name or namespace; nodes that match, and their neighbours. */
  readonly search: string;
  readonly show: 'all' | 'failing' | 'plaintext';
  /** Edges with less are left out, with the nodes that have nothing else. */
  readonly minRate: number;
}

/** Who calls from outside, and what is called there: two clouds, because they lie on opposite sides of the mesh. */
export const outsideClients = 'clients outside';
export const outsideHosts = 'hosts outside';

/** Where people begin to look: a tenth of a percent of failures, and where they are woken up: five percent. */
export function healthOf(successRate: number | undefined): Health {
  if (successRate === undefined) return 'unknown';
  if (successRate >= 0.999) return 'good';
  return successRate >= 0.95 ? 'degraded' : 'bad';
}

export function sceneOf(answer: ServiceGraph, choices: SceneChoices): Scene {
  const scene =
    choices.groupBy === 'namespace'
      ? byNamespace(answer)
      : { nodes: answer.nodes.map(nodeOf), edges: answer.edges.map(edgeOf) };
  return filterScene(scene, choices);
}

function groupOf(node: GraphNode): string {
  if (node.namespace !== '') return node.namespace;
  return node.kind === 'unknown' ? outsideClients : outsideHosts;
}

function nodeOf(node: GraphNode): SceneNode {
  const { id, kind, namespace, requestsPerSecond } = node;
  return {
    id,
    kind,
    namespace,
    group: groupOf(node),
    label: labelOf(node),
    health: healthOf(node.successRate),
    requestsPerSecond,
    ...(node.successRate === undefined ? {} : { successRate: node.successRate }),
    ...(node.p99Ms === undefined ? {} : { p99Ms: node.p99Ms }),
  };
}

function labelOf(node: GraphNode): string {
  if (node.kind === 'unknown' && node.namespace === '' && node.name === '') return 'unknown clients';
  // The name of what the reader may not see is not told, only its namespace.
  if (node.name === '') return 'not visible to you';
  return node.name.includes('/') ? node.name.slice(node.name.indexOf('/') + 1) : node.name;
}

export function edgeKey(source: string, target: string): string {
  return `${source} ${target}`;
}

function edgeOf(edge: GraphEdge): SceneEdge {
  return { ...edge, key: edgeKey(edge.source, edge.target), health: healthOf(edge.successRate) };
}

interface Sum {
  source: string;
  target: string;
  requests: number;
  succeeded: number;
  /** Requests per second of the edges whose success is known. */
  judged: number;
  connections: number;
  bytes: number;
  p50: number | undefined;
  p99: number | undefined;
  mtls: GraphEdge['mtls'] | undefined;
  protocols: Set<string>;
}

/** One node per namespace; traffic inside of one is an edge to itself, which is not drawn but counted in the node. */
function byNamespace(answer: ServiceGraph): Scene {
  const groups = new Map(answer.nodes.map((node) => [node.id, groupOf(node)]));
  const sums = new Map<string, Sum>();
  for (const edge of answer.edges) {
    const source = groups.get(edge.source) ?? outsideHosts;
    const target = groups.get(edge.target) ?? outsideHosts;
    const key = edgeKey(source, target);
    const sum = sums.get(key) ?? emptySum(source, target);
    sums.set(key, sum);
    addEdge(sum, edge);
  }
  const edges = [...sums.values()].map((sum) => sceneEdgeOf(sum));
  const nodes = [...new Set(groups.values())].sort().map((group): SceneNode => {
    const received = emptySum(group, group);
    for (const edge of answer.edges) if (groups.get(edge.target) === group) addEdge(received, edge);
    const successRate = received.judged === 0 ? undefined : received.succeeded / received.judged;
    return {
      id: namespaceId(group),
      kind: 'namespace',
      group,
      namespace: group === outsideHosts || group === outsideClients ? '' : group,
      label: group,
      health: healthOf(successRate),
      requestsPerSecond: received.requests,
      ...(successRate === undefined ? {} : { successRate }),
      ...(received.p99 === undefined ? {} : { p99Ms: received.p99 }),
    };
  });
  return { nodes, edges: edges.filter((edge) => edge.source !== edge.target) };
}

function namespaceId(group: string): string {
  return `namespace:${group}`;
}

function emptySum(source: string, target: string): Sum {
  return {
    source,
    target,
    requests: 0,
    succeeded: 0,
    judged: 0,
    connections: 0,
    bytes: 0,
    p50: undefined,
    p99: undefined,
    mtls: undefined,
    protocols: new Set(),
  };
}

function addEdge(sum: Sum, edge: GraphEdge): void {
  sum.requests += edge.requestsPerSecond;
  sum.connections += edge.connectionsPerSecond;
  sum.bytes += edge.bytesPerSecond;
  if (edge.successRate !== undefined) {
    sum.judged += edge.requestsPerSecond;
    sum.succeeded += edge.requestsPerSecond * edge.successRate;
  }
  // Percentiles of several edges cannot be added: the slowest is what one would look for.
  if (edge.p50Ms !== undefined) sum.p50 = Math.max(sum.p50 ?? 0, edge.p50Ms);
  if (edge.p99Ms !== undefined) sum.p99 = Math.max(sum.p99 ?? 0, edge.p99Ms);
  sum.mtls = sum.mtls === undefined || sum.mtls === edge.mtls ? edge.mtls : 'mixed';
  for (const protocol of edge.protocols) sum.protocols.add(protocol);
}

function sceneEdgeOf(sum: Sum): SceneEdge {
  const successRate = sum.judged === 0 ? undefined : sum.succeeded / sum.judged;
  const source = namespaceId(sum.source);
  const target = namespaceId(sum.target);
  return {
    key: edgeKey(source, target),
    source,
    target,
    health: healthOf(successRate),
    mtls: sum.mtls ?? false,
    protocols: [...sum.protocols].sort(),
    requestsPerSecond: sum.requests,
    connectionsPerSecond: sum.connections,
    bytesPerSecond: sum.bytes,
    ...(successRate === undefined ? {} : { successRate }),
    ...(sum.p50 === undefined ? {} : { p50Ms: sum.p50 }),
    ...(sum.p99 === undefined ? {} : { p99Ms: sum.p99 }),
  };
}

function filterScene(scene: Scene, choices: SceneChoices): Scene {
  const search = choices.search.trim().toLowerCase();
  const wanted = new Set(
    scene.nodes
      .filter((node) => `${node.namespace}/${node.label} ${node.id}`.toLowerCase().includes(search))
      .map((node) => node.id),
  );
  const edges = scene.edges.filter(
    (edge) =>
      edge.requestsPerSecond >= choices.minRate &&
      (choices.show !== 'failing' || edge.health === 'bad' || edge.health === 'degraded') &&
      (choices.show !== 'plaintext' || edge.mtls !== true) &&
      (wanted.has(edge.source) || wanted.has(edge.target)),
  );
  const narrowed = choices.show !== 'all' || choices.minRate > 0;
  const kept = new Set(edges.flatMap((edge) => [edge.source, edge.target]));
  if (!narrowed) for (const id of wanted) kept.add(id);
  return { nodes: scene.nodes.filter((node) => kept.has(node.id)), edges };
}

/** The node and what it talks to, in either direction. */
export function neighbourhood(scene: Scene, id: string): ReadonlySet<string> {
  const found = new Set([id]);
  for (const edge of scene.edges) {
    if (edge.source === id) found.add(edge.target);
    if (edge.target === id) found.add(edge.source);
  }
  return found;
}
