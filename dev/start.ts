/**
 * `npm start`: a real Kubernetes, Weft in it, a shop in the mesh, and a canary that moves while you watch.
 *
 *   npm start                              until Ctrl-C; then everything is taken down again
 *   npm start -- --once                    ends by itself; exit code 0 when every figure was as it should be
 *   npm start -- --keep                    leaves the cluster running
 *   npm start -- --kubeconfig FILE ...     another cluster, whose nodes can pull the images
 */

import { parseArgs } from 'node:util';
import { wait } from '../src/base/backoff.ts';
import { describeError } from '../src/base/errors.ts';
import { silent } from '../src/base/log.ts';
import { createKubeApi } from '../src/kube/api.ts';
import type { KubeClient } from '../src/kube/types.ts';
import { type Cluster, findCluster, startCluster } from './cluster/cluster.ts';
import { type Log, withProgress } from './command.ts';
import { type DeployTarget, deployWeft } from './deploy.ts';
import { buildImages, loadImages } from './images/images.ts';
import { findFaults, findPlain, mergeRows, type Row } from './start/figures.ts';
import { createScreen, type Screen } from './start/screen.ts';
import {
  applyShop,
  readPods,
  readReport,
  readRouteStatus,
  shiftCanary,
  waitForInjection,
  waitForShop,
} from './start/shop.ts';

const usage = `Usage: npm start -- [NAME] [--once] [--keep]
       npm start -- --kubeconfig FILE | --context NAME [--values FILE] [--sample-image REF] [--once]

  NAME             the local cluster, made where it does not run yet; weft where none is given
  --once           end after the canary, with exit code 0 when all went well
  --keep           leave the local cluster running
  --kubeconfig     use another cluster; its nodes must be able to pull the images
  --context        the same, by a context of the kubeconfig
  --values         a file with values for the chart; may be given several times
  --sample-image   where its nodes find the image of the sample application`;

const usualName = 'weft';
const windowSeconds = 5;
/** Longer than the window, so that a phase is judged by calls of its own only. */
const phaseMs = { once: 10_000, watched: 20_000 } as const;

const phases = [
  { percent: 0, title: 'Everybody gets catalog v1; v2 runs and waits.' },
  { percent: 50, title: 'The HTTPRoute now sends half of the calls to v2.' },
  { percent: 100, title: 'All calls go to v2; v1 can be removed.' },
] as const;

interface Stage {
  readonly api: KubeClient;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Looks once per second for as long as it is told, and answers what it saw last. */
async function watch(stage: Stage, title: string, durationMs: number): Promise<readonly Row[]> {
  const { api, screen, signal } = stage;
  const untilMs = performance.now() + durationMs;
  let rows: readonly Row[] = [];
  while (performance.now() < untilMs && !signal.aborted) {
    const nextMs = performance.now() + 1000;
    try {
      const [report, pods, routeStatus] = await Promise.all([
        readReport(api, windowSeconds),
        readPods(api),
        readRouteStatus(api),
      ]);
      rows = mergeRows(report, pods);
      screen.show({ title, rows, routeStatus });
    } catch (error) {
      // Whoever plays with the cluster may well restart what is asked here.
      rows = [];
      screen.show({ title: `${title} (${describeError(error)})`, rows, routeStatus: undefined });
    }
    await wait(Math.max(0, nextMs - performance.now()), signal);
  }
  return rows;
}

/** Until every call is answered as it should be, or for a minute: what is still wrong then shows in the first phase. */
async function settle({ api, signal }: Stage): Promise<void> {
  const untilMs = performance.now() + 60_000;
  while (performance.now() < untilMs && !signal.aborted) {
    const { lines } = await readReport(api, windowSeconds);
    if (lines.length > 0 && lines.every(({ success }) => success === 1)) return;
    await wait(1000, signal);
  }
}

/** 0 -> 50 -> 100 %; answers everything that was not as it should be. */
async function moveCanary(stage: Stage, once: boolean): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const { percent, title } of phases) {
    await shiftCanary(stage.api, percent);
    const rows = await watch(stage, title, once ? phaseMs.once : phaseMs.watched);
    if (stage.signal.aborted) break;
    const found = [...findFaults(rows, percent), ...findPlain(rows)];
    stage.screen.say(`${found.length === 0 ? 'ok  ' : 'FAIL'} catalog v2 at ${percent} %`);
    for (const fault of found) stage.screen.say(`     ${fault}`);
    faults.push(...found);
  }
  return faults;
}

async function deploySample(
  target: DeployTarget,
  stage: Stage,
  image: string | undefined,
  log: Log,
): Promise<void> {
  const { api, signal } = stage;
  let ref = image;
  if (target.containerdSocket !== undefined) {
    const images = await buildImages(['sample'], log);
    await loadImages({ containerdSocket: target.containerdSocket }, images, log);
    ref = images['sample']?.ref;
  }
  await waitForInjection(api, signal);
  await applyShop(api, ref);
  let missing = '';
  await withProgress(
    log,
    'waiting for the shop',
    () => waitForShop(api, signal, (names) => (missing = names)),
    () => missing,
  );
}

