/**
 * `node test/golden/run.ts [--update] [PATTERN]`: compares the golden cases whose `stage/name` contains the
 * pattern, or writes their out.yaml anew. What an update changed is for `git diff` to show.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { actualOutput, goldenCases } from './golden.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { update: { type: 'boolean', default: false } },
});

let different = 0;
for (const golden of goldenCases()) {
  const title = `${golden.stage}/${golden.name}`;
  if (!positionals.every((pattern) => title.includes(pattern))) continue;
  const actual = await actualOutput(golden);
  if (actual === golden.expected) continue;
  different++;
  if (values.update) writeFileSync(golden.outputPath, actual);
  console.log(`${values.update ? 'wrote' : 'differs'}: ${title}`);
}
if (different > 0 && !values.update) process.exitCode = 1;
console.log(`${different} of the cases ${values.update ? 'changed' : 'differ'}`);
