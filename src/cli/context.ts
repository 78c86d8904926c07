/** What every command shares: the options before the command's name, and the API they lead to. */

import type { Command } from 'commander';
import { WeftError } from '../base/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import { type Paint, paintFor } from './colors.ts';
import type { Edges, Target } from './edges.ts';
import { type Format, formats, render } from './output.ts';

/** One run of the command. */
export interface Session {
  readonly edges: Edges;
  /** 0 all is well, 1 what was asked about is not well, 2 the question could not be answered. */
  exitCode: 0 | 1 | 2;
}

export interface CommandContext {
  readonly edges: Edges;
  readonly api: KubeClient;
  readonly target: Target;
  /** Namespace of the control plane. */
  readonly weftNamespace: string;
  readonly output: Format;
  readonly paint: Paint;
  /** `data` as JSON or YAML, or what `table` makes of it. */
  readonly print: (data: unknown, table: () => string) => void;
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

/**
 * `more` are formats that only this command knows; to everything else they look like `table`. Throws WeftError
 * WEFT-CLI-03 where the options make no sense.
 */
export function contextOf(
  command: Command,
  { edges }: Session,
  more: readonly string[] = [],
): CommandContext {
  const options = command.optsWithGlobals<GlobalOptions>();
  const wanted = oneOf('--output', options.output, [...formats, ...more]);
  const output = formats.find((format) => format === wanted) ?? 'table';
  const target = { kubeconfigPath: options.kubeconfig ?? '', context: options.context ?? '' };
  return {
    edges,
    api: edges.connect(target),
    target,
    weftNamespace: namespaceName('--weft-namespace', options.weftNamespace),
    output,
    paint: paintFor(edges.colored),
    print: (data, table) => edges.out(`${render(output, data, table)}\n`),
  };
}

/** Throws WeftError WEFT-CLI-03 where the value is not one of those that are possible. */
export function oneOf<const T extends string>(option: string, value: string, possible: readonly T[]): T {
  const found = possible.find((one) => one === value);
  if (found !== undefined) return found;
  throw new WeftError('WEFT-CLI-03', `${JSON.stringify(value)} is none of ${possible.join(', ')}.`, {
    field: option,
  });
}

/** Throws WeftError WEFT-CLI-03 where it cannot be the name of a namespace (RFC 1123 label). */
export function namespaceName(option: string, value: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) return value;
  throw new WeftError('WEFT-CLI-03', `${JSON.stringify(value)} cannot be the name of a namespace.`, {
    field: option,
  });
}
