/**
 * The process that owns one cluster: it makes it, watches over it, and takes it down with everything it has on the
 * host when it is told to, when its owner is gone, or when the node ends. It runs apart from its owner's terminal
 * and process group, so that neither Ctrl-C nor the death of the owner can end it before it has cleaned up.
 */

import { mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { startApiServerPlan } from './api-server-node.ts';
import { createNetwork, dieWithParent, insideBox, openBox } from './box.ts';
import { createCgroups } from './cgroups.ts';
import { startNode, writeNodeFiles } from './node.ts';
import { clusterDirectory } from './paths.ts';
import {
  type ApiServerPlan,
  type ClusterPlan,
  controlSocket,
  keepLine,
  type Plan,
  type Report,
} from './plan.ts';
import { claim, removeRemains, sweep, withRegistry, writeRecord } from './registry.ts';
import { Supervisor } from './supervisor.ts';

function report(message: Report): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** For whoever looks into the log later. */
function note(line: string): void {
  const name = given?.kind === 'cluster' ? given.name : 'API server';
  console.error(`${new Date().toISOString()} ${name} (${process.pid}): ${line}`);
}

/** Once the cluster is ready its owner listens no more; what goes wrong afterwards is in the log. */
const progress = (line: string): void => {
  if (isReady) note(line);
  else report({ kind: 'progress', line });
};
// The owner may be gone, and with it the reader of our reports.
process.stdout.on('error', () => {});

let given: Plan | undefined;
let isReady = false;

/** Aborted when the cluster is to end; a start under way then stops at its next step. */
const ending = new AbortController();
let start: Promise<string> | undefined;
/** What to undo, in reverse order, however far the start came. */
const undo: (() => Promise<unknown>)[] = [];
let taken: Promise<void> | undefined;

function takeDown(): Promise<void> {
  taken ??= (async () => {
    ending.abort(new Error('the cluster is being taken down'));
    // Only when the start does nothing any more is the list of what to undo complete.
    await start?.catch(() => {});
    for (const step of undo.toReversed()) {
      await step().catch((error: unknown) => note(`taking it down: ${String(error)}`));
    }
  })();
  return taken;
}

function endBecause(reason: string): void {
  note(`ending: ${reason}`);
  void takeDown().then(() => process.exit(0));
}

function superviseIn(
  directory: string,
  prefix: readonly string[],
  environment: NodeJS.ProcessEnv,
): Supervisor {
  const logDirectory = join(directory, 'log');
  return new Supervisor({ prefix, logDirectory, environment, log: progress, signal: ending.signal });
}

async function keepCluster(plan: ClusterPlan): Promise<string> {
  const directory = clusterDirectory(plan.name);
  const { record, addresses } = await withRegistry(async () => {
    ending.signal.throwIfAborted();
    await sweep();
    const claimed = await claim(plan.name, plan.emulate);
    undo.push(() => removeRemains(plan.name));
    const network = await createNetwork(plan.name);
    await writeRecord({ ...claimed, addresses: network });
    return { record: claimed, addresses: network };
  });
  await createCgroups(`weft-${plan.name}`);
  await writeNodeFiles(plan, directory, addresses);
  ending.signal.throwIfAborted();
  const box = await openBox(plan.name, directory);
  undo.push(() => box.end());
  void box.ended.then(() => endBecause('the node ended'));
  const folders = new Set(Object.values(plan.programs).map((path) => dirname(path)));
  const path = [...folders, '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const environment = { PATH: path.join(delimiter), HOME: '/root' };
  const supervisor = superviseIn(directory, insideBox(box), environment);
  await control(supervisor, directory);
  undo.push(() => supervisor.end());
  await startNode(plan, directory, addresses, supervisor);
  await writeRecord({ ...record, addresses, ready: true });
  return `https://${addresses.node}:6443`;
}

async function keepApiServer(plan: ApiServerPlan): Promise<string> {
  undo.push(() => rm(plan.directory, { recursive: true, force: true, maxRetries: 5 }));
  await mkdir(join(plan.directory, 'log'), { recursive: true });
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const supervisor = superviseIn(plan.directory, dieWithParent, environment);
  await control(supervisor, plan.directory);
  undo.push(() => supervisor.end());
  return startApiServerPlan(plan, supervisor);
}

/** Answers on the control socket: `restart NAME` and `stop`. */
async function control(supervisor: Supervisor, directory: string): Promise<void> {
  const answer = async (line: string): Promise<string> => {
    const [verb, name = ''] = line.split(' ');
    if (verb === 'restart') return supervisor.restart(name).then(() => 'ok');
    if (verb === 'stop') return takeDown().then(() => 'ok');
    throw new Error(`unknown request: ${line}`);
  };
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      void answer(line)
        .catch((error: Error) => `error ${error.message}`)
        .then((text) => {
          socket.end(`${text}\n`, () => {
            if (taken !== undefined) process.exit(0);
          });
        });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(controlSocket(directory), resolve);
  });
}

function firstLineOf(lines: AsyncIterableIterator<string>): Promise<string> {
  return lines.next().then(({ value, done }) => {
    if (done === true) throw new Error('no plan given');
    return value;
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => endBecause(signal));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const plan = JSON.parse(await firstLineOf(lines)) as Plan;
given = plan;
const owner = (async () => {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) return endBecause('the owner is gone');
    if (value === keepLine) return;
  }
})();
try {
  start = plan.kind === 'cluster' ? keepCluster(plan) : keepApiServer(plan);
  const address = await start;
  isReady = true;
  report({ kind: 'ready', address });
} catch (error) {
  if (taken === undefined)
    report({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  await takeDown();
  process.exit(1);
}
await owner;
