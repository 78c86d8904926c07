/** `weft tap`: the requests of proxies, live, until somebody interrupts. */

import type { Command } from 'commander';
import { stringify } from 'yaml';
import { describeError, WeftError } from '../../base/errors.ts';
import { parseNamedEnd } from '../../base/traffic-ends.ts';
import type { TapLine } from '../../telemetry/model.ts';
import { type CommandContext, contextOf, type Session } from '../context.ts';
import { namespaceOf, type ScopeOptions } from '../scope.ts';
import { readLines } from '../lines.ts';
import { observeStream, type Question } from '../observe.ts';
import { describeEvent } from '../tap-format.ts';
import { endOfTraffic } from '../targets.ts';

interface TapOptions extends Pick<ScopeOptions, 'namespace'> {
  readonly to?: string;
  readonly from?: string;
  readonly side?: string;
  readonly path?: string;
  readonly method?: string;
  readonly status?: string;
  readonly maxRps?: string;
  readonly header?: string;
  readonly headers?: true;
  readonly secrets?: true;
  readonly bodies?: true;
}

export function registerTap(program: Command, session: Session): void {
  program
    .command('tap')
    .argument(
      '<target>',
      'deploy/NAME and other workloads, pod/NAME, gateway/NAME, or ns/NAME for all of a namespace',
    )
    .description('show requests live, with timings, identities, route and the reasons of failures')
    .option('-n, --namespace <name>', 'namespace of the target (default: default)')
    .option('--to <end>', 'only what the target sends to this: svc/NAME, deploy/NAME, ns/NAME')
    .option('--from <end>', 'only what the target receives from this: deploy/NAME, ns/NAME')
    .option('--side <side>', 'only what it sends (client) or receives (server)')
    .option('--path <path>', 'only paths that begin so, or match it where it has a *')
    .option('--method <method>', 'only requests with this method')
    .option(
      '--status <status>',
      'only answers with this status, such as 503, 5xx, or error for all that failed',
    )
    .option('--max-rps <count>', 'at most so many requests a second; what is left out is counted', '100')
    .option('--header <header>', 'only requests with this header: NAME or NAME=VALUE')
    .option('--headers', 'show headers, without what authenticates somebody')
    .option('--secrets', 'show all headers; takes a right of its own')
    .option('--bodies', 'show the first 4 KiB of bodies; takes a right of its own')
    .action(async (target: string, options: TapOptions, command: Command) => {
      const context = contextOf(command, session);
      await tap(context, target, options);
    });
}

async function tap(context: CommandContext, target: string, options: TapOptions): Promise<void> {
  const own = namespaceOf(options) ?? 'default';
  endOfTraffic('target', target, own);
  const named = parseNamedEnd(target, own);
  const isNamespace = named !== undefined && 'workload' in named && !named.workload.includes('/');
  const namespace = isNamespace ? named.workload : own;
  const { to, from, side, path, method, status, header, headers, secrets, bodies } = options;
  const signal = context.edges.interrupted();
  const question: Question = {
    resource: 'taps',
    namespace,
    query: {
      target: isNamespace ? undefined : target,
      to,
      from,
      side,
      path,
      method,
      status,
      'max-rps': options.maxRps,
      header,
      headers,
      secrets,
      bodies,
    },
    signal,
  };
  try {
    const stream = await observeStream(context, question);
    for await (const line of readLines(stream)) show(context, JSON.parse(line) as TapLine | FinalStatus);
    if (!signal.aborted) context.edges.err('The tap has ended.\n');
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof WeftError) throw error;
    throw new WeftError('WEFT-CLI-07', `The connection broke: ${describeError(error)}.`, { cause: error });
  }
}

/** The last line of a stream that ended because something went wrong (metav1.Status). */
interface FinalStatus {
  readonly kind: 'Status';
  readonly message?: string;
}

function show({ edges, output, paint }: CommandContext, line: TapLine | FinalStatus): void {
  if ('kind' in line) throw new WeftError('WEFT-CLI-07', line.message ?? 'It did not say why.');
  if ('notice' in line) return edges.err(`${paint.faint(line.notice)}\n`);
  if (output === 'json') return edges.out(`${JSON.stringify(line)}\n`);
  if (output === 'yaml') return edges.out(`---\n${stringify(line)}`);
  edges.out(`${describeEvent(line, paint)}\n`);
}
