#!/usr/bin/env node
/**
 * The weft command; also a kubectl plugin when it is called kubectl-weft. Exit codes: 0 all is well, 1 what was
 * asked about is not well, 2 the question could not be answered.
 */

import { isEnding, systemEdges } from './edges.ts';
import { runWeft } from './program.ts';

// Whoever reads may stop early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!isEnding()) process.exit(error.code === 'EPIPE' ? 0 : 2);
});

process.exitCode = await runWeft(process.argv, systemEdges(), process.versions.node);
