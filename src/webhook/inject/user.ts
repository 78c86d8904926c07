/**
 * The user that a proxy runs as: one of a million, so that the proxies of a node do not share the kernel's limits per
 * user. Envoy needs six inotify instances, and many systems allow a user 128 of them: with one user for all, the 22nd
 * sidecar of a node could not start.
 */

const first = 1_337_000_000;
const count = 1_000_000;

/** The same for the same drain path, so that injecting a pod again changes nothing. */
export function proxyUser(drainPath: string): number {
  let number = 0;
  for (let index = 0; index < drainPath.length; index++) {
    number = (Math.imul(number, 31) + drainPath.charCodeAt(index)) >>> 0;
  }
  return first + (number % count);
}

export function isProxyUser(uid: number): boolean {
  return uid >= first && uid < first + count;
}
