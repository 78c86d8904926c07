/** The CRDs of Gateway API, from its own Go module. */

import { access, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, run, withProgress } from '../command.ts';
import { withLock } from './lock.ts';
import { cacheDirectory } from './paths.ts';
import { ensureGo, goEnvironment } from './toolchain.ts';
import { gatewayApiVersion } from './versions.ts';

/** Path of a folder whose every file can be applied. */
export async function gatewayApiCrds(
  channel: 'standard' | 'experimental',
  log: Log = () => {},
): Promise<string> {
  const target = join(cacheDirectory(), `gateway-api-${gatewayApiVersion}`);
  const isThere = (): Promise<boolean> =>
    access(target).then(
      () => true,
      () => false,
    );
  if (!(await isThere())) {
    await withLock(`${target}.lock`, async () => {
      if (!(await isThere())) await fetchCrds(target, log);
    });
  }
  return join(target, channel);
}

async function fetchCrds(target: string, log: Log): Promise<void> {
  const go = await ensureGo(log);
  const module = `sigs.k8s.io/gateway-api@${gatewayApiVersion}`;
  await mkdir(cacheDirectory(), { recursive: true });
  const work = await mkdtemp(join(cacheDirectory(), 'gateway-api-'));
  try {
    const download = [go, 'mod', 'download', '-json', module];
    const answer = await withProgress(log, `fetching ${module}`, () =>
      run(download, { cwd: work, env: goEnvironment }),
    );
    const { Dir: source } = JSON.parse(answer) as { Dir: string };
    for (const channel of ['standard', 'experimental']) {
      const from = join(source, 'config', 'crd', channel);
      for (const file of await readdir(from)) {
        // kubectl would take it for an object.
        if (file !== 'kustomization.yaml') await cp(join(from, file), join(work, 'out', channel, file));
      }
    }
    await rename(join(work, 'out'), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
