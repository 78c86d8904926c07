/** A dynamically linked program with everything the loader needs to start it, each at its place on this machine. */

import { run } from '../command.ts';
import type { LayerItem } from './layer.ts';

/** Paths of the libraries and of the loader in the output of ldd(1). */
export function parseLdd(output: string): readonly string[] {
  const paths: string[] = [];
  for (const line of output.split('\n')) {
    const missing = /^\s*(\S+) => not found/.exec(line);
    if (missing !== null) throw new Error(`the library ${missing[1]} is missing on this machine`);
    const found = /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line);
    if (found?.[1] !== undefined) paths.push(found[1]);
  }
  return paths;
}

/** The program of this machine as `path` of the image, with its libraries. */
export async function programItems(source: string, path: string): Promise<readonly LayerItem[]> {
  const libraries = parseLdd(await run(['ldd', source]));
  return [
    { kind: 'file', path, source, mode: 0o755 },
    ...libraries.map((library): LayerItem => ({ kind: 'file', path: library, source: library, mode: 0o755 })),
  ];
}
