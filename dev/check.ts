/** `npm run check`: types, lint and format, side by side. Quiet where all is well, the tools' own words where not. */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectDirectory } from './cluster/paths.ts';
import { tryRun } from './command.ts';

interface Check {
  readonly name: string;
  readonly argv: readonly string[];
  /** The same, mending what can be mended. */
  readonly mend?: readonly string[];
}

const checks: readonly Check[] = [
  { name: 'types', argv: ['tsc', '--project', '.', '--noEmit'] },
  { name: 'types of the web page', argv: ['tsc', '--project', 'src/dashboard/ui', '--noEmit'] },
  {
    name: 'lint',
    argv: ['oxlint', '--type-aware', '--deny-warnings', '--format=unix', 'src', 'dev', 'test'],
    mend: ['oxlint', '--type-aware', '--deny-warnings', '--fix', 'src', 'dev', 'test'],
  },
  { name: 'format', argv: ['biome', 'format', '--reporter=summary'], mend: ['biome', 'format', '--write'] },
];

async function perform(check: Check, mend: boolean): Promise<boolean> {
  const startedMs = Date.now();
  const [program = '', ...words] = (mend ? check.mend : undefined) ?? check.argv;
  const argv = [join(projectDirectory, 'node_modules', '.bin', program), ...words];
  const { code, stdout, stderr } = await tryRun(argv, { cwd: projectDirectory });
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  if (code !== 0) console.log(`${stdout}${stderr}`.trim());
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${check.name} (${seconds} s)`);
  return code === 0;
}

const { values } = parseArgs({ options: { fix: { type: 'boolean' } } });
const results = await Promise.all(checks.map((check) => perform(check, values.fix === true)));
process.exitCode = results.every(Boolean) ? 0 : 1;
