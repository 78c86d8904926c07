/** Lists in a status that several controllers write, each its own entries: parents of routes, ancestors of policies. */

import { controllerName } from '../base/names.ts';
import type { ParentRef } from '../mesh/kubernetes.ts';

/** Equal for two references exactly where all their parts are. */
export function partsOf({ group, kind, namespace, name, sectionName, port }: ParentRef): string {
  return JSON.stringify([group, kind, namespace, name, sectionName, port]);
}

export interface StatusEntries<Entry extends { readonly controllerName: string }, Wanted> {
  readonly current: readonly Entry[];
  /** What is to be said, each of another reference. */
  readonly wanted: readonly Wanted[];
  readonly refOfEntry: (entry: Entry) => ParentRef;
  readonly refOfWanted: (wanted: Wanted) => ParentRef;
  /** @param before our entry for the same reference, where there is one */
  readonly entry: (wanted: Wanted, before: Entry | undefined) => Entry;
  /** The API allows no more. */
  readonly most: number;
}

/**
 * The whole list: entries of other controllers as they are, ours brought up to date where they stand, new ones at the
 * end as long as there is room. Such a list is atomic in the API, so it can only be written as a whole; and whoever
 * moved entries about would never come to an end with another controller that does.
 */
export function mergeEntries<Entry extends { readonly controllerName: string }, Wanted>(
  options: StatusEntries<Entry, Wanted>,
): readonly Entry[] {
  const { current, wanted, refOfEntry, refOfWanted, entry, most } = options;
  const left = new Map(wanted.map((one) => [partsOf(refOfWanted(one)), one]));
  const kept = current.flatMap((before) => {
    if (before.controllerName !== controllerName) return [before];
    const parts = partsOf(refOfEntry(before));
    const ours = left.get(parts);
    left.delete(parts);
    return ours === undefined ? [] : [entry(ours, before)];
  });
  const added = [...left.values()].map((one) => entry(one, undefined));
  return [...kept, ...added].slice(0, Math.max(kept.length, most));
}
