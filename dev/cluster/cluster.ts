/**
 * A real one-node Kubernetes on this machine, for developing and testing Weft: `startCluster` for a whole node,
 * `startApiServer` for etcd and the API server alone, `findCluster` for one that runs already. See README.md.
 */

import { mkdtemp } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { wait } from '../../src/base/backoff.ts';
import { type CommandOptions, type CommandResult, type Log, run, tryRun } from '../command.ts';
import { ensureBinaries, ensureBinary } from './binaries.ts';
import { networkNamespacePath } from './box.ts';
import { adminKubeconfigPath } from './credentials.ts';
import { ensureDebianPrograms } from './debian.ts';
import { containerdSocket } from './node-files.ts';
import { askKeeper, type Keeper, startKeeper } from './owner.ts';
import { clusterDirectory, scratchDirectory } from './paths.ts';
import {
  checkName,
  type ClusterRecord,
  isAlive,
  listRecords,
  processStart,
  readRecord,
  removeRemains,
  withRegistry,
} from './registry.ts';
import { type NodeProgramName, nodePrograms } from './versions.ts';
import { buildPauseImage } from '../images/pause.ts';

export { ensureBinary } from './binaries.ts';
export { gatewayApiCrds } from './gateway-api.ts';

export interface Cluster {
  readonly name: string;
  readonly kubeconfigPath: string;
  readonly containerdSocket: string;
  /** The node's address, reachable from the host as pods and Services are. */
  readonly nodeAddress: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly loadBalancerCidr: string;
  /** An address that a Service of type LoadBalancer gets when it asks for it. */
  readonly staticAddress: string;
  /** One that no Service gets. */
  readonly refusedAddress: string;
  /** Path of the node's network namespace. */
  readonly networkNamespace: string;
  readonly binaries: { readonly kubectl: string };
  /** Folder with one log per component, and audit.log. */
  readonly logDirectory: string;
  /** Runs a program of this machine inside the node's network namespace, to its end, whatever its exit code. */
  exec(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Runs kubectl against this cluster; resolves with its output, throws with what it said when it fails. */
  kubectl(argv: readonly string[], options?: CommandOptions): Promise<string>;
  /** Kills and starts the kubelet (which then asks for every pod's certificates anew); resolves when it listens. */
  restartKubelet(): Promise<void>;
  /** Kills and starts any component, e.g. `kube-apiserver`; resolves when the new process runs. */
  restart(component: string): Promise<void>;
  /** Takes the cluster down; nothing of it is left on the machine when this resolves. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly name: string;
  /** A Kubernetes minor release to behave as, e.g. `1.36`. */
  readonly emulate?: string;
  /** True: the cluster ends with this process, however that ends. False: it lives until it is taken down. */
  readonly ephemeral: boolean;
  readonly log: Log;
  /** Aborting ends a start under way. */
  readonly signal?: AbortSignal;
}

/** Throws one sentence where a local cluster cannot run. */
export function checkMachine(): void {
  const other = 'use another cluster with --kubeconfig FILE or --context NAME';
  if (process.platform !== 'linux')
    throw new Error(`a local cluster needs Linux, this is ${process.platform}; ${other}`);
  if (process.getuid?.() !== 0)
    throw new Error(`a local cluster needs root (network namespaces, mounts); ${other}`);
}

/** Brings everything a node is made of, so that a later start is quick. */
export async function prepareMachine(log: Log): Promise<Readonly<Record<NodeProgramName, string>>> {
  await ensureDebianPrograms(nodePrograms.debian, log);
  return ensureBinaries(nodePrograms.go, log);
}

export async function startCluster(options: StartOptions): Promise<Cluster> {
  const { name, emulate, log } = options;
  checkMachine();
  checkName(name);
  const programs = await unlessAborted(prepareMachine(log), options.signal);
  const keeper = await startKeeper(
    {
      kind: 'cluster',
      name,
      programs,
      pauseImage: await buildPauseImage(log),
      cniDirectory: dirname(await ensureBinary('host-local', log)),
      ...(emulate === undefined ? {} : { emulate }),
    },
    log,
    options.signal,
  );
  if (!options.ephemeral) keeper.release();
  const record = await readRecord(name);
  if (record === undefined) throw new Error(`cluster ${name} ended as soon as it was ready`);
  return clusterOf(record, programs.kubectl, keeper);
}

/** Rejects as soon as the signal aborts, whatever becomes of the work. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new Error('interrupted'));
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}

/** A cluster that runs on this machine. */
export async function findCluster(name: string): Promise<Cluster | undefined> {
  const record = await readRecord(name);
  if (record === undefined || !record.ready || !(await isAlive(record))) return undefined;
  return clusterOf(record, await ensureBinary('kubectl'));
}

/** A cluster that must run; throws what to do where it does not. */
export async function openCluster(name: string): Promise<Cluster> {
  const cluster = await findCluster(name);
  if (cluster !== undefined) return cluster;
  throw new Error(`cluster ${name} does not run; start it with: npm run cluster -- up ${name}`);
}

export interface ClusterSummary {
  readonly name: string;
  readonly nodeAddress: string;
  readonly emulate: string | undefined;
  readonly createdAt: string;
  readonly ready: boolean;
}

export async function listClusters(): Promise<readonly ClusterSummary[]> {
  return (await listRecords()).map(({ name, addresses, emulate, createdAt, ready }) => ({
    name,
    nodeAddress: addresses?.node ?? '',
    emulate,
    createdAt,
    ready,
  }));
}

/** Takes a cluster down, also one whose keeper was killed; false where there is none of this name. */
export async function stopCluster(name: string): Promise<boolean> {
  const record = await readRecord(name);
  if (record === undefined) return false;
  if (await isAlive(record)) {
    process.kill(record.keeperPid, 'SIGTERM');
    while ((await processStart(record.keeperPid)) === record.keeperStart) await wait(20);
  }
  await withRegistry(async () => {
    const left = await readRecord(name);
    if (left !== undefined && !(await isAlive(left))) await removeRemains(name);
  });
  return true;
}

function clusterOf(record: ClusterRecord, kubectl: string, keeper?: Keeper): Cluster {
  const { name, addresses } = record;
  if (addresses === undefined) throw new Error(`cluster ${name} has no addresses yet`);
  const directory = clusterDirectory(name);
  const kubeconfigPath = adminKubeconfigPath(directory);
  const networkNamespace = networkNamespacePath(name);
  const restart = (component: string): Promise<void> => askKeeper(directory, `restart ${component}`);
  return {
    name,
    kubeconfigPath,
    containerdSocket: containerdSocket(directory),
    nodeAddress: addresses.node,
    podCidr: addresses.podCidr,
    serviceCidr: addresses.serviceCidr,
    loadBalancerCidr: addresses.loadBalancerCidr,
    staticAddress: addresses.staticAddress,
    refusedAddress: addresses.refusedAddress,
    networkNamespace,
    binaries: { kubectl },
    logDirectory: join(directory, 'log'),
    exec: (argv, options) => tryRun(['nsenter', `--net=${networkNamespace}`, '--', ...argv], options),
    kubectl: (argv, options) => run([kubectl, '--kubeconfig', kubeconfigPath, ...argv], options),
    restart,
    restartKubelet: async () => {
      await restart('kubelet');
      while (!(await listens(addresses.node, 10_250))) await wait(50);
    },
    stop: async () => {
      await stopCluster(name);
      await keeper?.ended();
    },
  };
}

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

export interface ApiServer {
  readonly kubeconfigPath: string;
  /** `https://127.0.0.1:PORT` */
  readonly address: string;
  /** Kills the API server and starts it again on the same port; resolves when the new process runs. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  readonly emulate?: string;
  /** Also run the controller-manager (ServiceAccounts, garbage collection, namespaces' deletion). */
  readonly withControllers?: boolean;
  readonly log: Log;
}

/** etcd and kube-apiserver on free ports of loopback; needs no root and ends with this process. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { emulate, log, withControllers = false } = options;
  if (process.platform !== 'linux')
    throw new Error(`a local API server needs Linux, this is ${process.platform}`);
  const programs = await ensureBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager'], log);
  const directory = await mkdtemp(join(scratchDirectory(), 'weft-api-'));
  const keeper = await startKeeper(
    {
      kind: 'api-server',
      directory,
      programs,
      withControllers,
      ...(emulate === undefined ? {} : { emulate }),
    },
    log,
  );
  return {
    kubeconfigPath: adminKubeconfigPath(directory),
    address: keeper.address,
    restart: () => askKeeper(directory, 'restart kube-apiserver'),
    stop: async () => {
      await askKeeper(directory, 'stop');
      await keeper.ended();
    },
  };
}
