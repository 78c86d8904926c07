/** Who stands before whom: ranks of the clouds of a graph, callers first, also where they call in circles. */

export interface CloudLink {
  readonly source: string;
  readonly target: string;
}

/**
 * After Eades, Lin and Smyth: next is always one that nobody left calls; in a circle, the one that calls most and is
 * called least. Its rank is one more than the highest of those before it that call it.
 */
export function ranksOf(groups: readonly string[], links: readonly CloudLink[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const left = new Set(groups);
  while (left.size > 0) {
    const open = links.filter(({ source, target }) => left.has(source) && left.has(target));
    const next = [...left].sort((a, b) => surplus(open, b) - surplus(open, a) || (a < b ? -1 : 1))[0] ?? '';
    const before = links.filter(({ source, target }) => target === next && ranks.has(source));
    ranks.set(next, Math.max(-1, ...before.map(({ source }) => ranks.get(source) ?? 0)) + 1);
    left.delete(next);
  }
  return ranks;
}

/** More than any number of calls where nobody calls it. */
function surplus(links: readonly CloudLink[], group: string): number {
  const calls = links.filter(({ source }) => source === group).length;
  const called = links.filter(({ target }) => target === group).length;
  return called === 0 ? Number.MAX_SAFE_INTEGER : calls - called;
}
