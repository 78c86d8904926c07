/**
 * The web page as the files that the control plane serves: script, styles, icon, the explanations of all error codes.
 * Also a command: `node dev/images/page.ts FOLDER`.
 */

import { globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { projectDirectory } from '../cluster/paths.ts';

const source = join('src', 'dashboard', 'ui');

/** By name; all of them lie in one folder, without folders below. */
export type PageFiles = Readonly<Record<string, Buffer>>;

export async function bundlePage(): Promise<PageFiles> {
  const result = await build({
    entryPoints: { app: join(source, 'main.tsx'), 'app-styles': join(source, 'styles', 'index.css') },
    absWorkingDir: projectDirectory,
    outdir: 'out',
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: ['chrome120', 'firefox121', 'safari17'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  const built = new Map(result.outputFiles.map((file) => [basename(file.path), Buffer.from(file.contents)]));
  const read = (name: string): Promise<Buffer> => readFile(join(projectDirectory, source, name));
  return {
    'index.html': await read('index.html'),
    'favicon.svg': await read('favicon.svg'),
    'app.js': part(built, 'app.js'),
    'app.css': part(built, 'app-styles.css'),
    'errors.json': Buffer.from(JSON.stringify(await errorPages())),
  };
}

function part(built: ReadonlyMap<string, Buffer>, name: string): Buffer {
  const found = built.get(name);
  if (found === undefined) throw new Error(`esbuild did not make ${name}`);
  return found;
}

/** Markdown by code. */
async function errorPages(): Promise<Readonly<Record<string, string>>> {
  const files = globSync('docs/errors/WEFT-*.md', { cwd: projectDirectory }).sort();
  const pages = await Promise.all(
    files.map(async (file) => [basename(file, '.md'), await readFile(join(projectDirectory, file), 'utf8')]),
  );
  return Object.fromEntries(pages) as Record<string, string>;
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('usage: node dev/images/page.ts FOLDER');
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(await bundlePage()))
    await writeFile(join(folder, name), content);
}
