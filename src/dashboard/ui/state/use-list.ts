/** The lists of the API, in the namespace that the reader chose. */

import type { Listing } from '../../views/types.ts';
import { place } from './browser.ts';
import { namespaceOf } from './choices.ts';
import type { Polled } from './poll.ts';
import { useData } from './use-data.ts';
import { useStore } from './use-store.ts';

export function useList<T>(resource: string): Polled<Listing<T>> {
  const namespace = namespaceOf(useStore(place));
  return useData<Listing<T>>(resource, { namespace });
}

/** One entry of a list, asked for within its namespace. */
export function useItem<T>(
  resource: string,
  namespace: string,
  isIt: (item: T) => boolean,
): { readonly data: Polled<Listing<T>>; readonly item: T | undefined } {
  const data = useData<Listing<T>>(resource, { namespace });
  return { data, item: data.data?.items.find(isIt) };
}
