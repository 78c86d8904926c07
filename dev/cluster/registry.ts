/** Which clusters there are on this machine: one folder each, with a record of the keeper process that owns it. */

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addresses } from './addresses.ts';
import { removeNetwork } from './box.ts';
import { removeCgroups } from './cgroups.ts';
import { withLock } from './lock.ts';
import { clusterDirectory, clustersDirectory } from './paths.ts';

export interface ClusterRecord {
  readonly name: string;
  readonly keeperPid: number;
  /** Start time of the keeper in clock ticks since boot: a process id alone may be another's by now. */
  readonly keeperStart: string;
  readonly createdAt: string;
  readonly emulate?: string;
  readonly addresses?: Addresses;
  /** Set once the node is ready. */
  readonly ready: boolean;
}

const namePattern = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

export function checkName(name: string): void {
  if (namePattern.test(name)) return;
  throw new Error(
    `'${name}' cannot name a cluster: use up to 40 lower-case letters, digits and inner hyphens`,
  );
}

/** Field 22 of /proc/PID/stat, or undefined where there is no such process. */
export async function processStart(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is the program's name in parentheses and may hold spaces.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

export async function isAlive(record: ClusterRecord): Promise<boolean> {
  return (await processStart(record.keeperPid)) === record.keeperStart;
}

export async function readRecord(name: string): Promise<ClusterRecord | undefined> {
  const text = await readFile(join(clusterDirectory(name), 'cluster.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ClusterRecord);
}

export async function writeRecord(record: ClusterRecord): Promise<void> {
  const path = join(clusterDirectory(record.name), 'cluster.json');
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** All clusters whose keeper lives, by name. */
export async function listRecords(): Promise<readonly ClusterRecord[]> {
  const names = await readdir(clustersDirectory).catch(() => []);
  const records: ClusterRecord[] = [];
  for (const name of names.toSorted((a, b) => a.localeCompare(b))) {
    const record = await readRecord(name);
    if (record !== undefined && (await isAlive(record))) records.push(record);
  }
  return records;
}

/** The lock under which clusters are claimed and dead ones are removed. */
export function withRegistry<T>(work: () => Promise<T>): Promise<T> {
  return withLock(join(clustersDirectory, '..', 'clusters.lock'), work);
}

/** Takes the name for the calling process; call it under `withRegistry`. */
export async function claim(name: string, emulate: string | undefined): Promise<ClusterRecord> {
  const existing = await readRecord(name);
  if (existing !== undefined && (await isAlive(existing))) throw new Error(`cluster ${name} runs already`);
  const record: ClusterRecord = {
    name,
    keeperPid: process.pid,
    keeperStart: (await processStart(process.pid)) ?? '',
    createdAt: new Date().toISOString(),
    ready: false,
    ...(emulate === undefined ? {} : { emulate }),
  };
  await mkdir(clusterDirectory(name), { recursive: true, mode: 0o755 });
  await writeRecord(record);
  return record;
}

/** Removes everything a cluster has on the host; its processes must have ended. */
export async function removeRemains(name: string): Promise<void> {
  const record = await readRecord(name);
  await removeNetwork(name, record?.addresses);
  await removeCgroups(`weft-${name}`);
  await rm(clusterDirectory(name), { recursive: true, force: true, maxRetries: 5 });
}

/** Removes what clusters left whose keeper was killed; call it under `withRegistry`. Returns their names. */
export async function sweep(): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of await readdir(clustersDirectory).catch(() => [])) {
    const record = await readRecord(name);
    if (record !== undefined && (await isAlive(record))) continue;
    await removeRemains(name);
    swept.push(name);
  }
  return swept;
}
