/**
 * `npm run bench -- [case...] [--json FILE]`: measures what the design promises, one case after the other, each in a
 * process of its own, and holds it against its budget. See docs/performance.md.
 */

import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type BenchCase, cases, chooseCases, type Figures, type Surroundings } from './cases.ts';
import { type ApiServer, startApiServer } from '../../dev/cluster/cluster.ts';
import { silent } from '../../src/base/log.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { table } from './table.ts';
import { writeWorkload } from './workload.ts';

const usage = `Usage: npm run bench -- [CASE...] [--json FILE]

Cases (all where none is named):
${cases.map((one) => `  ${one.name.padEnd(15)} ${one.about}`).join('\n')}`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return console.log(usage);
  const chosen = chooseCases(positionals);
  const results: { benchCase: BenchCase; figures: Figures }[] = [];
  const failures: string[] = [];
  for (const benchCase of chosen) {
    console.log(`\n${benchCase.name}: ${benchCase.about} (load average ${loadavg()[0]?.toFixed(1)})`);
    try {
      const kubeconfigPath = benchCase.onWorkload ? await workloadKubeconfig() : '';
      results.push({ benchCase, figures: await runCase(benchCase, { kubeconfigPath }) });
    } catch (error) {
      failures.push(`${benchCase.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(
    `\n${table(results)}\n\n${cpus().length} CPUs, load average ${loadavg()[0]?.toFixed(1)} at the end`,
  );
  if (values.json !== undefined) {
    const object = Object.fromEntries(results.map(({ benchCase, figures }) => [benchCase.name, figures]));
    await writeFile(values.json, `${JSON.stringify(object, undefined, 2)}\n`);
  }
  if (failures.length > 0) throw new Error(`no figures of ${failures.length}:\n${failures.join('\n')}`);
}

let workloadServer: Promise<ApiServer> | undefined;

/** Of an API server with workload W, which all cases of this run share. */
async function workloadKubeconfig(): Promise<string> {
  workloadServer ??= (async () => {
    const server = await startApiServer({ log: console.log });
    const api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log: silent });
    await writeWorkload(api, server.kubeconfigPath, console.log);
    return server;
  })();
  return (await workloadServer).kubeconfigPath;
}

/** Only what the case promises; a metric that it does not deliver is an error. */
async function runCase(benchCase: BenchCase, surroundings: Surroundings): Promise<Figures> {
  const figures = await inChild(benchCase, surroundings);
  const wanted = Object.keys(benchCase.metrics);
  const missing = wanted.filter((metric) => !Number.isFinite(figures[metric]));
  if (missing.length > 0) throw new Error(`it did not measure ${missing.join(', ')}`);
  return Object.fromEntries(wanted.map((metric) => [metric, figures[metric] ?? Number.NaN]));
}

function inChild(benchCase: BenchCase, surroundings: Surroundings): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./child.ts', import.meta.url), [
      benchCase.name,
      JSON.stringify(surroundings),
    ]);
    let figures: Figures | undefined;
    child.on('message', (message) => {
      figures = message as Figures;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (figures === undefined) reject(new Error(`its process ended with ${code ?? signal}`));
      else resolve(figures);
    });
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
