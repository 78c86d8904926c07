/** Which of two objects that want the same comes first. */

export interface Aged {
  /** RFC 3339. */
  readonly createdAt: string;
  readonly namespace: string;
  readonly name: string;
}

/** Below zero where `a` goes first: the older, then the first by namespace and name (Gateway API, GEP-713). */
export function byAge(a: Aged, b: Aged): number {
  return compare(a.createdAt, b.createdAt) || compare(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
