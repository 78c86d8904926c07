/** What goes into one layer of an image, and how it becomes a tar file with a digest. */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type TarEntry, tarEnd, tarHeader, tarPadding } from './tar.ts';

/** One file, folder or link of an image; `path` is absolute in the image, `source` a path on this machine or content. */
export type LayerItem =
  | { readonly kind: 'file'; readonly path: string; readonly source: string | Buffer; readonly mode: number }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** The items with every folder above them, each path once, sorted by path. */
export function completeItems(items: readonly LayerItem[]): readonly LayerItem[] {
  const byPath = new Map<string, LayerItem>();
  for (const item of items) {
    const parents = item.path.split('/').slice(1, -1);
    for (const depth of parents.keys()) {
      const path = `/${parents.slice(0, depth + 1).join('/')}`;
      if (!byPath.has(path)) byPath.set(path, { kind: 'folder', path, mode: 0o755 });
    }
    byPath.set(item.path, item);
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Feeds the hash with everything the layer will contain. Files of this machine count by place, size and time of
 * change, which is cheap to ask; their content decides the digest that the image is named by.
 */
export async function fingerprint(items: readonly LayerItem[], hash: Hash): Promise<void> {
  for (const item of completeItems(items)) {
    if (item.kind !== 'file') hash.update(JSON.stringify(item));
    else if (Buffer.isBuffer(item.source))
      hash.update(JSON.stringify([item.path, item.mode])).update(item.source);
    else {
      const { size, mtimeMs, ino } = await stat(item.source);
      hash.update(JSON.stringify([item.path, item.mode, item.source, size, mtimeMs, ino]));
    }
  }
}

/** The items as a tar archive, piece by piece. */
export async function* tarOf(items: readonly LayerItem[]): AsyncGenerator<Buffer> {
  for (const item of completeItems(items)) {
    const contentBytes = item.kind === 'file' ? await sizeOf(item.source) : 0;
    yield tarHeader(entryOf(item, contentBytes));
    if (item.kind !== 'file') continue;
    if (Buffer.isBuffer(item.source)) yield item.source;
    else
      for await (const chunk of createReadStream(item.source, { highWaterMark: 1 << 20 }))
        yield chunk as Buffer;
    yield tarPadding(contentBytes);
  }
  yield tarEnd;
}

export interface Blob {
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Writes the items as a tar file to `target`. */
export async function writeTar(items: readonly LayerItem[], target: string): Promise<Blob> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measured = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of tarOf(items)) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  };
  await pipeline(measured, createWriteStream(target));
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
}

async function sizeOf(source: string | Buffer): Promise<number> {
  return Buffer.isBuffer(source) ? source.length : (await stat(source)).size;
}

function entryOf(item: LayerItem, sizeBytes: number): TarEntry {
  const path = item.path.slice(1);
  if (item.kind === 'link') return { path, kind: 'link', mode: 0o777, sizeBytes: 0, target: item.target };
  return { path, kind: item.kind, mode: item.mode, sizeBytes };
}
