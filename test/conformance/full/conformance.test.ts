/** The whole conformance suite, as `npm run conformance` runs it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { lastLines, tryRun } from '../../../dev/command.ts';

test('every test of every profile of Gateway API passes', async () => {
  const { code, stdout, stderr } = await tryRun([
    process.execPath,
    join(import.meta.dirname, '..', 'run.ts'),
    '--no-report',
  ]);
  // The first half is progress; what came of it stands at the end.
  const outcome = stdout.slice(Math.max(0, stdout.indexOf('\n\n')));
  assert.equal(code, 0, `${lastLines(outcome, 200)}\n${stderr}`);
  process.stderr.write(`${lastLines(outcome, 16)}\n`);
});
