/** One cgroup per cluster in every hierarchy of the host (v1, v2 or both), so that clusters do not share `/kubepods`. */

import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wait } from '../../src/base/backoff.ts';

export interface Hierarchy {
  readonly mountPoint: string;
  readonly version: 1 | 2;
}

/** The cgroup mounts of /proc/self/mountinfo. */
export function parseHierarchies(mountinfo: string): readonly Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mountinfo.split('\n')) {
    const [mount, source] = line.split(' - ');
    const mountPoint = mount?.split(' ')[4];
    const fileSystem = source?.split(' ')[0];
    if (mountPoint === undefined) continue;
    if (fileSystem === 'cgroup') found.push({ mountPoint, version: 1 });
    if (fileSystem === 'cgroup2') found.push({ mountPoint, version: 2 });
  }
  return found;
}

async function hierarchies(): Promise<readonly Hierarchy[]> {
  return parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8'));
}

export async function createCgroups(name: string): Promise<void> {
  for (const { mountPoint, version } of await hierarchies()) {
    const path = join(mountPoint, name);
    if (version === 2) await delegate(mountPoint);
    await mkdir(path, { recursive: true });
    if (version === 2) continue;
    // A cpuset without CPUs and memory nodes accepts no process.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const inherited = await readFile(join(mountPoint, file), 'utf8').catch(() => undefined);
      if (inherited !== undefined) await writeFile(join(path, file), inherited);
    }
  }
}

/** Lets the children of the v2 root use every controller it has. */
async function delegate(mountPoint: string): Promise<void> {
  const controllers = (await readFile(join(mountPoint, 'cgroup.controllers'), 'utf8')).trim();
  if (controllers === '') return;
  const all = controllers.split(' ').map((controller) => `+${controller}`);
  await writeFile(join(mountPoint, 'cgroup.subtree_control'), all.join(' ')).catch((error: unknown) => {
    throw new Error(
      `the cgroup controllers of ${mountPoint} cannot be shared out; run this outside a container`,
      {
        cause: error,
      },
    );
  });
}

async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeTree(join(path, entry.name));
  }
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Removes the cluster's cgroups; their last processes may take a moment to be gone. */
export async function removeCgroups(name: string): Promise<void> {
  for (const { mountPoint } of await hierarchies()) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await removeTree(join(mountPoint, name));
        break;
      } catch (error) {
        if (attempt === 100) throw error;
        await wait(50);
      }
    }
  }
}
