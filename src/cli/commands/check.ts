/** `weft check`: whether Weft can be installed, or whether what is installed is well. */

import type { Command } from 'commander';
import { type Level, performChecks, type Result } from '../checks/check.ts';
import { gatherFacts } from '../checks/facts.ts';
import { checks } from '../checks/list.ts';
import { type CommandContext, contextOf, type Session } from '../context.ts';
import { parseDuration } from '../duration.ts';

export interface CheckReport {
  readonly installed: boolean;
  readonly results: readonly Result[];
}

const pauseMs = 2_000;

/** @param mustBeInstalled as somebody who waits expects; else a Weft that is absent is no failure */
export async function check(context: CommandContext, mustBeInstalled: boolean): Promise<CheckReport> {
  const facts = gatherFacts(context);
  // An API that does not answer is what the first check tells.
  const isAbsent = await facts.deployment().then(
    (deployment) => deployment === undefined,
    () => false,
  );
  const installed = mustBeInstalled || !isAbsent;
  return { installed, results: await performChecks(checks, facts, installed) };
}

export function registerCheck(program: Command, session: Session): void {
  program
    .command('check')
    .description('find out whether Weft can be installed, or whether what is installed is well')
    .option('--wait [duration]', 'until Weft is installed and well, for at most this long (default: 5m)')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing failed (there may be warnings), 1 something failed, 2 the cluster cannot be asked, or you may not look at everything.',
    )
    .action(async (options: { readonly wait?: string | true }, command: Command) => {
      const waitMs =
        options.wait === undefined ? 0 : parseDuration('--wait', options.wait === true ? '5m' : options.wait);
      const context = contextOf(command, session);
      const report = await checkUntil(context, options.wait !== undefined, waitMs);
      context.print(report, () => describe(report, context.edges.isTerminal));
      session.exitCode = exitCodeOf(report.results);
    });
}

async function checkUntil(context: CommandContext, waits: boolean, waitMs: number): Promise<CheckReport> {
  const { clock, sleep, err } = context.edges;
  const endMs = clock.now() + waitMs;
  let told = '';
  for (;;) {
    const report = await check(context, waits);
    const failure = report.results.find((result) => result.level === 'failed');
    if (failure === undefined || clock.now() + pauseMs > endMs) return report;
    const waitingFor = `waiting for ${failure.check}: ${failure.message}\n`;
    if (waitingFor !== told) err(waitingFor);
    told = waitingFor;
    await sleep(pauseMs);
  }
}

function exitCodeOf(results: readonly Result[]): Session['exitCode'] {
  const [first] = results;
  if (first?.level === 'failed') return 2;
  const has = (level: Level): boolean => results.some((result) => result.level === level);
  if (has('failed')) return 1;
  return has('skipped') ? 2 : 0;
}

const signs: Readonly<Record<Level, string>> = { ok: '✓', warning: '!', failed: '✗', skipped: '-' };
const words: Readonly<Record<Level, string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  skipped: 'skipped',
};
const mostDetails = 10;

/** A line per check, with its details and what to do below where it did not pass. */
export function describe({ installed, results }: CheckReport, isTerminal: boolean): string {
  const marks = isTerminal ? signs : words;
  const markWidth = Math.max(...results.map(({ level }) => marks[level].length));
  const nameWidth = Math.max(...results.map((result) => result.check.length));
  const indent = ' '.repeat(markWidth + nameWidth + 4);
  const lines = results.flatMap(({ check: name, level, message, details = [], code, remedy }) => [
    `${marks[level].padEnd(markWidth)}  ${name.padEnd(nameWidth)}  ${message}`,
    ...details.slice(0, mostDetails).map((detail) => `${indent}  ${detail}`),
    ...(details.length > mostDetails ? [`${indent}  and ${details.length - mostDetails} more`] : []),
    ...(code === undefined ? [] : [`${indent}${isTerminal ? '→' : '->'} ${remedy} (${code})`]),
  ]);
  return `${lines.join('\n')}\n\n${summary(installed, results)}`;
}

function summary(installed: boolean, results: readonly Result[]): string {
  const count = (level: Level): number => results.filter((result) => result.level === level).length;
  const [failures, warnings] = [count('failed'), count('warning')];
  if (results[0]?.level === 'failed') return 'The cluster cannot be asked.';
  if (failures > 0) return `${failures} of ${results.length} checks failed.`;
  if (count('skipped') > 0) {
    return `${count('skipped')} of ${results.length} checks could not be made; none of the others failed.`;
  }
  const remark = warnings === 0 ? '' : `, with ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  return installed ? `Weft is well${remark}.` : `Weft is not installed; it can be${remark}.`;
}
