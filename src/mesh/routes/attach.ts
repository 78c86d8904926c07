/** Which ports of its parent Service a route is attached to. */

import type { Read } from '../../graph/types.ts';
import { servicePortKey } from '../addresses.ts';
import type { ParentRef } from '../kubernetes.ts';
import type { BackendContext } from './backends.ts';

export type Attachment =
  | { readonly ports: readonly string[] }
  | { readonly reason: 'NoMatchingParent'; readonly message: string };

/** `namespace/name` of the Service. */
export function parentKey(parent: ParentRef, routeNamespace: string): string {
  return `${parent.namespace ?? routeNamespace}/${parent.name}`;
}

/**
 * Keys of the service ports. A parent without `port` and `sectionName` means all ports that may carry HTTP. A
 * headless Service has no address of its own by which a call to it could be told (GEP-1294).
 */
export function attach(
  parent: ParentRef,
  routeNamespace: string,
  context: BackendContext,
  read: Read,
): Attachment {
  const key = parentKey(parent, routeNamespace);
  const service = read(context.services, key);
  if (service === undefined) return refused(`there is no Service ${key}`);
  if (service.headless)
    return refused(`Service ${key} is headless: calls to it go to its pods, not to a route`);
  const { port, sectionName } = parent;
  const wanted = service.ports.filter(
    (candidate) =>
      (port === undefined || candidate.port === port) &&
      (sectionName === undefined || candidate.name === sectionName),
  );
  if (wanted.length === 0) {
    const number = port === undefined ? '' : ` ${port}`;
    const name = sectionName === undefined ? '' : ` named ${sectionName}`;
    return refused(`Service ${key} has no TCP port${number}${name}`);
  }
  const keys = wanted.map((each) => servicePortKey(service.namespace, service.name, each.port));
  const ports = keys.filter((each) => (read(context.servicePorts, each)?.protocol ?? 'tcp') !== 'tcp');
  if (ports.length === 0) return refused(`nothing that the route means carries HTTP: ${keys.join(', ')}`);
  return { ports: ports.sort() };
}

function refused(message: string): Attachment {
  return { reason: 'NoMatchingParent', message };
}

/** The RouteTable that a route contributes to at a port: everyone's, or that of the clients of its namespace. */
export function tableKey(port: string, serviceNamespace: string, routeNamespace: string): string {
  return serviceNamespace === routeNamespace ? port : `${port}@${routeNamespace}`;
}