const strictPolicy = JSON.stringify({
  apiVersion: 'weft.dev/v1alpha1',
  kind: 'MutualTLSPolicy',
  metadata: { name: 'strict', namespace: 'shop' },
  spec: { mode: 'Strict' },
});

/** `isGoing`: the cluster will be gone when these lines are read. */
function nextSteps(cluster: Cluster | undefined, isGoing: boolean): string {
  const access =
    cluster === undefined
      ? []
      : [`  export KUBECONFIG=${cluster.kubeconfigPath}`, `  alias kubectl=${cluster.binaries.kubectl}`, ''];
  return [
    'What to try next:',
    '',
    ...(isGoing ? ['  npm start -- --keep     (leaves the cluster running)', ''] : []),
    ...access,
    '  # change the weights yourself, and read on how many proxies the edit is in force',
    '  kubectl -n shop edit httproute catalog',
    '  kubectl -n shop get httproute catalog -o yaml',
    '  # every proxy, and whether it has what it should have; what the route became, and where',
    '  npm run -s weft -- status',
    '  npm run -s weft -- explain httproute shop/catalog',
    '  # refuse every connection that is not of the mesh',
    `  kubectl apply -f - <<< '${strictPolicy}'`,
    ...(cluster === undefined || isGoing
      ? []
      : ['  # take it all down', `  npm run cluster -- down ${cluster.name}`]),
  ].join('\n');
}

interface Options {
  readonly name: string;
  readonly once: boolean;
  readonly keep: boolean;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly values: readonly string[];
  readonly sampleImage: string | undefined;
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      once: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      values: { type: 'string', multiple: true, default: [] },
      'sample-image': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const { once, keep, kubeconfig, context } = values;
  const [name = usualName, ...more] = positionals;
  const isOther = kubeconfig !== undefined || context !== undefined;
  if (more.length > 0 || (isOther && positionals.length > 0))
    throw new Error('One cluster at a time, please.');
  return {
    name,
    once,
    keep,
    kubeconfig,
    context,
    values: values.values,
    sampleImage: values['sample-image'],
  };
}

/** A cluster that runs already is used as it is and left as it is. */
async function openLocalCluster(
  name: string,
  keep: boolean,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly cluster: Cluster; readonly isOurs: boolean }> {
  const running = await findCluster(name);
  if (running !== undefined) {
    log(`using the cluster ${name} that runs already`);
    return { cluster: running, isOurs: false };
  }
  const startedMs = performance.now();
  const cluster = await startCluster({ name, ephemeral: !keep, log, signal });
  log(`Kubernetes is up (${seconds(startedMs)})`);
  return { cluster, isOurs: true };
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** The whole show; answers the exit code. */
async function show(options: Options, signal: AbortSignal, log: Log): Promise<number> {
  const { once, keep, kubeconfig, context } = options;
  const isOther = kubeconfig !== undefined || context !== undefined;
  const local = isOther ? undefined : await openLocalCluster(options.name, keep, log, signal);
  try {
    const target: DeployTarget = local?.cluster ?? {
      ...(kubeconfig === undefined ? {} : { kubeconfigPath: kubeconfig }),
      ...(context === undefined ? {} : { context }),
    };
    const api = createKubeApi({
      kubeconfigPath: target.kubeconfigPath ?? '',
      context: target.context ?? '',
      log: silent,
    });
    const stage: Stage = { api, signal, screen: createScreen(process.stdout, () => performance.now()) };
    const weftMs = performance.now();
    await deployWeft(target, { log, valuesFiles: options.values });
    signal.throwIfAborted();
    log(`Weft is in (${seconds(weftMs)})`);
    const shopMs = performance.now();
    await deploySample(target, stage, options.sampleImage, log);
    await shiftCanary(api, phases[0].percent);
    await withProgress(log, 'waiting for the first customers', () => settle(stage));
    log(`the shop is open (${seconds(shopMs)})\n`);
    const faults = await moveCanary(stage, once);
    const isGoing = once && local?.isOurs === true && !keep;
    stage.screen.say(`\n${nextSteps(local?.cluster, isGoing)}\n`);
    if (!once && !signal.aborted) await watch(stage, 'Live until Ctrl-C.', Number.POSITIVE_INFINITY);
    return faults.length === 0 ? 0 : 1;
  } finally {
    if (local?.isOurs === true && !keep)
      await withProgress(log, 'taking the cluster down', () => local.cluster.stop());
  }
}

/** The options, or undefined after they were refused with the usage. */
function tryReadOptions(): Options | undefined {
  try {
    return readOptions();
  } catch (error) {
    console.error(`${describeError(error)}\n\n${usage}`);
    return undefined;
  }
}

async function main(): Promise<void> {
  const options = tryReadOptions();
  if (options === undefined) {
    process.exitCode = 2;
    return;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  try {
    process.exitCode = await show(options, stop.signal, (line) => console.log(line));
  } catch (error) {
    if (stop.signal.aborted) process.exitCode = 130;
    else throw error;
  }
}

main().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
