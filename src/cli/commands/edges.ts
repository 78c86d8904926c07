/** `weft edges`: who talks to whom. */

import type { Command } from 'commander';
import type { GraphEdge, ServiceGraph } from '../../telemetry/model.ts';
import { contextOf, type Session } from '../context.ts';
import { show } from '../live.ts';
import { observe, tellGaps } from '../observe.ts';
import { type Column, formatTable } from '../output.ts';
import type { Paint } from '../colors.ts';
import {
  addScopeOptions,
  addWatchOption,
  atLeastASecond,
  namespaceOf,
  type ScopeOptions,
  watchInterval,
  type WatchOptions,
} from '../scope.ts';
import { formatLatency, formatSuccess, requestsColumn, tcpColumns } from '../traffic.ts';

interface EdgesOptions extends ScopeOptions, WatchOptions {
  readonly window: string;
}

export function registerEdges(program: Command, session: Session): void {
  addWatchOption(addScopeOptions(program.command('edges')))
    .description('show who talks to whom, how much, how well, and whether by mutual TLS')
    .option('--window <duration>', 'how long back to look', '60s')
    .action(async (options: EdgesOptions, command: Command) => {
      const context = contextOf(command, session);
      const namespace = namespaceOf(options);
      const query = { window: `${atLeastASecond('--window', options.window) / 1000}s`, level: 'workload' };
      await show(context, watchInterval(options), async () => {
        const graph = await observe<ServiceGraph>(context, { resource: 'graph', namespace, query });
        tellGaps(context, graph.gaps);
        const { edges } = graph;
        return {
          data: graph,
          table: () =>
            edges.length === 0
              ? `No traffic ${namespace === undefined ? '' : `in namespace ${namespace} `}within ${query.window}.`
              : formatTable(edgeColumns(context.paint), edges),
        };
      });
    });
}

function edgeColumns(paint: Paint): readonly Column<GraphEdge>[] {
  const right = { align: 'right' } as const;
  return [
    { title: 'FROM', value: (edge) => nameOfNode(edge.source) },
    { title: 'TO', value: (edge) => nameOfNode(edge.target) },
    { title: 'PROTOCOL', value: (edge) => edge.protocols.join(',') },
    { title: 'MTLS', value: (edge) => describeMtls(edge.mtls, paint) },
    requestsColumn(isTcp),
    { title: 'SUCCESS', value: (edge) => formatSuccess(edge.successRate, paint), ...right },
    { title: 'P50', value: (edge) => formatLatency(edge.p50Ms), ...right },
    { title: 'P99', value: (edge) => formatLatency(edge.p99Ms), ...right },
    ...tcpColumns(isTcp),
  ];
}

/** Bytes are counted of opaque TCP alone. */
function isTcp({ protocols }: GraphEdge): boolean {
  return protocols.includes('tcp');
}

/** `shop/Deployment/web` of `workload:shop/Deployment/web`; others keep what they are. */
export function nameOfNode(id: string): string {
  return id.replace(/^(workload|service):/, '');
}

function describeMtls(mtls: GraphEdge['mtls'], paint: Paint): string {
  if (mtls === 'mixed') return paint.warning('mixed');
  return mtls ? paint.good('yes') : paint.bad('no');
}
