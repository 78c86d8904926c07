/** The names of on-demand clusters: `vip/<ip>:<port>`, made by Envoy from a connection's original destination. */

import { isIP } from 'node:net';
import { onDemandPrefix } from '../resource.ts';

const pattern = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-f:.]{2,45})\]):([1-9]\d{0,4})$/;

/**
 * The destination, `<ip>:<port>` (IPv6 in brackets), or undefined where the name is not of that form.
 * Only names as Envoy writes them pass: lower case, no zone, no leading zeros.
 */
export function destinationOf(name: string): string | undefined {
  if (!name.startsWith(onDemandPrefix)) return undefined;
  const destination = name.slice(onDemandPrefix.length);
  const match = pattern.exec(destination);
  if (match === null) return undefined;
  const [, ipv4, ipv6, port] = match;
  if (ipv4 !== undefined ? isIP(ipv4) !== 4 : isIP(ipv6 ?? '') !== 6) return undefined;
  return Number(port) <= 65535 ? destination : undefined;
}
