/** What listeners, Gateways and policies refer to, and why a reference does not hold. */

import type { Collection, Read } from '../../graph/types.ts';
import type { Condition } from '../gateway-model.ts';
import type { ObjectRef } from '../kubernetes-gateways.ts';
import type { CheckedAuthorities, CheckedCertificate } from './certificates.ts';
import { type Grants, permits } from './grants.ts';
import { gatewayGroup } from './listeners.ts';

export interface ReferenceContext {
  readonly grants: Grants;
  readonly certificates: Collection<CheckedCertificate>;
  readonly authorities: Collection<CheckedAuthorities>;
}

/** Who refers; its group is Gateway API's. */
export interface Referrer {
  readonly kind: 'Gateway' | 'ListenerSet' | 'BackendTLSPolicy';
  readonly namespace: string;
}

export type Problem = 'kind' | 'permission' | 'object';

export type Resolved<T> = ({ readonly ok: true } & T) | Unresolved;

export interface Unresolved {
  readonly ok: false;
  readonly problem: Problem;
  readonly message: string;
}

export type Reasoned = Pick<Condition, 'reason' | 'message'>;

/** Of several the first gives the reason; the message has all. */
export function reasoned(
  broken: readonly Unresolved[],
  reasons: Readonly<Record<Problem, string>>,
): Reasoned | undefined {
  const [first] = broken;
  if (first === undefined) return undefined;
  return { reason: reasons[first.problem], message: broken.map(({ message }) => message).join('; ') };
}

/** The Secret of a certificate and its key. */
export function resolveCertificate(
  ref: ObjectRef,
  by: Referrer,
  context: ReferenceContext,
  read: Read,
): Resolved<{ readonly key: string; readonly dnsNames: readonly string[] }> {
  const found = resolve({ group: '', kind: 'Secret', ...ref }, 'Secret', by, context, read);
  if (!found.ok) return found;
  const checked = read(context.certificates, found.key);
  if (checked === undefined) {
    return unresolved('object', `there is no Secret ${found.key} of type kubernetes.io/tls`);
  }
  if ('problem' in checked) return unresolved('object', `Secret ${found.key}: ${checked.problem}`);
  return { ok: true, key: found.key, dnsNames: checked.dnsNames };
}

/** The ConfigMap of authorities; PEM. */
export function resolveAuthorities(
  ref: ObjectRef,
  by: Referrer,
  context: ReferenceContext,
  read: Read,
): Resolved<{ readonly authorities: string }> {
  const found = resolve({ group: '', kind: '', ...ref }, 'ConfigMap', by, context, read);
  if (!found.ok) return found;
  const checked = read(context.authorities, found.key);
  if (checked === undefined) {
    return unresolved('object', `there is no ConfigMap ${found.key} with a key ca.crt`);
  }
  if ('problem' in checked) return unresolved('object', `ConfigMap ${found.key}: ${checked.problem}`);
  return { ok: true, authorities: checked.authorities };
}

/** Kind and permission alone: whoever may not refer to an object is not told whether it exists. */
function resolve(
  ref: ObjectRef & { readonly group: string; readonly kind: string },
  wanted: 'Secret' | 'ConfigMap',
  by: Referrer,
  context: ReferenceContext,
  read: Read,
): Resolved<{ readonly key: string }> {
  const { group, kind, name, namespace = by.namespace } = ref;
  if (group !== '' || kind !== wanted) {
    const written = group === '' ? kind : `${group}/${kind}`;
    return unresolved('kind', `${written} ${name} cannot be used; it has to be a ${wanted}`);
  }
  const reference = {
    fromGroup: gatewayGroup,
    fromKind: by.kind,
    fromNamespace: by.namespace,
    toGroup: group,
    toKind: kind,
    toNamespace: namespace,
    toName: name,
  };
  if (!permits(context.grants, reference, read)) {
    const message = `no ReferenceGrant in namespace ${namespace} lets a ${by.kind} of namespace ${by.namespace} refer to ${kind} ${name}`;
    return unresolved('permission', message);
  }
  return { ok: true, key: `${namespace}/${name}` };
}

function unresolved(problem: Problem, message: string): Unresolved {
  return { ok: false, problem, message };
}
