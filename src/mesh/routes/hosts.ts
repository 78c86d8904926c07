/** What HTTP and HTTPS listeners serve: domain by domain the rules of all routes attached, in order. */

import type { Collection, GraphApi, IndexEntry, Read } from '../../graph/types.ts';
import type { AttachableListener } from '../gateways/attachable.ts';
import type { ListenerHosts } from '../gateway-model.ts';
import { domainsAt, type RouteAttachments } from './attachments.ts';
import { arrangeHosts, type DomainPart, type PartsByDomain } from './host-rules.ts';
import type { ListenerContext } from './listeners.ts';
import { gatewayRulesKey, type RankedRule } from './rules.ts';

export function deriveListenerHosts(graph: GraphApi, context: ListenerContext): Collection<ListenerHosts> {
  const { attachables, routesByListener } = context;
  return graph.derive('listenerHosts', attachables.listeners, (key, listener, read) => {
    if (!listener.served || (listener.protocol !== 'HTTP' && listener.protocol !== 'HTTPS')) return undefined;
    return { hosts: hostsOf(key, listener, read(routesByListener, key) ?? [], context, read) };
  });
}

/** What one route means at the listener. */
interface Part {
  readonly domains: ReturnType<typeof domainsAt>;
  readonly rules: readonly RankedRule[];
}

function hostsOf(
  key: string,
  listener: AttachableListener,
  routes: readonly IndexEntry<RouteAttachments>[],
  context: ListenerContext,
  read: Read,
): ListenerHosts['hosts'] {
  const parts = routes.flatMap(({ key: route, value }): readonly Part[] => {
    const resolved = read(context.gatewayRules, gatewayRulesKey(route, listener.gateway));
    return resolved === undefined ? [] : [{ domains: domainsAt(value, key), rules: resolved.rules }];
  });
  const own = listener.hostname ?? '*';
  const domains = new Set([own, ...parts.flatMap((part) => part.domains.map(({ domain }) => domain))]);
  const isServed = (domain: string): boolean => context.isMostSpecific(key, listener, domain, read);
  return arrangeHosts(own, [...domains].filter(isServed), partsByDomain(parts));
}

function partsByDomain(parts: readonly Part[]): PartsByDomain {
  const byDomain = new Map<string, DomainPart[]>();
  for (const { domains, rules } of parts) {
    for (const { domain, by } of domains) {
      const known = byDomain.get(domain);
      if (known === undefined) byDomain.set(domain, [{ by, rules }]);
      else known.push({ by, rules });
    }
  }
  return byDomain;
}
