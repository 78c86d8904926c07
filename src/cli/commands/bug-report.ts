/** `weft bug-report`: everything that helps to understand what is wrong, in one archive, without what is secret. */

import type { Command } from 'commander';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { stringify } from 'yaml';
import { describeError, WeftError } from '../../base/errors.ts';
import { isKubeError } from '../../kube/errors.ts';
import { type CommandContext, contextOf, type Session } from '../context.ts';
import { redactObject, redactText } from '../report/redact.ts';
import { type Section, sectionsOf } from '../report/sections.ts';
import { type ArchiveFile, tar } from '../report/tar.ts';
import { podKey } from './proxy.ts';

interface ReportOptions {
  readonly proxy: readonly string[];
  readonly file?: string;
  readonly tail: string;
}

export function registerBugReport(program: Command, session: Session): void {
  program
    .command('bug-report')
    .description('gather versions, checks, configuration and logs in one archive, without what is secret')
    .option(
      '--proxy <pod>',
      'also the proxy of NAMESPACE/POD; may be given several times',
      (pod, others: string[]) => [...others, pod],
      [],
    )
    .option('--file <file>', 'where to; it must not exist (default: weft-report-TIME.tar.gz)')
    .option('--tail <lines>', 'lines of each log', '5000')
    .action(async (options: ReportOptions, command: Command) => {
      const context = contextOf(command, session);
      const proxies = options.proxy.map((pod) => podKey(pod, 'default'));
      await report(context, proxies, options);
    });
}

async function report(
  context: CommandContext,
  proxies: readonly string[],
  options: ReportOptions,
): Promise<void> {
  const { edges } = context;
  const tail = Number(options.tail);
  if (!Number.isInteger(tail) || tail < 1) {
    throw new WeftError('WEFT-CLI-03', `${JSON.stringify(options.tail)} is not a number of lines.`, {
      field: '--tail',
    });
  }
  const atMs = edges.clock.now();
  const name = `weft-report-${new Date(atMs).toISOString().slice(0, 19).replaceAll(':', '')}`;
  const path = options.file ?? `${name}.tar.gz`;
  const missing: string[] = [];
  const files: ArchiveFile[] = [];
  for (const section of await sectionsOf(context, { proxies, tail })) {
    const content = await read(section, missing);
    if (content !== undefined) files.push({ path: `${name}/${section.path}`, content: Buffer.from(content) });
  }
  const index = describe(
    files.map((file) => file.path.slice(name.length + 1)),
    missing,
  );
  files.unshift({ path: `${name}/README.txt`, content: Buffer.from(index) });
  await edges.writeFile(path, await promisify(gzip)(tar(files, atMs)));
  for (const line of missing) edges.err(`${context.paint.warning('missing:')} ${line}\n`);
  context.print(
    { file: path, files: files.length, missing },
    () =>
      `${path}: ${files.length} files. Secrets, tokens, keys and values of environment variables are left out; look through it before you pass it on.`,
  );
}

/** Undefined where there is nothing to tell: what does not exist, or did not run before. */
async function read({ path, read: ask }: Section, missing: string[]): Promise<string | undefined> {
  try {
    const content = await ask();
    if (typeof content === 'string') return content === '' ? undefined : `${redactText(content)}\n`;
    if (content === undefined || (Array.isArray(content) && content.length === 0)) return undefined;
    return stringify(redactObject(JSON.parse(JSON.stringify(content))), { aliasDuplicateObjects: false });
  } catch (error) {
    const isAbsent = isKubeError(error, 404) || (isKubeError(error, 400) && path.includes('before-restart'));
    if (!isAbsent) missing.push(redactText(`${path}: ${describeError(error)}`));
    return undefined;
  }
}

function describe(paths: readonly string[], missing: readonly string[]): string {
  return [
    'A report of Weft. Left out: Secrets, ConfigMaps, tokens, keys, passwords, values of environment variables.',
    '',
    ...paths,
    ...(missing.length === 0 ? [] : ['', 'Could not be had:', ...missing]),
    '',
  ].join('\n');
}
