/** `weft logs POD`: the log of a pod's proxy, with another level for as long as it is looked at. */

import type { Command } from 'commander';
import { describeError, WeftError } from '../../base/errors.ts';
import { sidecarContainer } from '../../base/names.ts';
import { isKubeError } from '../../kube/errors.ts';
import { pathOf, pods } from '../../kube/resources.ts';
import { type CommandContext, contextOf, namespaceName, oneOf, type Session } from '../context.ts';
import { readLines } from '../lines.ts';
import { observe } from '../observe.ts';
import { podKey } from './proxy.ts';

const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

interface LogsOptions {
  readonly namespace: string;
  readonly level?: string;
  readonly follow?: true;
  readonly tail?: string;
}

/** Level by logger. */
interface Loggers {
  readonly loggers: Readonly<Record<string, string>>;
}

export function registerLogs(program: Command, session: Session): void {
  program
    .command('logs <pod>')
    .description('show the log of the proxy of NAMESPACE/POD, with another level while you look')
    .option('-n, --namespace <name>', 'namespace of the pod', 'default')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option(
      '--level <level>',
      `${levels.join(', ')}; what it was before is restored at the end; implies --follow`,
    )
    .option('--tail <lines>', 'how many lines that are there already', '100')
    .action(async (pod: string, options: LogsOptions, command: Command) => {
      const context = contextOf(command, session);
      const key = podKey(pod, namespaceName('--namespace', options.namespace));
      const level = options.level === undefined ? undefined : oneOf('--level', options.level, levels);
      const { tail, follow } = options;
      if (tail !== undefined && !/^\d{1,9}$/.test(tail)) {
        throw new WeftError('WEFT-CLI-03', `"${tail}" is no number of lines.`, { field: '--tail' });
      }
      // Before anything is changed that would have to be restored.
      const end = follow === true || level !== undefined ? context.edges.interrupted() : undefined;
      if (level === undefined) return show(context, key, tail, end);
      const before = await changeLevel(context, key, level);
      try {
        await show(context, key, tail, end);
      } finally {
        await restore(context, key, before);
      }
    });
}

async function show(
  context: CommandContext,
  key: string,
  tail: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  const { edges } = context;
  try {
    const stream = await context.api.stream(`${pathOf(pods, { namespace, name })}/log`, {
      query: { container: sidecarContainer, follow: signal !== undefined, tailLines: tail },
      accept: '*/*',
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const line of readLines(stream)) edges.out(`${line}\n`);
  } catch (error) {
    if (signal?.aborted !== true) throw inWords(error, key);
  }
}

function inWords(error: unknown, key: string): unknown {
  if (isKubeError(error, 404))
    return new WeftError('WEFT-CLI-02', `There is no pod ${key}.`, { cause: error });
  if (isKubeError(error, 400) && error.words.includes('is not valid for pod'))
    return new WeftError('WEFT-CLI-02', `Pod ${key} has no proxy.`, { cause: error });
  return error;
}

/** @returns the levels there were before */
async function changeLevel(context: CommandContext, key: string, level: string): Promise<Loggers> {
  const before = await logging(context, key, {});
  await logging(context, key, { level });
  return before;
}

/** One level for all where they had one; then those that had another. */
async function restore(context: CommandContext, key: string, { loggers }: Loggers): Promise<void> {
  const counts = new Map<string, number>();
  for (const level of Object.values(loggers)) counts.set(level, (counts.get(level) ?? 0) + 1);
  const [usual] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  if (usual === undefined) return;
  try {
    await logging(context, key, { level: usual });
    for (const [logger, level] of Object.entries(loggers)) {
      if (level !== usual) await logging(context, key, { logger, level });
    }
  } catch (error) {
    context.edges.err(
      `${context.paint.warning('warning:')} the level of ${key} is not restored (it was ${usual}): ${describeError(error)}\n`,
    );
  }
}

function logging(
  context: CommandContext,
  key: string,
  query: Readonly<Record<string, string>>,
): Promise<Loggers> {
  const [namespace, name = ''] = key.split('/');
  return observe<Loggers>(context, {
    resource: 'proxies',
    namespace,
    rest: `${name}/logging`,
    method: 'POST',
    query,
  });
}
