/**
 * The box a node lives in: a network namespace linked to the host, and a first process that owns a mount and a
 * process namespace. Ending that one process ends everything in the box, with all its mounts.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { run, tryRun } from '../command.ts';
import { type Addresses, addressesOf, hostCommands, maxClusters, nodeCommands } from './addresses.ts';

export function networkNamespaceName(name: string): string {
  return `weft-${name}`;
}

export function networkNamespacePath(name: string): string {
  return `/run/netns/${networkNamespaceName(name)}`;
}

/**
 * Makes the network namespace and its link to the host. The link's name carries the index, and creating it either
 * succeeds or says that it exists: so the kernel itself keeps two clusters from taking the same addresses.
 */
export async function createNetwork(name: string): Promise<Addresses> {
  const namespace = networkNamespaceName(name);
  await run(['ip', 'netns', 'add', namespace]);
  for (let index = 0; index < maxClusters; index += 1) {
    const addresses = addressesOf(index);
    const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace];
    const result = await tryRun(['ip', 'link', 'add', addresses.hostLink, ...peer]);
    if (result.code !== 0 && result.stderr.includes('File exists')) continue;
    if (result.code !== 0) throw new Error(`the link to the node could not be made: ${result.stderr.trim()}`);
    await run(['ip', '-n', namespace, '-batch', '-'], { input: nodeCommands(addresses) });
    await run(['ip', '-batch', '-'], { input: hostCommands(addresses) });
    return addresses;
  }
  throw new Error(`${maxClusters} clusters run already; end one with: npm run cluster -- down NAME`);
}

/** Removes what createNetwork made, as far as it is there. */
export async function removeNetwork(name: string, addresses: Addresses | undefined): Promise<void> {
  // The namespace alone would take the link with it, but at a time of the kernel's choosing.
  if (addresses !== undefined) await tryRun(['ip', 'link', 'del', addresses.hostLink]);
  await tryRun(['ip', 'netns', 'del', networkNamespaceName(name)]);
}

/**
 * The first process of the box. /run, /var/lib and /var/log become its own (the kubelet, CNI and containerd's shims
 * have fixed paths there, which two clusters would share and a killed one would leave behind), except for the
 * cluster's folder, which stays where it is. Then it only reaps orphans.
 */
function firstProcessScript(directory: string): string {
  return `set -e
mount --make-rshared /
mount --bind ${directory}/var-log /var/log
mount -t tmpfs -o mode=755 weft /run
mkdir -p /run/netns /run/lock /run/weft/upper /run/weft/work /run/weft/keep
mount --bind ${directory} /run/weft/keep
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/weft/upper,workdir=/run/weft/work weft /var/lib
mount --bind /run/weft/keep ${directory}
echo 1 > /proc/sys/net/ipv4/ip_forward
echo up
while :; do sleep 1000000 & wait $!; done
`;
}

export interface Box {
  /** The first process, as numbered on the host. */
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves when the box has ended, by whatever cause. */
  readonly ended: Promise<void>;
  /** Ends everything in it. */
  end(): Promise<void>;
}

/** Words in front of a command so that it dies with the process that started it. */
export const dieWithParent = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

export async function openBox(name: string, directory: string): Promise<Box> {
  const namespaces = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--fork',
    '--mount-proc',
    '--kill-child',
  ];
  const argv = [
    `--net=${networkNamespacePath(name)}`,
    '--',
    ...namespaces,
    '--',
    'sh',
    '-c',
    firstProcessScript(directory),
  ];
  const [program, ...wrapper] = dieWithParent;
  const child = spawn(program, [...wrapper, 'nsenter', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const isUp = await Promise.race([
    new Promise<boolean>((resolve) => child.stdout.once('data', () => resolve(true))),
    ended.then(() => false),
    new Promise<boolean>((resolve) => child.once('error', () => resolve(false))),
  ]);
  if (!isUp || child.pid === undefined)
    throw new Error(`the node's namespaces could not be made: ${said.trim()}`);
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return {
    pid: Number(children.trim().split(' ')[0]),
    process: child,
    ended,
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Words in front of a command that run it inside the box, and end it when the caller ends. */
export function insideBox(box: Box): readonly string[] {
  return [
    ...dieWithParent,
    'nsenter',
    `--target=${box.pid}`,
    '--mount',
    '--pid',
    '--net',
    '--',
    ...dieWithParent,
  ];
}
