/**
 * `npm run conformance`: the unmodified conformance suite of Gateway API against Weft on a fresh local cluster, judged by
 * the suite's own exit status. See README.md.
 */

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Cluster, openCluster, startCluster } from '../../dev/cluster/cluster.ts';
import { cacheDirectory, projectDirectory } from '../../dev/cluster/paths.ts';
import { createReader } from './events.ts';
import { rejectedResources, saveState } from './evidence.ts';
import { isComplete, parsePlan, type Plan, suiteArguments, usage, usesGateways } from './plan.ts';
import { describeMeasured, type Measured, measuredLines, measureRoutes } from './probe.ts';
import { reportFileName, summarizeReport } from './report.ts';
import { countsOf, failureTexts, Results, resultTable } from './results.ts';
import { namespaceLabel, type Prepared, prepareCluster } from './setup.ts';
import { ensureSuite, type SuitePrograms } from './suite.ts';

const log = (line: string): void => console.log(line);

interface Ran {
  readonly results: Results;
  readonly exitCode: number;
}

/** Runs the test binary to its end; every test is told as it ends. */
async function runSuite(
  programs: SuitePrograms,
  argv: readonly string[],
  options: { readonly kubeconfig: string; readonly folder: string; readonly signal: AbortSignal },
): Promise<Ran> {
  const output = createWriteStream(join(options.folder, 'output.log'));
  const child = spawn(programs.suite, argv, {
    cwd: options.folder,
    env: { ...process.env, KUBECONFIG: options.kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal: 'SIGKILL',
  });
  const results = new Results();
  const read = createReader();
  child.stderr.pipe(output, { end: false });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    output.write(`${line.replaceAll('\u0016', '')}\n`);
    for (const event of read(line)) {
      const result = results.add(event);
      if (result !== undefined && result.outcome !== 'skip')
        log(`${result.outcome === 'pass' ? 'ok  ' : 'FAIL'} ${result.name} (${result.seconds.toFixed(1)} s)`);
    }
  });
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code) => resolve(code ?? 1));
  });
  output.end();
  return { results, exitCode };
}

async function versionOf(): Promise<string> {
  const text = await readFile(join(projectDirectory, 'package.json'), 'utf8');
  return `v${(JSON.parse(text) as { version: string }).version}`;
}

/** Runs the suite with the probe beside it. */
async function test(
  plan: Plan,
  cluster: Cluster,
  prepared: Prepared,
  about: { readonly programs: SuitePrograms; readonly folder: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const reportPath = join(about.folder, 'report.yaml');
  const argv = suiteArguments(plan, {
    ...prepared,
    namespaceLabel,
    usableAddress: cluster.staticAddress,
    unusableAddress: cluster.refusedAddress,
    reportPath,
    version: await versionOf(),
  });
  const ended = new AbortController();
  const measuring = measureRoutes(cluster, {
    image: prepared.probeImage,
    ...(usesGateways(plan) ? { gatewayClass: prepared.gatewayClass } : {}),
    signal: AbortSignal.any([ended.signal, about.signal]),
  });
  const ran = await runSuite(about.programs, argv, { ...about, kubeconfig: cluster.kubeconfigPath });
  ended.abort();
  const measured = await measuring;
  if (about.signal.aborted) return false;
  const rejected = await rejectedResources(cluster);
  await saveState(cluster, about.folder);
  await writeFile(join(about.folder, 'changes.txt'), `${measured.flatMap(measuredLines).join('\n')}\n`);
  const isGood = tell(ran, measured, rejected);
  const report = await readFile(reportPath, 'utf8').catch(() => undefined);
  if (report !== undefined) log(`\n${summarizeReport(report)}`);
  if (report !== undefined && isComplete(plan) && plan.replacesReport) {
    const target = join(projectDirectory, 'docs', 'conformance', reportFileName(await versionOf()));
    await copyFile(reportPath, target);
    log(`the report is ${target}`);
  }
  log(`everything the suite said, and the state of the cluster at its end: ${about.folder}`);
  return isGood;
}

/** Prints what came of it; whether all is well. */
function tell(ran: Ran, measured: readonly Measured[], rejected: ReadonlyMap<string, number>): boolean {
  const { results, exitCode } = ran;
  log(`\n${resultTable(results.all)}\n`);
  for (const text of failureTexts(results.all)) log(`${text}\n`);
  const { passed, failed, skipped } = countsOf(results.all);
  if (exitCode !== 0 && failed === 0) log(results.suiteLines.join('\n'));
  for (const one of measured) log(`from a change to its effect, ${describeMeasured(one)}`);
  const rejections = [...rejected].map(([kind, count]) => `${count} ${kind}`);
  log(`resources that proxies rejected: ${rejections.length === 0 ? 'none' : rejections.join(', ')}`);
  log(`${passed} passed, ${failed} failed, ${skipped} skipped; the suite ended with exit code ${exitCode}`);
  return exitCode === 0 && rejected.size === 0;
}

async function main(): Promise<number> {
  const plan = parsePlan(process.argv.slice(2));
  if (plan === undefined) {
    log(usage);
    return 0;
  }
  const abort = new AbortController();
  let interrupted = 0;
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(name, () => {
      interrupted = code;
      abort.abort();
    });
  }
  const startedMs = Date.now();
  const folder = join(cacheDirectory(), 'conformance', new Date().toISOString().replaceAll(':', '-'));
  await mkdir(folder, { recursive: true });
  const programs = await ensureSuite(log);
  const name = plan.cluster ?? `conformance-${process.pid}`;
  let cluster: Cluster | undefined;
  let isGood = false;
  try {
    cluster =
      plan.cluster === undefined
        ? await startCluster({ name, ephemeral: !plan.keep, log, signal: abort.signal })
        : await openCluster(name);
    const running = cluster;
    const work = async (): Promise<boolean> => {
      const prepared = await prepareCluster(running, programs, log);
      log(`cluster ${name} is prepared after ${Math.round((Date.now() - startedMs) / 1000)} s`);
      return test(plan, running, prepared, { programs, folder, signal: abort.signal });
    };
    // Whatever is under way, an interrupted run goes on to take its cluster down.
    const aborted = new Promise<boolean>((resolve) => {
      abort.signal.addEventListener('abort', () => resolve(false), { once: true });
    });
    isGood = await Promise.race([work(), aborted]);
  } catch (error) {
    if (interrupted === 0) throw error;
  } finally {
    const stays = plan.cluster !== undefined || (plan.keep && interrupted === 0);
    if (!stays) await cluster?.stop();
    else log(`cluster ${name} stays; end it with: npm run cluster -- down ${name}`);
  }
  log(`the whole run took ${Math.round((Date.now() - startedMs) / 1000)} s`);
  return interrupted === 0 ? Number(!isGood) : interrupted;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
