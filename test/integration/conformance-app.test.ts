/** The application of the conformance suite's mesh tests, by its own Go tests: they read its output with the suite's parser. */

import { test } from 'node:test';
import { join } from 'node:path';
import { projectDirectory } from '../../dev/cluster/paths.ts';
import { ensureGo, goEnvironment } from '../../dev/cluster/toolchain.ts';
import { run } from '../../dev/command.ts';

test('echo-advanced answers as the conformance suite reads it', async () => {
  const go = await ensureGo(console.log);
  const directory = join(projectDirectory, 'test', 'conformance');
  await run([go, 'test', './echo-advanced'], { cwd: directory, env: goEnvironment });
});
