/** References to objects in answers: names in namespaces that somebody may not read are left out. */

import type { Scope } from '../access.ts';
import type { ObjectRef } from './types.ts';

/** @param key `namespace/name` */
export function refOf(kind: string, key: string, scope: Scope): ObjectRef {
  const slash = key.indexOf('/');
  if (slash < 0) return { kind, name: key };
  const namespace = key.slice(0, slash);
  return { kind, namespace, name: scope.mayRead(namespace) ? key.slice(slash + 1) : '' };
}

/** @param key `namespace/Deployment/web` */
export function workloadRef(key: string, scope: Scope): ObjectRef {
  const [namespace = '', kind = '', name = ''] = key.split('/');
  return { kind, namespace, name: scope.mayRead(namespace) ? name : '' };
}

/** Each once, in order of namespace, kind and name. */
export function distinctRefs(refs: Iterable<ObjectRef>): readonly ObjectRef[] {
  const byKey = new Map<string, ObjectRef>();
  for (const ref of refs) byKey.set(`${ref.namespace ?? ''}/${ref.kind}/${ref.name}`, ref);
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
}

/** Whether something of this namespace belongs into the answer. */
export function isWanted(namespace: string, scope: Scope): boolean {
  return (scope.namespace === '' || scope.namespace === namespace) && scope.mayRead(namespace);
}
