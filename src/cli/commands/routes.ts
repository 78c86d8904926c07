/** `weft routes`: what each rule of each route really sends where, beside what it is told to. */

import type { Command } from 'commander';
import type { TrafficAnswer, TrafficRow } from '../../telemetry/model.ts';
import { type CommandContext, contextOf, type Session } from '../context.ts';
import { type Picture, show } from '../live.ts';
import { observe, tellGaps } from '../observe.ts';
import { formatTable } from '../output.ts';
import {
  addScopeOptions,
  addWatchOption,
  atLeastASecond,
  namespaceOf,
  type ScopeOptions,
  watchInterval,
  type WatchOptions,
} from '../scope.ts';
import { groupColumns, numberColumns, onePerTraffic, sorted } from '../traffic.ts';

interface RoutesOptions extends ScopeOptions, WatchOptions {
  readonly window: string;
}

/** A row with its share of all that its rule sent, 0 to 1. */
export interface RouteRow extends TrafficRow {
  readonly share: number;
}

const dimensions = ['route', 'service', 'destination', 'destinationVersion'] as const;

export function registerRoutes(program: Command, session: Session): void {
  addWatchOption(addScopeOptions(program.command('routes')))
    .argument('[route]', 'only this route')
    .description('show what each rule of each route sends where: real share, rate, success, latency')
    .option('--window <duration>', 'how long back to look', '60s')
    .action(async (route: string | undefined, options: RoutesOptions, command: Command) => {
      const context = contextOf(command, session);
      const namespace = namespaceOf(options);
      const window = `${atLeastASecond('--window', options.window) / 1000}s`;
      await show(context, watchInterval(options), () => look(context, namespace, route, window));
    });
}

async function look(
  context: CommandContext,
  namespace: string | undefined,
  route: string | undefined,
  window: string,
): Promise<Picture> {
  const query = { groupBy: ['side', ...dimensions].join(','), window };
  const answer = await observe<TrafficAnswer>(context, { resource: 'stat', namespace, query });
  tellGaps(context, answer.gaps);
  const isWanted = ({ group }: TrafficRow): boolean => {
    const [own, name] = (group.route ?? '').split('/');
    if (name === undefined) return false;
    return (namespace === undefined || own === namespace) && (route === undefined || name === route);
  };
  const rows = withShares(sorted(onePerTraffic(answer.rows.filter(isWanted), 'client'), 'name'));
  return {
    data: { ...answer, rows },
    table: () =>
      rows.length === 0
        ? `No route has sent anything within ${window}.`
        : formatTable(
            [
              ...groupColumns(dimensions, { destinationVersion: 'VERSION' }),
              {
                title: 'SHARE',
                value: (row: RouteRow) => `${(row.share * 100).toFixed(1)}%`,
                align: 'right',
              },
              ...numberColumns(rows, context.paint),
            ],
            rows,
          ),
  };
}

/** Of what the same rule sent on from the same Service. */
export function withShares(rows: readonly TrafficRow[]): readonly RouteRow[] {
  const volume = (row: TrafficRow): number => row.requests || row.counts.connectionsOpened;
  const ruleOf = ({ group }: TrafficRow): string => JSON.stringify([group.route, group.service]);
  const totals = new Map<string, number>();
  for (const row of rows) totals.set(ruleOf(row), (totals.get(ruleOf(row)) ?? 0) + volume(row));
  return rows.map((row) => ({ ...row, share: volume(row) / (totals.get(ruleOf(row)) || 1) }));
}
