/** Where things live: what can be made again in the user's cache, what belongs to running clusters in /var/lib/weft. */

import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Root of everything that is built or fetched; safe to delete at any time. */
export function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'weft');
}

/** One folder per cluster. Short, because sockets live in it and their paths may have 107 bytes. */
export const clustersDirectory = '/var/lib/weft/clusters';

export function clusterDirectory(name: string): string {
  return join(clustersDirectory, name);
}

/** Parent of the folders of bare API servers, which need no root. */
export function scratchDirectory(): string {
  return tmpdir();
}

/** The repository's root. */
export const projectDirectory = join(import.meta.dirname, '..', '..');
