/** The objects in the files and folders that `weft analyze` is given. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseObjects } from '../analysis/files.ts';
import { describeError, WeftError } from '../base/errors.ts';
import type { KubeObject } from '../kube/types.ts';
import { readManifest } from './commands/inject.ts';
import type { Edges } from './edges.ts';

/** Throws WeftError WEFT-CLI-02 where a file cannot be read, WEFT-ANL-131 where it is no manifest. */
export async function readFiles(
  names: readonly string[],
  namespace: string,
  edges: Edges,
): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const name of names) {
    for (const file of name === '-' ? ['-'] : await filesOf(name)) {
      objects.push(...parseObjects(await readManifest(file, edges), file, namespace));
    }
  }
  return objects;
}

/** Of a folder its manifests and those of folders in it, in ascending order. */
async function filesOf(name: string): Promise<readonly string[]> {
  try {
    if (!(await stat(name)).isDirectory()) return [name];
    const entries = await readdir(name, { recursive: true });
    return entries
      .filter((entry) => /\.(ya?ml|json)$/.test(entry))
      .sort()
      .map((entry) => join(name, entry));
  } catch (error) {
    throw new WeftError('WEFT-CLI-02', `${describeError(error)}.`, { field: name, cause: error });
  }
}
