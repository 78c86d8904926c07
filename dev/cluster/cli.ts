/** `npm run cluster -- up|down|list|kubeconfig|socket [NAME] [--emulate 1.36]` */

import { parseArgs } from 'node:util';
import {
  checkMachine,
  findCluster,
  listClusters,
  openCluster,
  startCluster,
  stopCluster,
} from './cluster.ts';

const defaultName = 'weft';
const usage = `Usage: npm run cluster -- COMMAND [NAME]

  up [NAME] [--emulate 1.36]   start a one-node Kubernetes (${defaultName} where no name is given)
  down [NAME]                  end it and remove all it has
  list                         the clusters of this machine
  kubeconfig [NAME]            path of its kubeconfig
  socket [NAME]                path of its containerd socket`;

async function up(name: string, emulate: string | undefined): Promise<void> {
  const startedMs = Date.now();
  const running = await findCluster(name);
  if (running !== undefined) console.log(`cluster ${name} runs already`);
  const cluster = running ?? (await startInterruptibly(name, emulate));
  if (running === undefined)
    console.log(`cluster ${name} is ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  console.log(`\n  export KUBECONFIG=${cluster.kubeconfigPath}\n  ${cluster.binaries.kubectl} get nodes\n`);
}

/** Ctrl-C while it starts takes down what there is, then ends as a signal would. */
async function startInterruptibly(name: string, emulate: string | undefined) {
  const abort = new AbortController();
  let interrupted: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted = signal;
      console.log('interrupted; taking down what was started');
      abort.abort();
    });
  }
  try {
    const log = (line: string): void => console.log(line);
    return await startCluster({
      name,
      ephemeral: false,
      log,
      signal: abort.signal,
      ...(emulate === undefined ? {} : { emulate }),
    });
  } catch (error) {
    if (interrupted !== undefined) process.exit(interrupted === 'SIGINT' ? 130 : 143);
    throw error;
  }
}

async function down(name: string): Promise<void> {
  checkMachine();
  console.log((await stopCluster(name)) ? `cluster ${name} is gone` : `there is no cluster ${name}`);
}

async function list(): Promise<void> {
  const clusters = await listClusters();
  if (clusters.length === 0) console.log('no cluster runs on this machine');
  for (const { name, nodeAddress, ready, emulate, createdAt } of clusters) {
    const state = ready ? 'ready' : 'starting';
    console.log(
      [name, state, nodeAddress, `since ${createdAt}`, emulate && `as ${emulate}`].filter(Boolean).join('  '),
    );
  }
}

async function pathOf(name: string, what: 'kubeconfigPath' | 'containerdSocket'): Promise<void> {
  console.log((await openCluster(name))[what]);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { emulate: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command, name = defaultName, ...more] = positionals;
  if (values.help === true) return console.log(usage);
  if (more.length > 0) throw new Error(`unexpected: ${more.join(' ')}\n\n${usage}`);
  if (command === 'up') return up(name, values.emulate);
  if (command === 'down') return down(name);
  if (command === 'list') return list();
  if (command === 'kubeconfig') return pathOf(name, 'kubeconfigPath');
  if (command === 'socket') return pathOf(name, 'containerdSocket');
  throw new Error(command === undefined ? usage : `unknown command: ${command}\n\n${usage}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
