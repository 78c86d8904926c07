/** The weft command as a function: arguments in, exit code out. */

import { basename } from 'node:path';
import { Command, CommanderError } from 'commander';
import { describeError, WeftError } from '../base/errors.ts';
import { version } from '../base/version.ts';
import { registerAnalyze } from './commands/analyze.ts';
import { registerBugReport } from './commands/bug-report.ts';
import { registerCheck } from './commands/check.ts';
import { registerDashboard } from './commands/dashboard.ts';
import { registerExplain } from './commands/explain.ts';
import { registerEdges } from './commands/edges.ts';
import { registerGraph } from './commands/graph.ts';
import { registerInject } from './commands/inject.ts';
import { registerLogs } from './commands/logs.ts';
import { registerPerf } from './commands/perf.ts';
import { registerProxy } from './commands/proxy.ts';
import { registerRoutes } from './commands/routes.ts';
import { registerStat, registerTop } from './commands/stat.ts';
import { registerStatus } from './commands/status.ts';
import { registerTap } from './commands/tap.ts';
import { registerUninject } from './commands/uninject.ts';
import { addGlobalOptions, type Session } from './context.ts';
import type { Edges } from './edges.ts';
import './errors.ts';

/** In the order of the help. */
const commands = [
  registerCheck,
  registerAnalyze,
  registerStatus,
  registerStat,
  registerTop,
  registerEdges,
  registerRoutes,
  registerGraph,
  registerTap,
  registerDashboard,
  registerExplain,
  registerProxy,
  registerLogs,
  registerPerf,
  registerBugReport,
  registerInject,
  registerUninject,
];

/** Of Node.js, the major version for which the command is built. */
const oldestNode = 24;

/**
 * Runs one command line. `argv` is that of the process: program, script, arguments; a script called kubectl-weft is
 * a kubectl plugin. `nodeVersion` is what runs us. Never rejects: what goes wrong is told on standard error.
 */
export async function runWeft(
  argv: readonly string[],
  edges: Edges,
  nodeVersion: string,
): Promise<Session['exitCode']> {
  if (Number.parseInt(nodeVersion, 10) < oldestNode) {
    edges.err(`${new WeftError('WEFT-CLI-04', `This is Node.js ${nodeVersion}.`).describe()}\n`);
    return 2;
  }
  const session: Session = { edges, exitCode: 0 };
  const program = new Command(nameOf(argv[1] ?? ''))
    .description('Weft, a service mesh for Kubernetes')
    .version(version)
    .exitOverride()
    .showHelpAfterError('Run it with --help.')
    .configureOutput({
      writeOut: edges.out,
      writeErr: edges.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'WEFT-CLI-03: ')),
    });
  addGlobalOptions(program);
  for (const register of commands) register(program, session);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    edges.err(`${describeError(error)}\n`);
    return 2;
  }
  return session.exitCode;
}

function nameOf(script: string): string {
  return basename(script).startsWith('kubectl-') ? 'kubectl weft' : 'weft';
}
