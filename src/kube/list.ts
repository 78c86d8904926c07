/** Reads a collection page by page, for API servers without WatchList. */

import { isKubeError } from './errors.ts';
import { Pacer } from './pacer.ts';
import type { KubeClient, KubeObject, RequestOptions } from './types.ts';

interface Page<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}

const pageSize = 500;

export interface ListOptions<T> {
  readonly api: Pick<KubeClient, 'request'>;
  readonly path: string;
  readonly query: NonNullable<RequestOptions['query']>;
  readonly signal: AbortSignal;
  readonly onObject: (object: T) => void;
  /** The pages so far are void: the list starts again. */
  readonly onRestart: () => void;
}

/**
 * Returns the version of the list. When the next page has expired meanwhile (410), reads everything in one
 * piece, which cannot expire.
 */
export async function readList<T extends KubeObject>(options: ListOptions<T>): Promise<string> {
  try {
    return await readPages(options, pageSize);
  } catch (error) {
    if (!isKubeError(error, 410)) throw error;
    options.onRestart();
    return readPages(options, undefined);
  }
}

async function readPages<T extends KubeObject>(
  options: ListOptions<T>,
  limit: number | undefined,
): Promise<string> {
  const pacer = new Pacer();
  let next: string | undefined;
  let version = '';
  do {
    const page = await options.api.request<Page<T>>('GET', options.path, {
      query: { ...options.query, limit, continue: next },
      signal: options.signal,
    });
    for (const object of page.items ?? []) {
      options.onObject(object);
      if (pacer.due()) await pacer.yield();
    }
    version = page.metadata?.resourceVersion ?? '';
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return version;
}
