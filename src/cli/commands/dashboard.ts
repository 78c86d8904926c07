/** `weft dashboard`: the web page in a browser, with the user's own credentials. */

import type { Command } from 'commander';
import { describeError, WeftError } from '../../base/errors.ts';
import { observeBase } from '../../base/observe.ts';
import { type CommandContext, contextOf, type Session } from '../context.ts';
import { startDashboardProxy } from '../dashboard-proxy.ts';

export function registerDashboard(program: Command, session: Session): void {
  program
    .command('dashboard')
    .description('open the web page, asking the cluster with your own credentials')
    .option('--port <number>', 'on 127.0.0.1; any free one by default', '0')
    .option('--no-browser', 'only print the address')
    .addHelpText('after', '\nThe address works for whoever knows its token, until the command ends.')
    .action(async (options: { readonly port: string; readonly browser: boolean }, command: Command) => {
      const context = contextOf(command, session);
      const { edges, target } = context;
      await findApi(context);
      const stop = edges.interrupted();
      const proxy = await listen(await edges.passThrough(target), portOf(options.port));
      edges.out(`${proxy.url}\n`);
      if (edges.isTerminal) edges.err('Press Ctrl-C to end.\n');
      if (options.browser && !edges.openBrowser(proxy.url)) {
        edges.err('No browser could be opened; open the address yourself.\n');
      }
      await new Promise<void>((resolve) => {
        if (stop.aborted) resolve();
        else stop.addEventListener('abort', () => resolve(), { once: true });
      });
      proxy.close();
    });
}

/** An empty page would say less. Throws WEFT-CLI-05. */
async function findApi({ api }: CommandContext): Promise<void> {
  try {
    await api.request('GET', observeBase);
  } catch (error) {
    throw new WeftError('WEFT-CLI-05', `${describeError(error).replace(/\.$/, '')}.`, { cause: error });
  }
}

async function listen(
  ...argv: Parameters<typeof startDashboardProxy>
): ReturnType<typeof startDashboardProxy> {
  try {
    return await startDashboardProxy(...argv);
  } catch (error) {
    throw new WeftError('WEFT-CLI-03', `${describeError(error)}.`, { field: '--port', cause: error });
  }
}

/** Throws WEFT-CLI-03. */
function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new WeftError('WEFT-CLI-03', `${JSON.stringify(text)} is not a port (0 to 65535).`, {
    field: '--port',
  });
}
