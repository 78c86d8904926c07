/** The arrow keys in the graph: to the nearest node in that direction. */

import type { Places } from './layout.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

const ahead: Readonly<Record<Direction, readonly [number, number]>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

/** Sideways counts double, so that a key follows its row or column; undefined at the border. */
export function nextNode(places: Places, from: string | undefined, direction: Direction): string | undefined {
  const start = from === undefined ? undefined : places.get(from);
  if (start === undefined) return firstNode(places);
  const [dx, dy] = ahead[direction];
  let best: string | undefined;
  let bestCost = Infinity;
  for (const [id, place] of places) {
    const x = place.x - start.x;
    const y = place.y - start.y;
    const forward = x * dx + y * dy;
    const sideways = Math.abs(x * dy) + Math.abs(y * dx);
    if (id === from || forward <= 0 || sideways > forward * 2) continue;
    const cost = forward + 2 * sideways;
    if (cost < bestCost) [best, bestCost] = [id, cost];
  }
  return best;
}

/** As one reads: from the top left. */
function firstNode(places: Places): string | undefined {
  return [...places].sort(([, a], [, b]) => a.y + a.x - (b.y + b.x))[0]?.[0];
}
