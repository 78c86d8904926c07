#!/usr/bin/env node
/**
 * The weft command; also a kubectl plugin when it is called kubectl-weft. Exit codes: 0 all is well, 1 what was
 * asked about is not well, 2 the question could not be answered.
 */

import { Command, CommanderError } from 'commander';
import { describeError } from '../base/errors.ts';
import { version } from '../base/version.ts';
import { registerExplain } from './commands/explain.ts';
import { registerInject } from './commands/inject.ts';
import { registerProxy } from './commands/proxy.ts';
import { registerStatus } from './commands/status.ts';
import { registerUninject } from './commands/uninject.ts';
import { addGlobalOptions } from './context.ts';

const program = new Command('weft')
  .description('Weft, a service mesh for Kubernetes')
  .version(version)
  .exitOverride();
addGlobalOptions(program);
registerStatus(program);
registerExplain(program);
registerProxy(program);
registerInject(program);
registerUninject(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = 2;
  }
}
