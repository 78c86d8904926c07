/**
 * An OCI image as a layout folder (https://github.com/opencontainers/image-spec), made without a container engine.
 * The same content gives the same digests, on any machine of the same architecture.
 */

import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  /** Folder with oci-layout, index.json and blobs/. */
  readonly layout: string;
}

/** Changes whenever the way images are written changes. */
const formatVersion = 2;
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

function descriptor(mediaType: string, { digest, sizeBytes }: Blob): object {
  return { mediaType, digest, size: sizeBytes };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function configOf(config: ImageConfig, layers: readonly Blob[]): Buffer {
  return json({
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
  });
}

/** A file or folder that is complete or not there: written aside, then renamed; whoever comes second discards theirs. */
async function appear(target: string, write: (work: string) => Promise<void>): Promise<void> {
  const work = await mkdtemp(`${target}.building-`);
  try {
    await write(join(work, 'it'));
    await rename(join(work, 'it'), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Layers are shared between images, one file each, named by what they were made from. */
export function layersFolder(folder: string): string {
  return join(folder, 'layers');
}

interface Layer {
  readonly blob: Blob;
  readonly file: string;
}

async function layerOf(items: readonly LayerItem[], folder: string): Promise<Layer> {
  const hash = createHash('sha256').update(`${formatVersion}`);
  await fingerprint(items, hash);
  const target = join(layersFolder(folder), hash.digest('hex').slice(0, 24));
  const known = await readFile(join(target, 'blob.json'), 'utf8').catch(() => undefined);
  const file = join(target, 'layer.tar');
  if (known !== undefined) return { blob: JSON.parse(known) as Blob, file };
  await mkdir(layersFolder(folder), { recursive: true });
  let blob: Blob | undefined;
  await appear(target, async (work) => {
    await mkdir(work);
    blob = await writeTar(items, join(work, 'layer.tar'));
    await writeFile(join(work, 'blob.json'), JSON.stringify(blob));
  });
  if (blob === undefined) throw new Error(`no layer was written to ${target}`);
  return { blob, file };
}

/** Builds the image below `folder`, or finds it there. */
export async function buildImage(source: ImageSource, folder: string): Promise<BuiltImage> {
  const layers: Layer[] = [];
  for (const items of source.layers) layers.push(await layerOf(items, folder));
  const blobs = layers.map(({ blob }) => blob);
  const config = configOf(source.config, blobs);
  const manifest = json({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(types.config, blobOf(config)),
    layers: blobs.map((blob) => descriptor(types.layer, blob)),
  });
  const digits = blobOf(manifest).digest.slice('sha256:'.length).slice(0, 12);
  const tag = source.tag ?? `dev-${digits}`;
  const ref = `${source.repository}:${tag}`;
  const name = source.repository.split('/').pop() ?? '';
  const layout = join(folder, name, `${tag}-${digits}`);
  if ((await readFile(join(layout, 'index.json')).catch(() => undefined)) !== undefined)
    return { ref, layout };
  const annotations = { 'io.containerd.image.name': ref, 'org.opencontainers.image.ref.name': tag };
  const manifests = [{ ...descriptor(types.manifest, blobOf(manifest)), annotations }];
  await mkdir(join(folder, name), { recursive: true });
  await appear(layout, async (work) => {
    const blobFolder = join(work, 'blobs', 'sha256');
    await mkdir(blobFolder, { recursive: true });
    const place = ({ digest }: Blob): string => join(blobFolder, digest.slice('sha256:'.length));
    for (const content of [config, manifest]) await writeFile(place(blobOf(content)), content);
    // A link more tells that the layer is in use.
    for (const { blob, file } of layers) await link(file, place(blob));
    await writeFile(join(work, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
    await writeFile(join(work, 'index.json'), json({ schemaVersion: 2, manifests }));
  });
  return { ref, layout };
}

/** The layout as one archive, without the blobs whose digests are in `known`. */
export async function archiveItems(
  layout: string,
  known: ReadonlySet<string>,
): Promise<readonly LayerItem[]> {
  const items: LayerItem[] = ['oci-layout', 'index.json'].map((file) => fileItem(layout, file));
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[];
  };
  const digests: string[] = index.manifests.map(({ digest }) => digest);
  for (const { digest } of index.manifests) {
    const text = await readFile(join(layout, 'blobs', digest.replace(':', '/')), 'utf8');
    const manifest = JSON.parse(text) as { config: { digest: string }; layers: { digest: string }[] };
    digests.push(manifest.config.digest, ...manifest.layers.map((layer) => layer.digest));
  }
  for (const digest of new Set(digests)) {
    if (!known.has(digest)) items.push(fileItem(layout, `blobs/${digest.replace(':', '/')}`));
  }
  return items;
}

function fileItem(layout: string, file: string): LayerItem {
  return { kind: 'file', path: `/${file}`, source: join(layout, file), mode: 0o644 };
}
