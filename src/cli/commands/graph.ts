/** `weft graph`: the service graph, as a table, as data, or as text that other programs draw. */

import type { Command } from 'commander';
import type { GraphNode, ServiceGraph } from '../../telemetry/model.ts';
import { contextOf, oneOf, type Session } from '../context.ts';
import { toDot, toMermaid } from '../graph-formats.ts';
import { observe, tellGaps } from '../observe.ts';
import { formatTable } from '../output.ts';
import { addScopeOptions, atLeastASecond, namespaceOf, type ScopeOptions } from '../scope.ts';
import { formatLatency, formatRate, formatSuccess } from '../traffic.ts';
import { nameOfNode } from './edges.ts';

const drawings = { dot: toDot, mermaid: toMermaid } as const;

interface GraphOptions extends ScopeOptions {
  readonly window: string;
  readonly level: string;
}

export function registerGraph(program: Command, session: Session): void {
  addScopeOptions(program.command('graph'))
    .description('show the service graph; -o dot and -o mermaid make drawings of it')
    .option('--window <duration>', 'how long back to look', '60s')
    .option('--level <level>', 'workload or service', 'workload')
    .action(async (options: GraphOptions, command: Command) => {
      const context = contextOf(command, session, Object.keys(drawings));
      const level = oneOf('--level', options.level, ['workload', 'service']);
      const window = `${atLeastASecond('--window', options.window) / 1000}s`;
      const namespace = namespaceOf(options);
      const graph = await observe<ServiceGraph>(context, {
        resource: 'graph',
        namespace,
        query: { window, level },
      });
      tellGaps(context, graph.gaps);
      const { output } = command.optsWithGlobals<{ readonly output: string }>();
      const draw = Object.hasOwn(drawings, output) ? drawings[output as keyof typeof drawings] : undefined;
      context.print(graph, () => {
        if (draw !== undefined) return draw(graph);
        if (graph.nodes.length === 0) return `No traffic within ${window}.`;
        return formatTable(
          [
            { title: 'NODE', value: (node) => nameOfNode(node.id) },
            { title: 'KIND', value: (node) => node.kind },
            { title: 'CALLED BY', value: (node) => callers(graph, node), align: 'right' },
            { title: 'CALLS', value: (node) => called(graph, node), align: 'right' },
            { title: 'RPS', value: (node) => formatRate(node.requestsPerSecond), align: 'right' },
            {
              title: 'SUCCESS',
              value: (node) => formatSuccess(node.successRate, context.paint),
              align: 'right',
            },
            { title: 'P99', value: (node) => formatLatency(node.p99Ms), align: 'right' },
          ],
          graph.nodes,
        );
      });
    });
}

function callers({ edges }: ServiceGraph, { id }: GraphNode): number {
  return edges.filter(({ target }) => target === id).length;
}

function called({ edges }: ServiceGraph, { id }: GraphNode): number {
  return edges.filter(({ source }) => source === id).length;
}
