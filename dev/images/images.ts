/** Building Weft's images without a container engine, and loading them into a local cluster. See README.md. */

import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { type Log, withProgress } from '../command.ts';
import { canBuild, type ImageName, imageSource } from './definitions.ts';
import { loadImage } from './load.ts';
import { type BuiltImage, buildImage, layersFolder } from './oci.ts';
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
    await forgetOldVersions(built[name].layout);
  }
  await forgetUnusedLayers();
  return built;
}

/** `current` counts as used now. */
async function forgetOldVersions(current: string): Promise<void> {
  await utimes(current, new Date(), new Date());
  const versions = await entriesByAge(dirname(current));
  for (const { path } of versions.slice(keptVersions)) await rm(path, { recursive: true, force: true });
}

/** Layers that no image links to any more; young ones may belong to an image that is being built. */
async function forgetUnusedLayers(): Promise<void> {
  for (const { path, changedMs } of await entriesByAge(layersFolder(imagesDirectory()))) {
    if (Date.now() - changedMs < 600_000) continue;
    const links = (await stat(join(path, 'layer.tar')).catch(() => undefined))?.nlink ?? 1;
    if (links === 1) await rm(path, { recursive: true, force: true });
  }
}

/** The newest first. */
async function entriesByAge(folder: string): Promise<readonly { path: string; changedMs: number }[]> {
  const names = await readdir(folder);
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Another process may remove it at the same moment.
      return { path, changedMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  return entries.sort((a, b) => b.changedMs - a.changedMs);
}

/** Imports the images the cluster does not have yet. */
export async function loadImages(
  cluster: Pick<Cluster, 'containerdSocket'>,
  images: Readonly<Record<string, BuiltImage>>,
  log: Log = () => {},
): Promise<void> {
  for (const image of Object.values(images)) {
    await withProgress(log, `loading ${image.ref}`, () => loadImage(cluster.containerdSocket, image));
  }
}
