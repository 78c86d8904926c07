/**
 * An OCI image as one archive (https://github.com/opencontainers/image-spec), made without a container engine. The
 * same content gives the same bytes, on any machine of the same architecture.
 */

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Blob, fingerprint, type LayerItem, writeTar } from './layer.ts';

/** How a container of the image starts. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  /** `uid:gid` */
  readonly user: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ImageSource {
  /** Without tag, e.g. `localhost/weft/control`. */
  readonly repository: string;
  /** Used as it is; without it the tag is `dev-` and the first 12 digits of the image's digest. */
  readonly tag?: string;
  readonly config: ImageConfig;
  /** Bottom first: what changes rarely below what changes often. */
  readonly layers: readonly (readonly LayerItem[])[];
}

export interface BuiltImage {
  /** Name and tag, as a pod names it. */
  readonly ref: string;
  /** Path of the OCI archive. */
  readonly tar: string;
}

/** Changes whenever the way images are written changes. */
const formatVersion = 1;
const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

function blobOf(content: Buffer): Blob {
  return {
    digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
    sizeBytes: content.length,
  };
}

function blobPath({ digest }: Blob): string {
  return `/blobs/${digest.replace(':', '/')}`;
}

function descriptor(mediaType: string, { digest, sizeBytes }: Blob): object {
  return { mediaType, digest, size: sizeBytes };
}

function imageConfig(config: ImageConfig, layers: readonly Blob[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: {
        User: config.user,
        Env: Object.entries(config.environment).map(([key, value]) => `${key}=${value}`),
        Entrypoint: config.entrypoint,
        WorkingDir: config.workingDirectory,
      },
      // Layers are not compressed, so that a layer's digest is also that of its content.
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  );
}

/** Builds the image into `folder`, or finds it there as it was built from the same inputs. */
export async function buildImage(source: ImageSource, folder: string): Promise<BuiltImage> {
  const { layers: _, ...rest } = source;
  const hash = createHash('sha256').update(JSON.stringify([formatVersion, process.arch, rest]));
  for (const layer of source.layers) await fingerprint(layer, hash);
  const key = hash.digest('hex').slice(0, 24);
  const name = source.repository.split('/').pop() ?? '';
  const target = join(folder, name, key);
  const known = await readFile(join(target, 'ref'), 'utf8').catch(() => undefined);
  if (known !== undefined) return { ref: known, tar: join(target, 'image.tar') };
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(join(folder, name, 'building-'));
  try {
    const ref = await writeImage(source, work);
    await writeFile(join(work, 'ref'), ref);
    await rm(target, { recursive: true, force: true });
    await rename(work, target).catch(async (error: NodeJS.ErrnoException) => {
      // Another process built the same image meanwhile; theirs is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return { ref, tar: join(target, 'image.tar') };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function writeImage(source: ImageSource, work: string): Promise<string> {
  const layers: { blob: Blob; file: string }[] = [];
  for (const [index, items] of source.layers.entries()) {
    const file = join(work, `layer-${index}.tar`);
    layers.push({ blob: await writeTar(items, file), file });
  }
  const blobs = layers.map(({ blob }) => blob);
  const config = imageConfig(source.config, blobs);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(types.config, blobOf(config)),
      layers: blobs.map((blob) => descriptor(types.layer, blob)),
    }),
  );
  const tag = source.tag ?? `dev-${blobOf(manifest).digest.slice('sha256:'.length).slice(0, 12)}`;
  const ref = `${source.repository}:${tag}`;
  const annotations = { 'io.containerd.image.name': ref, 'org.opencontainers.image.ref.name': tag };
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ ...descriptor(types.manifest, blobOf(manifest)), annotations }],
    }),
  );
  const member = (path: string, content: string | Buffer): LayerItem => ({
    kind: 'file',
    path,
    source: content,
    mode: 0o644,
  });
  await writeTar(
    [
      member('/oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
      member('/index.json', index),
      member(blobPath(blobOf(config)), config),
      member(blobPath(blobOf(manifest)), manifest),
      ...layers.map(({ blob, file }) => member(blobPath(blob), file)),
    ],
    join(work, 'image.tar'),
  );
  for (const { file } of layers) await rm(file);
  return ref;
}
