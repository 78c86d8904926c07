/** Brings what comes from Debian packages: installed where that is possible, otherwise named with the exact remedy. */

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, run, tryRun, withProgress } from '../command.ts';
import { withLock } from './lock.ts';
import { cacheDirectory } from './paths.ts';
import { type DebianProgramName, debianPrograms } from './versions.ts';

/** Where Debian and its relatives put programs and CNI plugins. */
const folders = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/lib/cni',
  '/opt/cni/bin',
];

async function find(name: DebianProgramName): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** The packages whose programs are not there, each once. */
export async function missingPackages(names: readonly DebianProgramName[]): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const name of names) {
    if ((await find(name)) === undefined) missing.add(debianPrograms[name]);
  }
  return [...missing];
}

/** Installs the packages with apt-get; where that is not possible the error says what to do by hand. */
export async function installPackages(packages: readonly string[], why: string, log: Log): Promise<void> {
  const remedy = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0)
    throw new Error(`${why} needs ${packages.join(', ')}; as root run: ${remedy}`);
  const apt = await tryRun(['apt-get', '--version']);
  if (apt.code !== 0) {
    throw new Error(
      `${why} needs ${packages.join(', ')} (names as in Debian); install them with this system's package manager`,
    );
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages];
  await withLock(join(cacheDirectory(), 'apt.lock'), () =>
    withProgress(log, `installing ${packages.join(', ')} from Debian`, async () => {
      // The package lists may be absent or older than what the mirror still has.
      if ((await tryRun(install, { env })).code === 0) return;
      await run(['apt-get', 'update', '-q'], { env });
      await run(install, { env });
    }),
  ).catch((error: unknown) => {
    throw new Error(
      `${why} needs ${packages.join(', ')}, which apt-get could not install; once it can: ${remedy}`,
      {
        cause: error,
      },
    );
  });
}

/** Installs what is missing of the programs, all packages at once. */
export async function ensureDebianPrograms(names: readonly DebianProgramName[], log: Log): Promise<void> {
  const packages = await missingPackages(names);
  if (packages.length > 0) await installPackages(packages, 'a local cluster', log);
}

/** Absolute path of the program, installed first where it is missing. */
export async function ensureDebianProgram(name: DebianProgramName, log: Log): Promise<string> {
  await ensureDebianPrograms([name], log);
  const path = await find(name);
  if (path === undefined)
    throw new Error(`${debianPrograms[name]} is installed, but ${name} is in none of ${folders.join(', ')}`);
  return path;
}
