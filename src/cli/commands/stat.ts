/** `weft stat` and `weft top`: the golden metrics of workloads, Services, routes, gateways, versions and namespaces. */

import type { Command } from 'commander';
import type { TrafficAnswer } from '../../telemetry/model.ts';
import { type CommandContext, contextOf, oneOf, type Session } from '../context.ts';
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
import { type StatQuestion, statQuestion } from '../stat-question.ts';
import { groupColumns, numberColumns, onePerTraffic, type SortKey, sorted, sortKeys } from '../traffic.ts';

interface StatOptions extends ScopeOptions, WatchOptions {
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
  readonly sort: string;
  readonly window: string;
}

interface TopOptions extends StatOptions {
  readonly interval: string;
}

const whatHelp =
  'workload, deploy, sts, ds, job, svc, route, gateway, version or ns; one of them as deploy/NAME, svc/NAME, …';

export function registerStat(program: Command, session: Session): void {
  addWatchOption(questionOptions(program.command('stat'), '60s', 'name'))
    .description('show requests, success and latency of workloads, Services, routes, gateways, versions')
    .action(async (what: string | undefined, options: StatOptions, command: Command) => {
      const context = contextOf(command, session);
      const question = questionOf(what ?? 'workload', options);
      const by = oneOf('--sort', options.sort, sortKeys);
      await show(context, watchInterval(options), () => look(context, question, by));
    });
}

export function registerTop(program: Command, session: Session): void {
  questionOptions(program.command('top'), '30s', 'rps')
    .description('show live who receives most, redrawn in place')
    .option('--interval <duration>', 'between two looks', '5s')
    .action(async (what: string | undefined, options: TopOptions, command: Command) => {
      const context = contextOf(command, session);
      const question = questionOf(what ?? 'workload', options);
      const by = oneOf('--sort', options.sort, sortKeys);
      const everyMs = atLeastASecond('--interval', options.interval);
      await show(context, everyMs, () => look(context, question, by));
    });
}

function questionOptions(command: Command, window: string, sort: SortKey): Command {
  return addScopeOptions(command)
    .argument('[what]', whatHelp)
    .option('--from <end>', 'only what this workload or namespace sends: deploy/NAME, ns/NAME')
    .option('--to <end>', 'only what is sent to this: svc/NAME, deploy/NAME, ns/NAME')
    .option('--window <duration>', 'how long back to look', window)
    .option('--by <dimensions>', 'rows also by source, destinationVersion, service, route, protocol, mtls, …')
    .option('--sort <column>', sortKeys.join(', '), sort);
}

function questionOf(what: string, options: StatOptions): StatQuestion {
  const everywhere = what === 'ns' || what.startsWith('namespace');
  return statQuestion({
    what,
    namespace: everywhere && options.namespace === undefined ? undefined : namespaceOf(options),
    from: options.from,
    to: options.to,
    by: options.by,
    windowMs: atLeastASecond('--window', options.window),
  });
}

async function look(context: CommandContext, question: StatQuestion, by: SortKey): Promise<Picture> {
  const { namespace, query } = question;
  const answer = await observe<TrafficAnswer>(context, { resource: 'stat', namespace, query });
  tellGaps(context, answer.gaps);
  const rows = sorted(onePerTraffic(answer.rows.filter(question.keep), question.preferred), by);
  const { fromMs, toMs, gaps } = answer;
  return {
    data: { fromMs, toMs, gaps, rows },
    table: () =>
      rows.length === 0
        ? `No traffic ${namespace === undefined ? '' : `in namespace ${namespace} `}within ${query['window']}.`
        : formatTable(
            [...groupColumns(question.dimensions, question.titles), ...numberColumns(rows, context.paint)],
            rows,
          ),
  };
}
