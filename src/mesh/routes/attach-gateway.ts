/** Which listeners of its parent Gateway or ListenerSet a route is attached to. */

import type { Read } from '../../graph/types.ts';
import type { Attachables } from '../gateways/attachable.ts';
import type { ParentRef } from '../kubernetes.ts';
import type { Refusal } from './attachments.ts';
import { bySpecificity, intersection } from './hostnames.ts';
import type { ReadRoute } from './read.ts';

/** One listener that a route is attached to. */
export interface ListenerAttachment {
  /** Key of the listener. */
  readonly listener: string;
  readonly gateway: string;
  readonly clientCertificate?: string;
  /** What of the listener's hostname the route means, each with the route's own hostname that means it. */
  readonly domains: readonly { readonly domain: string; readonly by: string }[];
}

const gatewayGroup = 'gateway.networking.k8s.io';

/** `Gateway/<namespace>/<name>` or `ListenerSet/<namespace>/<name>`; undefined for parents of other kinds. */
export function gatewayParent(parent: ParentRef, routeNamespace: string): string | undefined {
  const { group = gatewayGroup, kind = 'Gateway', namespace = routeNamespace, name } = parent;
  if (group !== gatewayGroup || (kind !== 'Gateway' && kind !== 'ListenerSet')) return undefined;
  return `${kind}/${namespace}/${name}`;
}

/** Undefined where the parent is no Gateway or ListenerSet of Weft's: it is for others to judge. */
export function attachToGateway(
  parent: ParentRef,
  route: ReadRoute,
  attachables: Attachables,
  read: Read,
): { readonly listeners: readonly ListenerAttachment[] } | Refusal | undefined {
  const key = gatewayParent(parent, route.namespace);
  if (key === undefined || !attachables.isOurs(key, read)) return undefined;
  const meant = (read(attachables.byParent, key) ?? []).filter(
    ({ value }) =>
      (parent.port === undefined || value.port === parent.port) &&
      (parent.sectionName === undefined || value.section === parent.sectionName),
  );
  const [what, at] = [describe(key), describeSection(parent)];
  if (meant.length === 0) return { reason: 'NoMatchingParent', message: `${what} has no listener${at}` };
  const allowed = meant.filter(
    ({ value }) => value.kinds.includes(route.kind) && attachables.allows(value, route.namespace, read),
  );
  if (allowed.length === 0) {
    const message = `no listener of ${what}${at} takes ${route.kind}s of namespace ${route.namespace}`;
    return { reason: 'NotAllowedByListeners', message };
  }
  const listeners = allowed.flatMap(({ key: listener, value }): readonly ListenerAttachment[] => {
    const { gateway, clientCertificate, hostname = '*' } = value;
    const domains = domainsOf(hostname, hasHostnames(route) ? route.hostnames : []);
    if (domains.length === 0) return [];
    const certificate = clientCertificate === undefined ? {} : { clientCertificate };
    return [{ listener, gateway, ...certificate, domains }];
  });
  if (listeners.length > 0) return { listeners };
  const message = `no listener of ${what}${at} has a hostname in common with the route`;
  return { reason: 'NoMatchingListenerHostname', message };
}

/** TCP and UDP have no names to tell connections by. */
function hasHostnames({ kind }: ReadRoute): boolean {
  return kind !== 'TCPRoute' && kind !== 'UDPRoute';
}

/** Where two hostnames of the route come down to one domain, the more specific one stands for it. */
function domainsOf(listener: string, hostnames: readonly string[]): ListenerAttachment['domains'] {
  if (hostnames.length === 0) return [{ domain: listener, by: '*' }];
  const domains = new Map<string, string>();
  for (const hostname of hostnames) {
    const domain = intersection(listener, hostname);
    if (domain === undefined) continue;
    const known = domains.get(domain);
    if (known === undefined || bySpecificity(hostname, known) < 0) domains.set(domain, hostname);
  }
  return [...domains].map(([domain, by]) => ({ domain, by }));
}

function describe(parent: string): string {
  const slash = parent.indexOf('/');
  return `${parent.slice(0, slash)} ${parent.slice(slash + 1)}`;
}

function describeSection({ sectionName, port }: ParentRef): string {
  const name = sectionName === undefined ? '' : ` named ${sectionName}`;
  return port === undefined ? name : `${name} on port ${port}`;
}
