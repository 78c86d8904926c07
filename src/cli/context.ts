/** What every command shares: the options before the command's name, and the API they lead to. */

import type { Command } from 'commander';
import { silent } from '../base/log.ts';
import { createKubeApi } from '../kube/api.ts';
import type { KubeClient } from '../kube/types.ts';
import { WeftError } from '../base/errors.ts';
import { type Format, formats } from './output.ts';

export interface CommandContext {
  readonly api: KubeClient;
  readonly kubeconfigPath: string;
  readonly context: string;
  /** Namespace of the control plane. */
  readonly weftNamespace: string;
  readonly output: Format;
}

interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly weftNamespace: string;
  readonly output: string;
}

export function addGlobalOptions(program: Command): void {
  program
    .option('--kubeconfig <file>', 'kubeconfig; default as kubectl finds it')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--weft-namespace <name>', 'namespace of the control plane', 'weft-system')
    .option('-o, --output <format>', formats.join(', '), 'table');
}

/** Throws WeftError WEFT-CLI-03 where the options make no sense. */
export function contextOf(command: Command): CommandContext {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = formats.find((format) => format === options.output);
  if (output === undefined) {
    throw new WeftError(
      'WEFT-CLI-03',
      `${JSON.stringify(options.output)} is none of ${formats.join(', ')}.`,
      { field: '--output' },
    );
  }
  const kubeconfigPath = options.kubeconfig ?? '';
  const context = options.context ?? '';
  const api = createKubeApi({ kubeconfigPath, context, log: silent });
  return { api, kubeconfigPath, context, weftNamespace: options.weftNamespace, output };
}
