/** Names of ends of traffic, as stat groups by them, as objects to link to. */

import type { ObjectRef } from '../../views/types.ts';

/** `shop/Deployment/web` is an object; a host or an unknown client is not. */
export function endOf(group: string): ObjectRef | undefined {
  const parts = group.split('/');
  const [namespace = '', kind = '', name = ''] = parts;
  return parts.length === 3 && namespace !== '' ? { kind, namespace, name } : undefined;
}
