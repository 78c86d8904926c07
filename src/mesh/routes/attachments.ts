/** What each route is attached to, parent by parent: the one place that decides it, for tables, listeners and status. */

import type { Collection, GraphApi, Index, Read } from '../../graph/types.ts';
import type { Attachables } from '../gateways/attachable.ts';
import type { ParentRef } from '../kubernetes.ts';
import { isServiceParent } from '../project-routes.ts';
import { attachToGateway, type ListenerAttachment } from './attach-gateway.ts';
import { attachToService, type ServiceContext, serviceParent } from './attach-service.ts';
import type { Ranked } from './precedence.ts';
import type { ReadRoute } from './read.ts';

/** Reasons of the condition Accepted, Gateway API. */
export interface Refusal {
  readonly reason:
    | 'NoMatchingParent'
    | 'NotAllowedByListeners'
    | 'NoMatchingListenerHostname'
    | 'UnsupportedValue';
  readonly message: string;
}

export interface AttachmentContext extends ServiceContext {
  readonly attachables: Attachables;
}

/** Keyed like the route, `<kind>/<namespace>/<name>`. */
export interface RouteAttachments extends Ranked {
  /** Whether none of the route's rules holds: it is attached, and counts, and does nothing. */
  readonly invalid: boolean;
  /** Only those that are Weft's to judge. */
  readonly parents: readonly ParentAttachment[];
}

export interface ParentAttachment {
  /** Its place in the route. */
  readonly index: number;
  readonly ref: ParentRef;
  readonly to:
    | { readonly service: string; readonly ports: readonly string[] }
    | { readonly listeners: readonly ListenerAttachment[] }
    | Refusal;
}

export interface Attachments {
  readonly byRoute: Collection<RouteAttachments>;
  /** By key of the listener; the number of those that hold is the listener's attachedRoutes. */
  readonly byListener: Index<RouteAttachments>;
  /** By `namespace/name` of the Service; only routes that hold. */
  readonly byService: Index<RouteAttachments>;
}

export function deriveAttachments(
  graph: GraphApi,
  routes: Collection<ReadRoute>,
  context: AttachmentContext,
): Attachments {
  const byRoute = graph.derive('routeAttachments', routes, (_, route, read): RouteAttachments => {
    const { kind, namespace, name, createdAt, problem } = route;
    const parents = route.parentRefs.flatMap((ref, index): readonly ParentAttachment[] => {
      const to = attach(ref, route, context, read);
      return to === undefined ? [] : [{ index, ref, to }];
    });
    return { kind, namespace, name, createdAt, invalid: problem !== undefined, parents };
  });
  const byListener = graph.index('routesByListener', byRoute, ({ parents }) =>
    parents.flatMap(({ to }) => ('listeners' in to ? to.listeners.map(({ listener }) => listener) : [])),
  );
  const byService = graph.index('routesByService', byRoute, ({ parents, invalid }) =>
    invalid ? [] : parents.flatMap(({ to }) => ('service' in to ? [to.service] : [])),
  );
  return { byRoute, byListener, byService };
}

function attach(
  ref: ParentRef,
  route: ReadRoute,
  context: AttachmentContext,
  read: Read,
): ParentAttachment['to'] | undefined {
  if (!isServiceParent(ref)) return attachToGateway(ref, route, context.attachables, read);
  const attachment = attachToService(ref, route, context, read);
  if (!('ports' in attachment)) return attachment;
  return { service: serviceParent(ref, route.namespace), ports: attachment.ports };
}

/** The routes of a Service, or of a listener, among those that mean the port. */
export function isAttachedTo(route: RouteAttachments, port: string): boolean {
  return route.parents.some(({ to }) => 'ports' in to && to.ports.includes(port));
}

/** Through whichever of its parents the route came to the listener: what it means of its hostname. */
export function domainsAt(route: RouteAttachments, listener: string): ListenerAttachment['domains'] {
  return route.parents.flatMap(({ to }) =>
    'listeners' in to ? to.listeners.flatMap((each) => (each.listener === listener ? each.domains : [])) : [],
  );
}
