/** One measurement in the cluster, from the namespaces to their removal. */

import { describeError, WeftError } from '../../base/errors.ts';
import { sidecarContainer } from '../../base/names.ts';
import { isKubeError } from '../../kube/errors.ts';
import { deployments, jobs, namespaces, pathOf, pods, services } from '../../kube/resources.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { CommandContext } from '../context.ts';
import { readLines } from '../lines.ts';
import { observe } from '../observe.ts';
import {
  echoDeployment,
  echoService,
  type Load,
  loadJob,
  type PerfProtocol,
  perfNamespace,
  type PerfSide,
  sides,
} from './objects.ts';

export interface Wishes {
  readonly image: string;
  readonly protocols: readonly PerfProtocol[];
  readonly load: Load;
  /** Begin of the names of both namespaces. */
  readonly prefix: string;
}

/** What the Job prints. */
export interface LoadResult {
  readonly protocol: string;
  readonly startTime: string;
  readonly endTime: string;
  readonly requests: number;
  readonly failures: number;
  readonly perSecond: number;
  readonly latencyMs?: Readonly<Record<'min' | 'average' | 'p50' | 'p90' | 'p99' | 'max', number>>;
}

export interface Measurement {
  readonly side: PerfSide;
  readonly protocol: PerfProtocol;
  readonly result: LoadResult;
}

/** Of the proxy beside `echo`, after all loads. */
export interface ProxyCost {
  readonly image: string;
  readonly memoryBytes: number;
}

export interface Measured {
  readonly measurements: readonly Measurement[];
  readonly proxy?: ProxyCost;
  /** What could not be measured, and why. */
  readonly gaps: readonly string[];
}

const pauseMs = 1_000;
const startLimitMs = 180_000;
/** On top of what a load itself takes: the start of its pod, on a busy node. */
const jobLimitMs = 180_000;

/**
 * Plain and meshed in turn, never at the same time, so that they do not disturb each other. Removes everything again,
 * also when somebody interrupts or something fails. Throws WeftError WEFT-CLI-08.
 */
export async function measure(
  context: CommandContext,
  wishes: Wishes,
  signal: AbortSignal,
): Promise<Measured> {
  const { api } = context;
  const made: string[] = [];
  try {
    for (const side of sides) {
      const name = namespaceOf(wishes, side);
      await api.create(namespaces, perfNamespace(name, side));
      made.push(name);
      await api.create(services, echoService(name));
      await withAccount(context, signal, () => api.create(deployments, echoDeployment(name, wishes.image)));
    }
    for (const side of sides) await untilReady(context, namespaceOf(wishes, side), signal);
    const measurements: Measurement[] = [];
    for (const protocol of wishes.protocols) {
      for (const side of sides) {
        context.edges.err(`measuring ${protocol}, ${side}\n`);
        measurements.push({ side, protocol, result: await load(context, wishes, side, protocol, signal) });
      }
    }
    return { measurements, ...(await costOf(context, namespaceOf(wishes, 'meshed'))) };
  } finally {
    for (const name of made) {
      // One that stays must not keep the other, nor hide why the measurement ended.
      await api.delete(namespaces, name).catch((error: unknown) => {
        context.edges.err(`warning: namespace ${name} is left over: ${describeError(error)}\n`);
      });
    }
  }
}

export function namespaceOf({ prefix }: Pick<Wishes, 'prefix'>, side: PerfSide): string {
  return `${prefix}-${side}`;
}

/** A namespace gets its service account a moment after it was made. */
async function withAccount(
  context: CommandContext,
  signal: AbortSignal,
  create: () => Promise<unknown>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await create();
      return;
    } catch (error) {
      if (!isKubeError(error, 403) || !/serviceaccount/i.test(error.message) || attempt >= 10) throw error;
      await context.edges.sleep(pauseMs, signal);
    }
  }
}

interface Workload extends KubeObject {
  readonly status?: {
    readonly readyReplicas?: number;
    readonly succeeded?: number;
    readonly failed?: number;
  };
}

async function untilReady(context: CommandContext, namespace: string, signal: AbortSignal): Promise<void> {
  await until(context, signal, startLimitMs, `echo in ${namespace} is not ready`, async () => {
    const found = await context.api.get<Workload>(deployments, 'echo', namespace);
    return (found?.status?.readyReplicas ?? 0) > 0;
  });
}

async function load(
  context: CommandContext,
  { image, load: wanted, ...wishes }: Wishes,
  side: PerfSide,
  protocol: PerfProtocol,
  signal: AbortSignal,
): Promise<LoadResult> {
  const namespace = namespaceOf(wishes, side);
  const job = loadJob(namespace, image, protocol, wanted);
  await context.api.create(jobs, job);
  const limitMs = jobLimitMs + (wanted.warmupSeconds + wanted.seconds) * 1000;
  await until(context, signal, limitMs, `the load of ${protocol} in ${namespace} does not end`, async () => {
    const found = await context.api.get<Workload>(jobs, job.metadata.name, namespace);
    if ((found?.status?.failed ?? 0) > 0) throw failed(`the load of ${protocol} in ${namespace} failed`);
    return (found?.status?.succeeded ?? 0) > 0;
  });
  const [pod] = await context.api.list(pods, { namespace, labelSelector: `job-name=${job.metadata.name}` });
  if (pod === undefined) throw failed(`the load of ${protocol} in ${namespace} has left no pod`);
  const path = `${pathOf(pods, { namespace, name: pod.metadata.name })}/log`;
  const stream = await context.api.stream(path, { query: { container: 'bench' }, accept: '*/*' });
  for await (const line of readLines(stream)) {
    if (line.startsWith('{"result":')) return (JSON.parse(line) as { readonly result: LoadResult }).result;
  }
  throw failed(`the load of ${protocol} in ${namespace} has told no result`);
}

async function until(
  { edges }: CommandContext,
  signal: AbortSignal,
  limitMs: number,
  otherwise: string,
  condition: () => Promise<boolean>,
): Promise<void> {
  const endMs = edges.clock.now() + limitMs;
  while (!(await condition())) {
    if (signal.aborted) throw failed('it was interrupted');
    if (edges.clock.now() > endMs) throw failed(`${otherwise} after ${limitMs / 1000} s`);
    await edges.sleep(pauseMs, signal);
  }
}

function failed(detail: string): WeftError {
  return new WeftError('WEFT-CLI-08', `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`);
}

interface ProxiedPod extends KubeObject {
  readonly spec?: { readonly initContainers?: readonly { readonly name: string; readonly image?: string }[] };
}

interface Statistics {
  readonly stats?: readonly { readonly name?: string; readonly value?: number }[];
}

/** Its memory as its own allocator counts it. */
async function costOf(context: CommandContext, namespace: string): Promise<Pick<Measured, 'proxy' | 'gaps'>> {
  try {
    const [pod] = await context.api.list<ProxiedPod>(pods, { namespace, labelSelector: 'app=echo' });
    const answer = await observe<Statistics>(context, {
      resource: 'proxies',
      namespace,
      rest: `${pod?.metadata.name ?? ''}/stats`,
      query: { filter: '^server.memory_allocated$' },
    });
    const memoryBytes = answer.stats?.find(({ name }) => name === 'server.memory_allocated')?.value;
    const image = pod?.spec?.initContainers?.find(({ name }) => name === sidecarContainer)?.image ?? '';
    if (memoryBytes !== undefined) return { proxy: { image, memoryBytes }, gaps: [] };
    return { gaps: ['The proxy does not tell how much memory it uses.'] };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return { gaps: [`What the proxy costs is not known: ${error.message}`] };
  }
}
