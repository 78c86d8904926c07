/**
 * `weft proxy config POD`: the resources that one proxy holds, and whether it has acknowledged their current version.
 * `weft proxy clusters POD` and its siblings: what that Envoy says of itself.
 */

import type { Command } from 'commander';
import { WeftError } from '../../base/errors.ts';
import type { ResourceKind } from '../../xds/resource.ts';
import type { ProxyDetail } from '../../xds/server/server.ts';
import { contextOf, oneOf, type Session } from '../context.ts';
import { show } from '../live.ts';
import { observe } from '../observe.ts';
import { formatTable } from '../output.ts';
import { type ProxyView, proxyTable, proxyViews } from '../proxy-tables.ts';
import { askReplicas } from '../replicas.ts';
import { addWatchOption, watchInterval, type WatchOptions } from '../scope.ts';

const kinds = ['secret', 'cluster', 'endpoints', 'listener', 'route'] as const satisfies ResourceKind[];

/** `namespace/pod` from what was typed. Throws WEFT-CLI-03. */
export function podKey(text: string, namespace: string): string {
  const key = text.includes('/') ? text : `${namespace}/${text}`;
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(key)) {
    throw new WeftError(
      'WEFT-CLI-03',
      `${JSON.stringify(text)} is not a pod; write NAMESPACE/POD, or POD with -n.`,
    );
  }
  return key;
}

export function registerProxy(program: Command, session: Session): void {
  const proxy = program.command('proxy').description('look into one proxy');
  proxy
    .command('config <pod>')
    .description('list what the proxy of NAMESPACE/POD holds')
    .option('-n, --namespace <name>', 'namespace of the pod', 'default')
    .option('--kind <kind>', `only one of ${kinds.join(', ')}`)
    .action(
      async (
        pod: string,
        options: { readonly namespace: string; readonly kind?: string },
        command: Command,
      ) => {
        const context = contextOf(command, session);
        const key = podKey(pod, options.namespace);
        const kind = options.kind === undefined ? undefined : oneOf('--kind', options.kind, kinds);
        const answers = await askReplicas<ProxyDetail>(context, `/v1/proxies/${key}`);
        const latest = answers.toSorted((a, b) => a.connectedForMs - b.connectedForMs)[0];
        if (latest === undefined) {
          throw new WeftError('WEFT-CLI-02', `No replica has a proxy of pod ${key} connected.`);
        }
        const resources = latest.resources.filter((one) => kind === undefined || one.kind === kind);
        context.print({ ...latest, resources }, () =>
          formatTable(
            [
              { title: 'KIND', value: (row) => row.kind },
              { title: 'NAME', value: (row) => row.name },
              { title: 'VERSION', value: (row) => row.version ?? 'removed' },
              { title: 'CURRENT', value: (row) => (row.current ? 'yes' : 'no') },
            ],
            resources,
          ),
        );
      },
    );
  for (const view of proxyViews) registerView(proxy, session, view);
}

interface ViewOptions extends WatchOptions {
  readonly namespace: string;
  readonly filter?: string;
}

const viewHelp: Readonly<Record<ProxyView, string>> = {
  clusters: 'where the proxy of NAMESPACE/POD sends to, with endpoints, connections and requests',
  listeners: 'what it listens on',
  routes: 'the routes it has, and since when',
  endpoints: 'the endpoints it knows, with their health',
  certs: 'its certificates and authorities, and how long they last',
  stats: 'its statistics',
};

function registerView(proxy: Command, session: Session, view: ProxyView): void {
  const command = proxy
    .command(`${view} <pod>`)
    .description(viewHelp[view])
    .option('-n, --namespace <name>', 'namespace of the pod', 'default');
  if (view === 'stats') command.option('--filter <expression>', 'only statistics whose name matches');
  addWatchOption(command).action(async (pod: string, options: ViewOptions, own: Command) => {
    const context = contextOf(own, session);
    const [namespace, name = ''] = podKey(pod, options.namespace).split('/');
    await show(context, watchInterval(options), async () => {
      const answer = await observe<unknown>(context, {
        resource: 'proxies',
        namespace,
        rest: `${name}/${view}`,
        ...(options.filter === undefined ? {} : { query: { filter: options.filter } }),
      });
      return { data: answer, table: () => proxyTable(view, answer) };
    });
  });
}
