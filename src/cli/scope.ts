/** Which namespace a command looks at, and for how long back: options that several commands share. */

import type { Command } from 'commander';
import { WeftError } from '../base/errors.ts';
import { namespaceName } from './context.ts';
import { parseDuration } from './duration.ts';

export interface ScopeOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
}

export function addScopeOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'only what is in this namespace (default: default)')
    .option('-A, --all-namespaces', 'what is in all namespaces');
}

/** Undefined stands for all. Throws WeftError WEFT-CLI-03. */
export function namespaceOf(
  options: ScopeOptions,
  byDefault: string | undefined = 'default',
): string | undefined {
  if (options.namespace !== undefined && options.allNamespaces === true) {
    throw new WeftError('WEFT-CLI-03', 'It cannot be given together with -n.', { field: '--all-namespaces' });
  }
  if (options.allNamespaces === true) return undefined;
  return options.namespace === undefined ? byDefault : namespaceName('--namespace', options.namespace);
}

export interface WatchOptions {
  readonly watch?: string | true;
}

export function addWatchOption(command: Command): Command {
  return command.option('-w, --watch [interval]', 'show it again and again, every 5s or as given');
}

/** Milliseconds; undefined where it is to be shown once. Throws WeftError WEFT-CLI-03. */
export function watchInterval({ watch }: WatchOptions): number | undefined {
  if (watch === undefined) return undefined;
  return watch === true ? 5_000 : atLeastASecond('--watch', watch);
}

export function atLeastASecond(option: string, text: string): number {
  const durationMs = parseDuration(option, text);
  if (durationMs > 0) return durationMs;
  throw new WeftError('WEFT-CLI-03', 'It must be a second at least.', { field: option });
}
