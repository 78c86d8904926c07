/** What a backendRef leads to, or why it leads nowhere. */

import type { Collection, Read } from '../../graph/types.ts';
import { servicePortKey } from '../addresses.ts';
import type { BackendRef } from '../kubernetes.ts';
import type { ServicePort } from '../model.ts';
import type { ServiceSource } from '../sources.ts';

export interface BackendContext {
  readonly services: Collection<ServiceSource>;
  readonly servicePorts: Collection<ServicePort>;
}

export type ResolvedBackend =
  | { readonly servicePort: string }
  | { readonly reason: 'InvalidKind' | 'BackendNotFound'; readonly message: string };

/**
 * Services of any namespace: a route of the mesh needs no ReferenceGrant, because it opens to its clients
 * nothing that they could not call themselves (GEP-1294, Namespace boundaries).
 */
export function resolveBackend(
  ref: BackendRef,
  routeNamespace: string,
  context: BackendContext,
  read: Read,
): ResolvedBackend {
  const { group = '', kind = 'Service', namespace = routeNamespace, name, port } = ref;
  if (group !== '' || kind !== 'Service') {
    return {
      reason: 'InvalidKind',
      message: `${group === '' ? '' : `${group}/`}${kind} cannot be a backend`,
    };
  }
  const service = `${namespace}/${name}`;
  if (read(context.services, service) === undefined) {
    return { reason: 'BackendNotFound', message: `there is no Service ${service}` };
  }
  if (port === undefined)
    return { reason: 'BackendNotFound', message: `no port of Service ${service} is given` };
  const servicePort = servicePortKey(namespace, name, port);
  if (read(context.servicePorts, servicePort) === undefined) {
    return { reason: 'BackendNotFound', message: `Service ${service} has no TCP port ${port}` };
  }
  return { servicePort };
}
