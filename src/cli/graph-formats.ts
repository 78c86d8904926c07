/** The service graph as text that other programs draw: DOT (Graphviz) and Mermaid. */

import type { GraphEdge, GraphNode, ServiceGraph } from '../telemetry/model.ts';
import { formatLatency, formatRate } from './traffic.ts';

/** https://graphviz.org/doc/info/lang.html */
export function toDot(graph: ServiceGraph): string {
  const nodes = graph.nodes.map(
    (node) =>
      `  ${quoted(node.id)} [label=${quoted(`${titleOf(node)}\n${node.namespace}`)}, shape=${shapes[node.kind]}];`,
  );
  const edges = graph.edges.map((edge) => {
    const color = isFailing(edge) ? ', color=red' : '';
    const style = edge.mtls === true ? 'solid' : 'dashed';
    return `  ${quoted(edge.source)} -> ${quoted(edge.target)} [label=${quoted(labelOf(edge))}, style=${style}${color}];`;
  });
  return ['digraph weft {', '  rankdir=LR;', ...nodes, ...edges, '}'].join('\n');
}

/** https://mermaid.js.org/syntax/flowchart.html; names of nodes must be plain there, so they are numbered. */
export function toMermaid(graph: ServiceGraph): string {
  const numbers = new Map(graph.nodes.map((node, index) => [node.id, `n${index}`]));
  const nodes = graph.nodes.map(
    (node) =>
      `  ${numbers.get(node.id) ?? ''}["${escaped(`${titleOf(node)} (${node.namespace || node.kind})`)}"]`,
  );
  const edges = graph.edges.flatMap((edge) => {
    const [source, target] = [numbers.get(edge.source), numbers.get(edge.target)];
    if (source === undefined || target === undefined) return [];
    const arrow = edge.mtls === true ? '-->' : '-.->';
    return [`  ${source} ${arrow}|"${escaped(labelOf(edge))}"| ${target}`];
  });
  return ['flowchart LR', ...nodes, ...edges].join('\n');
}

const shapes: Readonly<Record<GraphNode['kind'], string>> = {
  workload: 'box',
  service: 'ellipse',
  gateway: 'house',
  external: 'cds',
  unknown: 'plaintext',
};

function titleOf({ name, kind }: GraphNode): string {
  return name === '' ? kind : name;
}

function labelOf({ protocols, requestsPerSecond, successRate, p99Ms }: GraphEdge): string {
  if (successRate === undefined) return protocols.join(',');
  const percent = successRate === 1 ? '100' : (Math.floor(successRate * 1000) / 10).toFixed(1);
  return `${formatRate(requestsPerSecond)}/s ${percent}% p99 ${formatLatency(p99Ms)}`;
}

function isFailing({ successRate }: GraphEdge): boolean {
  return successRate !== undefined && successRate < 0.95;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function escaped(text: string): string {
  return text.replaceAll('"', '#quot;');
}
