/** What TLS, TCP and UDP listeners serve: which backends a whole connection goes to. */

import type { Collection, GraphApi, IndexEntry, Read } from '../../graph/types.ts';
import { byAge } from '../age.ts';
import type { AttachableListener } from '../gateways/attachable.ts';
import type { ListenerStreams, StreamRule } from '../gateway-model.ts';
import type { RouteBackend } from '../model.ts';
import { domainsAt, type RouteAttachments } from './attachments.ts';
import type { ListenerContext } from './listeners.ts';
import { gatewayRulesKey } from './rules.ts';

export function deriveListenerStreams(
  graph: GraphApi,
  context: ListenerContext,
): Collection<ListenerStreams> {
  const { attachables, routesByListener } = context;
  return graph.derive('listenerStreams', attachables.listeners, (key, listener, read) => {
    if (!listener.served || listener.protocol === 'HTTP' || listener.protocol === 'HTTPS') return undefined;
    const routes = [...(read(routesByListener, key) ?? [])].sort((a, b) => byAge(a.value, b.value));
    const streams =
      listener.protocol === 'TLS'
        ? namedStreams(key, listener, routes, context, read)
        : firstStream(listener, routes, context, read);
    return { streams };
  });
}

type Routes = readonly IndexEntry<RouteAttachments>[];

/** The oldest route that holds has all connections; the others wait. */
function firstStream(
  listener: AttachableListener,
  routes: Routes,
  context: ListenerContext,
  read: Read,
): readonly StreamRule[] {
  for (const { key } of routes) {
    const stream = read(context.gatewayRules, gatewayRulesKey(key, listener.gateway))?.stream;
    if (stream !== undefined) return [stream];
  }
  return [];
}

/** Of several routes for one server name the oldest has it. */
function namedStreams(
  key: string,
  listener: AttachableListener,
  routes: Routes,
  context: ListenerContext,
  read: Read,
): readonly StreamRule[] {
  const own = listener.hostname ?? '*';
  const byName = new Map<string, StreamRule>();
  for (const { key: route, value } of routes) {
    const stream = read(context.gatewayRules, gatewayRulesKey(route, listener.gateway))?.stream;
    if (stream === undefined) continue;
    // What passes through is encrypted for the backend already.
    const passed = listener.tlsMode === 'Passthrough' ? asItIs(stream) : stream;
    for (const { domain } of domainsAt(value, key)) if (!byName.has(domain)) byName.set(domain, passed);
  }
  if (!byName.has(own)) byName.set(own, { kind: 'TLSRoute', route: '', backends: [] });
  return [...byName]
    .filter(([domain]) => context.isMostSpecific(key, listener, domain, read))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([domain, stream]) => (domain === '*' ? stream : { serverName: domain, ...stream }));
}

function asItIs(stream: StreamRule): StreamRule {
  const backends = stream.backends.map(
    ({ servicePort, weight }): RouteBackend =>
      servicePort === undefined ? { weight } : { servicePort, weight },
  );
  return { ...stream, backends };
}
