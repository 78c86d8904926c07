/** `weft uninject -f FILE`: takes everything of Weft out of the pods of a manifest again. */

import type { Command } from 'commander';
import { WeftError } from '../../base/errors.ts';
import { diff } from '../../webhook/inject/patch.ts';
import { restorePod } from '../../webhook/inject/restore.ts';
import type { Session } from '../context.ts';
import { editManifest } from '../manifest.ts';
import { type Edited, printEdited, readManifest, type Report } from './inject.ts';

/** The manifest as it was before it was injected. Throws WeftError WEFT-CLI-03. */
export function uninjectYaml(text: string): Edited {
  const reports: Report[] = [];
  const result = editManifest(text, ({ kind, name, pod }) => {
    const object = `${kind}/${name}`;
    try {
      const operations = diff(pod, restorePod(pod).pod);
      reports.push({ object, outcome: operations.length === 0 ? 'unchanged' : 'restored' });
      return operations;
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      reports.push({ object, outcome: 'refused', reason: error.describe() });
      return [];
    }
  });
  return { text: result, reports };
}

export function registerUninject(program: Command, session: Session): void {
  program
    .command('uninject')
    .description('take the proxy out of the pods and pod templates of a manifest')
    .requiredOption('-f, --filename <file>', 'manifest in YAML or JSON; - for standard input')
    .action(async (options: { readonly filename: string }) => {
      printEdited(uninjectYaml(await readManifest(options.filename, session.edges)), session);
    });
}
