/** Building Weft's images without a container engine, and loading them into a local cluster. See README.md. */

import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { type Log, run, withProgress } from '../command.ts';
import { canBuild, type ImageName, imageSource } from './definitions.ts';
import { type BuiltImage, buildImage } from './oci.ts';
import { imagesDirectory } from './pause.ts';

export type { BuiltImage } from './oci.ts';
export type { ImageName } from './definitions.ts';

/** What a mesh with its sample application needs. */
const usualImages: readonly ImageName[] = ['control', 'redirect', 'envoy', 'sample'];
/** Older versions of an image that stay in the cache. */
const keptVersions = 4;

/** Builds the images, or those of the usual ones whose sources are there; by name. */
export async function buildImages(
  names?: readonly ImageName[],
  log: Log = () => {},
): Promise<Readonly<Record<string, BuiltImage>>> {
  const built: Record<string, BuiltImage> = {};
  for (const name of names ?? usualImages) {
    if (names === undefined && !(await canBuild(name))) continue;
    built[name] = await withProgress(log, `building the image ${name}`, async () =>
      buildImage(await imageSource(name, log), imagesDirectory()),
    );
    await forgetOldVersions(dirname(built[name].tar));
  }
  return built;
}

async function forgetOldVersions(current: string): Promise<void> {
  await utimes(current, new Date(), new Date());
  const folder = dirname(current);
  const versions = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      // Another process may remove it at the same moment.
      return { path, usedMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  versions.sort((a, b) => b.usedMs - a.usedMs);
  for (const { path } of versions.slice(keptVersions)) await rm(path, { recursive: true, force: true });
}

/** Imports the images the cluster does not have yet. */
export async function loadImages(
  cluster: Pick<Cluster, 'containerdSocket'>,
  images: Readonly<Record<string, BuiltImage>>,
  log: Log = () => {},
): Promise<void> {
  const control = ['ctr', '--address', cluster.containerdSocket, '--namespace', 'k8s.io', 'images'];
  const present = new Set((await run([...control, 'list', '--quiet'])).split('\n'));
  for (const { ref, tar } of Object.values(images)) {
    if (present.has(ref)) continue;
    await withProgress(log, `loading ${ref}`, () => run([...control, 'import', tar]));
  }
}
