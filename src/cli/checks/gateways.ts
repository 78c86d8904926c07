/** Checks of gateways: every Gateway of Weft's classes is in force. */

import { listGateways } from '../gateways.ts';
import { failed, ok, type Verdict, warning } from './check.ts';
import type { Facts } from './facts.ts';

/** One that is not accepted is its author's to correct; one that is, and is not in force, is a fault. */
export async function gatewaysInForce({ context }: Facts): Promise<Verdict> {
  const all = await listGateways(context.api);
  if (all.length === 0) return ok('there is no Gateway of a class of Weft');
  const troubled = all.filter(({ programmed }) => !programmed);
  if (troubled.length === 0) return ok(`all ${all.length} are in force`);
  const details = troubled.map(({ gateway, reason, message }) => `${gateway} ${reason}: ${message}`);
  if (troubled.some(({ accepted }) => accepted))
    return failed(`${troubled.length} of ${all.length} are not in force`, details);
  return warning(`${troubled.length} of ${all.length} are not accepted`, details);
}
