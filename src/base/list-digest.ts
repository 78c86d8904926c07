/** Names for lists: equal lists have the same, different ones do not. */

import { hash } from 'node:crypto';

const digests = new WeakMap<readonly string[], string>();

/** SHA-256 in base64url; computed once for each array, which must not change. No string may contain a space. */
export function listDigest(list: readonly string[]): string {
  const known = digests.get(list);
  if (known !== undefined) return known;
  const digest = hash('sha256', list.join(' '), 'base64url');
  digests.set(list, digest);
  return digest;
}
