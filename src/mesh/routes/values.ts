/**
 * What texts and numbers of a route must be so that Envoy takes them. Schemas rule most of it out, and differ from
 * cluster to cluster; Envoy would refuse the routes of everybody on the port together with the one at fault.
 */

import { isHostname } from '../hostname.ts';
import { RouteProblem } from './problem.ts';

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const largestUint32 = 2 ** 32 - 1;

/** Of a redirect or rewrite, which leads to one host. */
export function checkHost(text: string, field: string): string {
  if (isHostname(text) && !text.startsWith('*')) return text;
  throw new RouteProblem(field, `${JSON.stringify(text)} is not a hostname`);
}

/** Name of a header, query parameter or cookie. */
export function checkToken(text: string, field: string): string {
  if (!token.test(text)) throw new RouteProblem(field, `${JSON.stringify(text)} cannot be a name here`);
  return text;
}

/** What becomes a part of a message's head. */
export function checkLine(text: string, field: string): string {
  if (text.includes('\0') || text.includes('\r') || text.includes('\n')) {
    throw new RouteProblem(field, 'it has a line break or a NUL in it');
  }
  return text;
}

/** A path of a request, without its query. */
export function checkPath(text: string, field: string): string {
  if (!text.startsWith('/') || text.includes('?') || text.includes('#')) {
    throw new RouteProblem(field, `${JSON.stringify(text)} does not begin with a slash, or has ? or # in it`);
  }
  return checkLine(text, field);
}

/** By default what fits in 32 bits. */
export function checkWhole(
  value: number,
  field: string,
  { least = 0, most = largestUint32 }: { readonly least?: number; readonly most?: number } = {},
): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RouteProblem(field, `${value} is not between ${least} and ${most}`);
}
