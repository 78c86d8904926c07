/** `weft explain KIND NAME`: what an object became, from which others, and on how many proxies it is in force. */

import type { Command } from 'commander';
import { WeftError } from '../../base/errors.ts';
import { sumHolders } from '../../base/sum-holders.ts';
import type { Explained, ExplainedResource } from '../../dashboard/explain.ts';
import { contextOf, type Session } from '../context.ts';
import { formatTable } from '../output.ts';
import { askReplicas } from '../replicas.ts';

/** The kinds, and what people type for them after kubectl. */
const namesOfKinds: Readonly<Record<string, readonly string[]>> = {
  service: ['services', 'svc'],
  pod: ['pods', 'po'],
  endpointslice: ['endpointslices'],
  gatewayclass: ['gatewayclasses', 'gc'],
  gateway: ['gateways', 'gtw'],
  listenerset: ['listenersets', 'lset'],
  httproute: ['httproutes', 'route'],
  grpcroute: ['grpcroutes'],
  tlsroute: ['tlsroutes'],
  tcproute: ['tcproutes'],
  udproute: ['udproutes'],
  referencegrant: ['referencegrants', 'refgrant'],
  backendtlspolicy: ['backendtlspolicies', 'btlspolicy'],
  xbackendtrafficpolicy: ['xbackendtrafficpolicies', 'xbtrafficpolicy'],
  secret: ['secrets'],
  configmap: ['configmaps', 'cm'],
  mutualtlspolicy: ['mutualtlspolicies', 'mtls'],
  telemetrypolicy: ['telemetrypolicies', 'telemetry'],
  meshconfig: ['meshconfigs'],
};

export const explainedKinds: readonly string[] = Object.keys(namesOfKinds);

const kinds: ReadonlyMap<string, string> = new Map(
  Object.entries(namesOfKinds).flatMap(([kind, others]) => [kind, ...others].map((name) => [name, kind])),
);

const clusterScoped: ReadonlySet<string> = new Set(['meshconfig', 'gatewayclass']);

/** Counts of all replicas together: each knows its own proxies. */
export function mergeExplained(answers: readonly Explained[]): Explained | undefined {
  const [first] = answers;
  if (first === undefined) return undefined;
  return {
    object: first.object,
    found: answers.some((answer) => answer.found),
    resources: sumHolders(answers.flatMap((answer) => answer.resources)),
  };
}

export function registerExplain(program: Command, session: Session): void {
  program
    .command('explain <kind> <name>')
    .description(
      'show what a service, pod, gateway, route, policy or another object became, and where it is in force',
    )
    .option('-n, --namespace <name>', 'namespace of the object', 'default')
    .action(
      async (typed: string, name: string, options: { readonly namespace: string }, command: Command) => {
        const context = contextOf(command, session);
        const kind = kinds.get(typed.toLowerCase());
        if (kind === undefined) {
          throw new WeftError(
            'WEFT-CLI-03',
            `${JSON.stringify(typed)} is not a kind that can be explained: ${explainedKinds.join(', ')}.`,
          );
        }
        const key = objectKey(kind, name, options.namespace);
        const explained = mergeExplained(await askReplicas<Explained>(context, `/v1/explain/${kind}/${key}`));
        if (explained === undefined || !explained.found)
          throw new WeftError('WEFT-CLI-02', `There is no ${kind} ${key}.`);
        context.print(explained, () => describe(explained));
      },
    );
}

/** Throws WeftError WEFT-CLI-03 where no object can have this name. */
function objectKey(kind: string, name: string, namespace: string): string {
  const isAlone = clusterScoped.has(kind);
  const key = isAlone || name.includes('/') ? name : `${namespace}/${name}`;
  const parts = isAlone ? 1 : 2;
  if (key.split('/').length === parts && /^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$/.test(key)) return key;
  throw new WeftError('WEFT-CLI-03', `${JSON.stringify(name)} is not the name of a ${kind}.`);
}

function describe(explained: Explained): string {
  if (explained.resources.length === 0) {
    return `${explained.object} is known, and no proxy holds anything of it: no workload of the mesh has used it yet.`;
  }
  const table = formatTable<ExplainedResource>(
    [
      { title: 'RESOURCE', value: (row) => row.kind },
      { title: 'NAME', value: (row) => row.name },
      { title: 'VERSION', value: (row) => row.version },
      {
        title: 'IN FORCE',
        value: (row) =>
          row.rejected === undefined
            ? `${row.current} of ${row.holders}`
            : `rejected: ${row.rejected.split('\n')[0] ?? ''}`,
      },
    ],
    explained.resources,
  );
  const others = [...new Set(explained.resources.flatMap((resource) => resource.from))]
    .filter((one) => one !== explained.object)
    .sort();
  const together =
    others.length === 0 ? '' : `\n\ntogether with\n${others.map((one) => `  ${one}`).join('\n')}`;
  return `${explained.object} became\n\n${table}${together}`;
}
