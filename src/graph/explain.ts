/** The way back from a value to the sources. */

import type { AnyNode, Origin } from './node.ts';
import type { Explanation } from './types.ts';

interface Cause {
  readonly collection: string;
  readonly key: string;
}

/** A value reached by several ways is one object in the tree, so the cost is that of the values, not the ways. */
export function explainKey(node: AnyNode, key: string): Explanation {
  const known = new Map<string, Explanation>();
  const visit = (origin: Origin): Explanation => {
    const id = `${origin.node.order} ${origin.key}`;
    const found = known.get(id);
    if (found !== undefined) return found;
    const error = origin.node.errorBehind(origin.key);
    const explanation: Explanation = {
      collection: origin.node.name,
      key: origin.key,
      present: origin.node.peek(origin.key) !== undefined,
      ...(error === undefined ? {} : { error: error.message }),
      from: origin.node.origins(origin.key).map(visit),
    };
    known.set(id, explanation);
    return explanation;
  };
  return visit({ node, key });
}

/** Does not look behind the collections named in `stopAt`. */
export function causesOf(node: AnyNode, key: string, stopAt: ReadonlySet<string>): readonly Cause[] {
  const seen = new Set<string>();
  const causes: Cause[] = [];
  const visit = (origin: Origin): void => {
    const id = `${origin.node.order} ${origin.key}`;
    if (seen.has(id)) return;
    seen.add(id);
    if (stopAt.has(origin.node.name)) return;
    if (!origin.node.isSource) {
      for (const from of origin.node.origins(origin.key)) visit(from);
    } else if (origin.node.peek(origin.key) !== undefined) {
      causes.push({ collection: origin.node.name, key: origin.key });
    }
  };
  visit({ node, key });
  return causes.sort((a, b) => compare(a.collection, b.collection) || compare(a.key, b.key));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
