/** Whether all parents accepted a route and its references resolve. */

import type { RouteView } from '../../views/types.ts';
import { Badge } from './badge.tsx';

export function RouteState({ parents }: Pick<RouteView, 'parents'>) {
  const bad = parents.find(({ accepted, resolved }) => !accepted || !resolved);
  if (parents.length === 0) return <Badge tone="warn">no parent</Badge>;
  return bad === undefined ? <Badge tone="good">in force</Badge> : <Badge tone="bad">{bad.reason}</Badge>;
}
