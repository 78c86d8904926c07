/** What several replicas say of the same resources, put together: each counts the proxies that are connected to it. */

export interface Held {
  readonly kind: string;
  readonly name: string;
  /** Proxies that hold the resource, and those of them that have acknowledged its newest version. */
  readonly holders: number;
  readonly current: number;
}

/** Each resource once, in the order of its first mention; of what is not counted the first mention holds. */
export function sumHolders<T extends Held>(resources: Iterable<T>): readonly T[] {
  const sums = new Map<string, T>();
  for (const resource of resources) {
    const key = `${resource.kind} ${resource.name}`;
    const known = sums.get(key);
    sums.set(
      key,
      known === undefined
        ? resource
        : {
            ...resource,
            ...known,
            holders: known.holders + resource.holders,
            current: known.current + resource.current,
          },
    );
  }
  return [...sums.values()];
}
