/** What HTTP and HTTPS listeners serve: domain by domain the rules of all routes attached, in order. */

import type { Collection, GraphApi, IndexEntry, Read } from '../../graph/types.ts';
import type { AttachableListener } from '../gateways/attachable.ts';
import type { ListenerHosts } from '../gateway-model.ts';
import type { RouteRule } from '../model.ts';
import { domainsAt, type RouteAttachments } from './attachments.ts';
import { bySpecificity, coveringHostnames } from './hostnames.ts';
import type { ListenerContext } from './listeners.ts';
import { byPrecedence } from './precedence.ts';
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
  const parted = partsByDomain(parts);
  return [...domains]
    .filter((domain) => context.isMostSpecific(key, listener, domain, read))
    .sort()
    .map((domain) => ({ domain, rules: rulesFor(domain, parted) }));
}

type PartsByDomain = ReadonlyMap<string, readonly { readonly by: string; readonly rules: Part['rules'] }[]>;

function partsByDomain(parts: readonly Part[]): PartsByDomain {
  const byDomain = new Map<string, { readonly by: string; readonly rules: Part['rules'] }[]>();
  for (const { domains, rules } of parts) {
    for (const { domain, by } of domains) {
      const known = byDomain.get(domain);
      if (known === undefined) byDomain.set(domain, [{ by, rules }]);
      else known.push({ by, rules });
    }
  }
  return byDomain;
}

/**
 * Rules of the route whose hostname is the most specific one go first, those of wider hostnames follow, for the
 * requests that the former do not match (HTTPRoute, hostnames). What follows a rule that matches every request is left
 * out: nothing gets there.
 */
function rulesFor(domain: string, parts: PartsByDomain): readonly RouteRule[] {
  const meant = coveringHostnames(domain).flatMap((covering) => parts.get(covering) ?? []);
  const groups = Map.groupBy(meant, ({ by }) => by);
  const rules: RouteRule[] = [];
  const taken = new Set<RankedRule>();
  for (const by of [...groups.keys()].sort(bySpecificity)) {
    const group = new Set((groups.get(by) ?? []).flatMap((part) => part.rules));
    const fresh = [...group].filter((rule) => !taken.has(rule));
    for (const rule of fresh) taken.add(rule);
    rules.push(...fresh.sort(byPrecedence).map(({ rule }) => rule));
    if (fresh.some(matchesEverything)) break;
  }
  return rules;
}

function matchesEverything({ match, characters }: RankedRule): boolean {
  const { path, method, headers, query } = match;
  const anyPath = path.type === 'PathPrefix' && path.value === '/';
  return characters === undefined && anyPath && method === undefined && headers.length + query.length === 0;
}
