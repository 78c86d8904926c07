/** Which ports of its parent Service a route is attached to, and which of several kinds of routes holds at a port. */

import type { Collection, Read } from '../../graph/types.ts';
import { servicePortKey } from '../addresses.ts';
import type { ParentRef } from '../kubernetes.ts';
import type { RouteKind, ServicePort } from '../model.ts';
import type { ServiceSource } from '../sources.ts';
import type { Refusal, RouteAttachments } from './attachments.ts';
import type { ReadRoute } from './read.ts';

export interface ServiceContext {
  readonly services: Collection<ServiceSource>;
  readonly servicePorts: Collection<ServicePort>;
}

/** `namespace/name` of the Service. */
export function serviceParent(parent: ParentRef, routeNamespace: string): string {
  return `${parent.namespace ?? routeNamespace}/${parent.name}`;
}

/**
 * Keys of the service ports. A parent without `port` and `sectionName` means all ports that may carry what the route
 * is about. A headless Service has no address of its own by which a call to it could be told (GEP-1294).
 */
export function attachToService(
  parent: ParentRef,
  route: ReadRoute,
  context: ServiceContext,
  read: Read,
): { readonly ports: readonly string[] } | Refusal {
  const key = serviceParent(parent, route.namespace);
  const service = read(context.services, key);
  if (service === undefined) return refused(`there is no Service ${key}`);
  if (route.kind === 'UDPRoute') {
    const message = `a UDPRoute cannot be attached to Service ${key}: UDP does not pass through sidecars, it is forwarded as if there were no route`;
    return { reason: 'UnsupportedValue', message };
  }
  const forHTTP = route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute';
  if (!forHTTP && route.namespace !== service.namespace) {
    const message = `a ${route.kind} holds for all clients of Service ${key} and must be of its namespace; for the clients of one namespace there are HTTPRoute and GRPCRoute`;
    return { reason: 'UnsupportedValue', message };
  }
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
  const ports = forHTTP
    ? keys.filter((each) => (read(context.servicePorts, each)?.protocol ?? 'tcp') !== 'tcp')
    : keys;
  if (ports.length === 0) return refused(`nothing that the route means carries HTTP: ${keys.join(', ')}`);
  return { ports: ports.sort() };
}

function refused(message: string): Refusal {
  return { reason: 'NoMatchingParent', message };
}

/** The RouteTable that a route contributes to at a port: everyone's, or that of the clients of its namespace. */
export function tableKey(port: string, serviceNamespace: string, routeNamespace: string): string {
  return serviceNamespace === routeNamespace ? port : `${port}@${routeNamespace}`;
}

/** Of routes of several kinds at one port only those of the first of these hold (GEP-1294). */
const kindsByPrecedence: readonly RouteKind[] = ['GRPCRoute', 'HTTPRoute', 'TLSRoute', 'TCPRoute'];

/**
 * The kind that holds at a port for the clients of one namespace; `routes` are all that are attached to the port. Where
 * whole connections are routed, the requests in them are no longer anybody's.
 */
export function kindInForce(
  routes: readonly Pick<RouteAttachments, 'kind' | 'namespace'>[],
  clientNamespace: string,
  serviceNamespace: string,
): RouteKind | undefined {
  const kindOf = (namespace: string): RouteKind | undefined =>
    kindsByPrecedence.find((kind) =>
      routes.some((route) => route.kind === kind && route.namespace === namespace),
    );
  const everyone = kindOf(serviceNamespace);
  return everyone === 'TLSRoute' || everyone === 'TCPRoute' ? everyone : kindOf(clientNamespace);
}
