/** Brings what comes from Debian packages: installed where that is possible, otherwise named with the exact remedy. */

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, run, tryRun, withProgress } from '../command.ts';
import { withLock } from './lock.ts';
import { cacheDirectory } from './paths.ts';
import { type DebianProgramName, debianPrograms } from './versions.ts';

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The packages whose files are not there, each once. */
export async function missingPackages(names: readonly DebianProgramName[]): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const name of names) {
    if (!(await exists(debianPrograms[name].file))) missing.add(debianPrograms[name].package);
  }
  return [...missing].sort();
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

/** The paths of the programs, installed first where they are missing. */
export async function ensureDebianPrograms(names: readonly DebianProgramName[], log: Log): Promise<void> {
  const packages = await missingPackages(names);
  if (packages.length === 0) return;
  await installPackages(packages, 'a local cluster', log);
  const stillMissing = await missingPackages(names);
  if (stillMissing.length > 0)
    throw new Error(`${stillMissing.join(', ')} is installed, but not where Debian puts it`);
}
