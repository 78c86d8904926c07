/** `weft perf run`: what the mesh costs on this cluster, measured side by side with the same load without it. */

import type { Command } from 'commander';
import { stringify } from 'yaml';
import { WeftError } from '../../base/errors.ts';
import { version } from '../../base/version.ts';
import { nodes } from '../../kube/resources.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type CommandContext, contextOf, namespaceName, oneOf, type Session } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { type Column, formatTable } from '../output.ts';
import { added, type Comparison, compare, type Environment, toSmp } from '../perf/format.ts';
import { type Load, protocols } from '../perf/objects.ts';
import { type Measured, measure } from '../perf/run.ts';
import { formatLatency } from '../traffic.ts';

interface PerfOptions {
  readonly image: string;
  readonly protocol: string;
  readonly rps: string;
  readonly connections: string;
  readonly duration: string;
  readonly warmup: string;
  readonly namespace: string;
}

export function registerPerf(program: Command, session: Session): void {
  program
    .command('perf')
    .description('measure what the mesh costs')
    .command('run')
    .description('put the same load on the same server with and without the mesh, side by side')
    .option('--protocol <protocols>', `separated by commas: ${protocols.join(', ')}`, protocols.join(','))
    .option('--rps <count>', 'requests a second', '200')
    .option('--connections <count>', 'connections of the load', '4')
    .option('--duration <duration>', 'how long each load is counted', '30s')
    .option('--warmup <duration>', 'how long each load runs before', '5s')
    .option('--image <image>', "the sample's image, which has the load", `weft/sample:${version}`)
    .option(
      '--namespace <name>',
      'begin of the names of the two namespaces that are made and removed',
      'weft-perf',
    )
    .action(async (options: PerfOptions, command: Command) => {
      const context = contextOf(command, session);
      const load: Load = {
        perSecond: count('--rps', options.rps, 20_000),
        connections: count('--connections', options.connections, 1_000),
        seconds: parseDuration('--duration', options.duration) / 1000,
        warmupSeconds: parseDuration('--warmup', options.warmup) / 1000,
      };
      const wanted = options.protocol.split(',').map((one) => oneOf('--protocol', one, protocols));
      const wishes = {
        image: options.image,
        protocols: [...new Set(wanted)],
        load,
        prefix: namespaceName('--namespace', options.namespace),
      };
      const measured = await measure(context, wishes, context.edges.interrupted());
      await print(context, measured, load);
    });
}

function count(option: string, text: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new WeftError('WEFT-CLI-03', `${JSON.stringify(text)} is not a number from 1 to ${most}.`, {
    field: option,
  });
}

async function print(context: CommandContext, measured: Measured, load: Load): Promise<void> {
  const { edges, output, paint } = context;
  for (const gap of measured.gaps) edges.err(`${paint.warning('warning:')} ${gap}\n`);
  if (output === 'table') return edges.out(`${formatTable(columns, compare(measured))}\n`);
  const smp = toSmp(measured, load, await environmentOf(context));
  edges.out(
    output === 'json'
      ? `${JSON.stringify(smp, null, 2)}\n`
      : stringify(smp, { aliasDuplicateObjects: false }),
  );
}

const right = { align: 'right' } as const;

const columns: readonly Column<Comparison>[] = [
  { title: 'PROTOCOL', value: (row) => row.protocol },
  ...(['plain', 'meshed'] as const).flatMap((side): Column<Comparison>[] => [
    { title: `${side.toUpperCase()} RPS`, value: (row) => row[side].perSecond.toFixed(1), ...right },
    { title: 'FAILED', value: (row) => row[side].failures, ...right },
    { title: 'P50', value: (row) => formatLatency(row[side].latencyMs?.p50), ...right },
    { title: 'P99', value: (row) => formatLatency(row[side].latencyMs?.p99), ...right },
  ]),
  { title: 'ADDED P50', value: (row) => difference(row, 'p50'), ...right },
  { title: 'ADDED P99', value: (row) => difference(row, 'p99'), ...right },
];

function difference({ plain, meshed }: Comparison, quantile: 'p50' | 'p99'): string {
  const milliseconds = added(plain.latencyMs?.[quantile], meshed.latencyMs?.[quantile]);
  return milliseconds === null ? '-' : `${milliseconds.toFixed(2)}ms`;
}

interface Node extends KubeObject {
  readonly status?: {
    readonly capacity?: { readonly cpu?: string; readonly memory?: string };
    readonly nodeInfo?: { readonly osImage?: string };
  };
}

async function environmentOf({ api }: CommandContext): Promise<Environment> {
  const { gitVersion } = await api.request<{ readonly gitVersion: string }>('GET', '/version');
  // Who may not list nodes gets a result without them.
  const found = await api.list<Node>(nodes).catch((): readonly Node[] => []);
  return {
    kubernetesVersion: gitVersion,
    nodes: found.map(({ status }) => ({
      type: status?.nodeInfo?.osImage ?? '',
      cores: Number(status?.capacity?.cpu ?? 0),
      memoryMB: Math.round(Number.parseInt(status?.capacity?.memory ?? '0', 10) / 1024),
    })),
  };
}
