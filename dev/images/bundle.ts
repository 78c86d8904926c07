/**
 * One TypeScript program with all it imports as one ESM file. Also a command, for the Dockerfiles:
 * `node dev/images/bundle.ts ENTRY.ts OUTPUT.mjs`.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import { projectDirectory } from '../cluster/paths.ts';

/** The packages among the dependencies that are CommonJS expect these. */
const banner = [
  `import { createRequire as weftCreateRequire } from 'node:module';`,
  'const require = weftCreateRequire(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
].join('\n');

/** `entry`: path from the project's root. */
export async function bundle(entry: string): Promise<Buffer> {
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: projectDirectory,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: { js: banner },
    // V8 keeps the source of a program for as long as it runs. Names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return Buffer.from(file.contents);
}

if (import.meta.main) {
  const [entry, output] = process.argv.slice(2);
  if (entry === undefined || output === undefined)
    throw new Error('usage: node dev/images/bundle.ts ENTRY OUTPUT');
  await mkdir(dirname(output), { recursive: true });
  await writeFile(output, await bundle(entry));
}
