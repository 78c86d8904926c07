/**
 * `npm run codegen -- [proto|crds|dashboards]`: regenerates what is committed as generated code; everything without an
 * argument. A generator is a file beside this one with an export `generate(): Promise<readonly string[]>` that
 * answers the names of the files it made.
 */

import { existsSync } from 'node:fs';

interface Generator {
  generate(): Promise<readonly string[]>;
}

const known = ['proto', 'crds', 'dashboards'].filter((name) =>
  existsSync(new URL(`${name}.ts`, import.meta.url)),
);

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`codegen knows ${known.join(', ')}; not ${JSON.stringify(unknown)}.`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : known) {
  const startedMs = performance.now();
  const generator = (await import(`./${name}.ts`)) as Generator;
  const files = await generator.generate();
  console.log(`${name}: ${files.length} files in ${Math.round(performance.now() - startedMs)} ms`);
}
