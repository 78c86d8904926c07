/**
 * The programs of a conformance run, built from the Go module of this folder: the suite's own test package, unmodified,
 * its echo server, and echo-advanced. Each appears in a cache folder that is named by what it is built from.
 */

import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, run, withProgress } from '../../dev/command.ts';
import { withLock } from '../../dev/cluster/lock.ts';
import { cacheDirectory } from '../../dev/cluster/paths.ts';
import { createAuthority, issue } from '../../dev/cluster/pki.ts';
import { ensureGo, goEnvironment } from '../../dev/cluster/toolchain.ts';

export interface SuitePrograms {
  /** Of `go test -c`: takes the suite's flags. */
  readonly suite: string;
  readonly echoBasic: string;
  readonly echoAdvanced: string;
  /** Any certificate, for the TLS port of echo-advanced, and its key. */
  readonly certificate: string;
  readonly key: string;
  /** Folder with the suite's manifests. */
  readonly sources: string;
}

const module = 'sigs.k8s.io/gateway-api/conformance';
const directory = import.meta.dirname;

/** Builds what is not there yet; minutes the first time, nothing afterwards. */
export async function ensureSuite(log: Log): Promise<SuitePrograms> {
  const go = await ensureGo(log);
  const target = join(cacheDirectory(), 'bin', `conformance-${await sourcesHash()}`);
  await withLock(`${target}.lock`, async () => {
    if (!(await exists(target))) await build(go, target, log);
  });
  const list = [go, 'list', '-m', '-f', '{{.Dir}}', module];
  const sources = await run(list, { cwd: directory, env: goEnvironment });
  return {
    suite: join(target, 'suite.test'),
    echoBasic: join(target, 'echo-basic'),
    echoAdvanced: join(target, 'echo-advanced'),
    certificate: join(target, 'cert.crt'),
    key: join(target, 'cert.key'),
    sources: sources.trim(),
  };
}

async function build(go: string, target: string, log: Log): Promise<void> {
  await mkdir(join(cacheDirectory(), 'bin'), { recursive: true });
  const work = await mkdtemp(`${target}.building-`);
  const flags = ['-trimpath', '-ldflags', '-s -w'];
  const commands = {
    'the conformance suite': [go, 'test', '-c', ...flags, '-o', join(work, 'suite.test'), module],
    'echo-basic': [go, 'build', ...flags, '-o', join(work, 'echo-basic'), `${module}/echo-basic`],
    'echo-advanced': [go, 'build', ...flags, '-o', join(work, 'echo-advanced'), './echo-advanced'],
  };
  try {
    for (const [name, argv] of Object.entries(commands)) {
      await withProgress(log, `building ${name}`, () => run(argv, { cwd: directory, env: goEnvironment }));
    }
    const pair = issue(createAuthority(), { commonName: 'echo', names: ['echo'] });
    await writeFile(join(work, 'cert.crt'), pair.certificatePem);
    await writeFile(join(work, 'cert.key'), pair.keyPem);
    await rename(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([process.arch, goEnvironment]));
  const own = await readdir(join(directory, 'echo-advanced'));
  const files = ['go.mod', 'go.sum', ...own.sort().map((file) => join('echo-advanced', file))];
  for (const file of files) hash.update(await readFile(join(directory, file)));
  return hash.digest('hex').slice(0, 12);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
