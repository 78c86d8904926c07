/** Route tables: of every service port that a proxy uses, the rules of all routes attached to it, in order. */

import type { Collection, GraphApi, IndexEntry, Read } from '../../graph/types.ts';
import { byAge } from '../age.ts';
import type { StreamRule } from '../gateway-model.ts';
import type { Destination, RouteKind, RouteRule, RouteTable, ServicePort } from '../model.ts';
import { kindInForce, tableKey } from './attach-service.ts';
import { type Attachments, isAttachedTo, type RouteAttachments } from './attachments.ts';
import { matchEverything } from './matches.ts';
import { byPrecedence } from './precedence.ts';
import type { RouteRules } from './rules.ts';
import { defaultSession, type TrafficSettings } from './traffic-policies.ts';

export interface TableContext {
  readonly servicePorts: Collection<ServicePort>;
  readonly destinations: Collection<Destination>;
  readonly attachments: Attachments;
  readonly meshRules: Collection<RouteRules>;
  readonly traffic: Collection<TrafficSettings>;
}

export function deriveRouteTables(graph: GraphApi, context: TableContext): Collection<RouteTable> {
  const usedPorts = graph.index('usedServicePorts', context.destinations, (destination) =>
    destination.kind === 'service' ? [destination.servicePort] : [],
  );
  return graph.expand('routeTables', usedPorts, (key, _, read) => {
    const port = read(context.servicePorts, key);
    return port === undefined ? [] : tablesOf(key, port, context, read);
  });
}

type Routes = readonly IndexEntry<RouteAttachments>[];

/**
 * One table for everyone, made of the routes in the Service's own namespace (producer routes), and one for each
 * other namespace with routes for its own clients (consumer routes), which know only those (GEP-1294).
 */
function tablesOf(
  key: string,
  port: ServicePort,
  context: TableContext,
  read: Read,
): readonly (readonly [string, RouteTable])[] {
  const routes = read(context.attachments.byService, `${port.namespace}/${port.service}`) ?? [];
  const attached = routes.filter(({ value }) => isAttachedTo(value, key));
  const kindFor = (namespace: string): RouteKind | undefined =>
    kindInForce(
      attached.map(({ value }) => value),
      namespace,
      port.namespace,
    );
  const byNamespace = Map.groupBy(
    attached.filter(({ value }) => value.kind === kindFor(value.namespace)),
    ({ value }) => value.namespace,
  );
  const producers = byNamespace.get(port.namespace) ?? [];
  byNamespace.delete(port.namespace);
  const tables = [...byNamespace].map(([clientNamespace, own]) => {
    const table = { servicePort: key, clientNamespace, ...contentOf(own, context, read) };
    return [tableKey(key, port.namespace, clientNamespace), table] as const;
  });
  if (producers.length > 0)
    return [[key, { servicePort: key, ...contentOf(producers, context, read) }], ...tables];
  if (port.protocol === 'tcp') return tables;
  return [[key, { servicePort: key, rules: [direct(key, context, read)] }], ...tables];
}

/** What a port without routes does: everything to its own endpoints. */
function direct(servicePort: string, { traffic }: TableContext, read: Read): RouteRule {
  const backends = [{ servicePort, weight: 1 }];
  const session = defaultSession(backends, traffic, read);
  return {
    match: matchEverything,
    filters: { mirrors: [] },
    backends,
    ...(session === undefined ? {} : { session }),
    route: '',
  };
}

/** `routes` are of one kind. */
function contentOf(
  routes: Routes,
  { meshRules }: TableContext,
  read: Read,
): Pick<RouteTable, 'rules' | 'streams'> {
  const kind = routes[0]?.value.kind;
  if (kind === 'HTTPRoute' || kind === 'GRPCRoute') {
    const ranked = routes.flatMap(({ key }) => read(meshRules, key)?.rules ?? []);
    return { rules: ranked.sort(byPrecedence).map(({ rule }) => rule) };
  }
  const inOrder = [...routes].sort((a, b) => byAge(a.value, b.value));
  const rules = inOrder.flatMap(({ key }) => read(meshRules, key) ?? []);
  return { rules: [], streams: kind === 'TLSRoute' ? namedStreams(rules) : firstStream(rules) };
}

/** The oldest route has all connections. */
function firstStream([first]: readonly RouteRules[]): readonly StreamRule[] {
  return first?.stream === undefined ? [] : [first.stream];
}

/** Of several routes for one server name the oldest has it. */
function namedStreams(routes: readonly RouteRules[]): readonly StreamRule[] {
  const byName = new Map<string, StreamRule>();
  for (const { stream, hostnames } of routes) {
    if (stream === undefined) continue;
    for (const hostname of hostnames) if (!byName.has(hostname)) byName.set(hostname, stream);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([serverName, stream]) => ({ serverName, ...stream }));
}
