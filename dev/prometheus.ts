/**
 * Brings a real Prometheus for tests: Debian's package, taken apart into the cache. It is not installed, since that
 * would start it as a service of the machine.
 */

import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './cluster/lock.ts';
import { cacheDirectory } from './cluster/paths.ts';
import { type Log, run, tryRun, withProgress } from './command.ts';

/** Absolute path of the program, fetched first where it is missing. */
export async function ensurePrometheus(log: Log = () => undefined): Promise<string> {
  const home = join(cacheDirectory(), 'debian', 'prometheus');
  const program = join(home, 'usr', 'bin', 'prometheus');
  if (await isThere(program)) return program;
  return withLock(`${home}.lock`, async () => {
    if (await isThere(program)) return program;
    await withProgress(log, 'fetching prometheus from Debian', () => fetchInto(home));
    return program;
  });
}

async function fetchInto(home: string): Promise<void> {
  const parent = join(cacheDirectory(), 'debian');
  await mkdir(parent, { recursive: true });
  const scratch = await mkdtemp(join(parent, 'fetch-'));
  try {
    const download = ['apt-get', 'download', '-q', 'prometheus'];
    if ((await tryRun(download, { cwd: scratch })).code !== 0) {
      // The package lists may be absent or older than what the mirror still has.
      await run(['apt-get', 'update', '-q']);
      await run(download, { cwd: scratch });
    }
    const [archive] = (await readdir(scratch)).filter((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded no package');
    const taken = join(scratch, 'taken');
    await run(['dpkg', '-x', join(scratch, archive), taken]);
    await rename(taken, home);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
