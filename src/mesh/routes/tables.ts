/** Route tables: of every service port that a proxy uses, the rules of all routes attached to it, in order. */

import type { Collection, GraphApi, Index, IndexEntry, Read } from '../../graph/types.ts';
import { isServiceParent } from '../project-routes.ts';
import type { Destination, RouteBackend, RouteRule, RouteTable, ServicePort } from '../model.ts';
import { attach, parentKey, tableKey } from './attach.ts';
import { type BackendContext, resolveBackend } from './backends.ts';
import { matchEverything } from './matches.ts';
import { byPrecedence, type RankedMatch } from './precedence.ts';
import type { ReadRoute, ReadRule } from './read.ts';

export interface TableContext extends BackendContext {
  readonly destinations: Collection<Destination>;
  readonly routes: Collection<ReadRoute>;
}

export function deriveRouteTables(graph: GraphApi, context: TableContext): Collection<RouteTable> {
  const byParent = graph.index('routesByParent', context.routes, ({ namespace, parentRefs }) =>
    parentRefs.filter(isServiceParent).map((parent) => parentKey(parent, namespace)),
  );
  const usedPorts = graph.index('usedServicePorts', context.destinations, (destination) =>
    destination.kind === 'service' ? [destination.servicePort] : [],
  );
  return graph.expand('routeTables', usedPorts, (key, _, read) => {
    const port = read(context.servicePorts, key);
    if (port === undefined || port.protocol === 'tcp') return [];
    return tablesOf(key, port, byParent, context, read);
  });
}

/**
 * One table for everyone, made of the routes in the Service's own namespace (producer routes), and one for each
 * other namespace with routes for its own clients (consumer routes), which know only those (GEP-1294).
 */
function tablesOf(
  key: string,
  port: ServicePort,
  byParent: Index<ReadRoute>,
  context: TableContext,
  read: Read,
): readonly (readonly [string, RouteTable])[] {
  const routes = (read(byParent, `${port.namespace}/${port.service}`) ?? []).filter(({ value }) =>
    isAttached(value, key, port, context, read),
  );
  const producers = routes.filter(({ value }) => value.namespace === port.namespace);
  const consumers = Map.groupBy(
    routes.filter(({ value }) => value.namespace !== port.namespace),
    ({ value }) => value.namespace,
  );
  const everyone = {
    servicePort: key,
    rules: producers.length > 0 ? rulesOf(producers, context, read) : [direct(key)],
  };
  return [
    [key, everyone],
    ...[...consumers].map(([clientNamespace, own]) => {
      const table = { servicePort: key, clientNamespace, rules: rulesOf(own, context, read) };
      return [tableKey(key, port.namespace, clientNamespace), table] as const;
    }),
  ];
}

function isAttached(
  route: ReadRoute,
  key: string,
  port: ServicePort,
  context: TableContext,
  read: Read,
): boolean {
  if (route.problem !== undefined) return false;
  return route.parentRefs.some((parent) => {
    if (!isServiceParent(parent)) return false;
    if (parentKey(parent, route.namespace) !== `${port.namespace}/${port.service}`) return false;
    const attachment = attach(parent, route.namespace, context, read);
    return 'ports' in attachment && attachment.ports.includes(key);
  });
}

/** What a port without routes does: everything to its own endpoints. */
function direct(servicePort: string): RouteRule {
  return {
    match: matchEverything,
    filters: { mirrors: [] },
    backends: [{ servicePort, weight: 1 }],
    route: '',
  };
}

interface Ranked extends RankedMatch {
  readonly key: string;
  readonly rule: ReadRule;
}

function rulesOf(
  routes: readonly IndexEntry<ReadRoute>[],
  context: TableContext,
  read: Read,
): readonly RouteRule[] {
  const ranked = routes.flatMap(({ key, value: route }) =>
    route.rules.flatMap((rule, ruleIndex) =>
      rule.matches.map((match, matchIndex): Ranked => ({ key, rule, route, match, ruleIndex, matchIndex })),
    ),
  );
  return ranked.sort(byPrecedence).map(({ match, rule, route, key }) => ({
    match,
    ...actionOf(rule, route.namespace, context, read),
    route: key,
    ...(rule.name === undefined ? {} : { ruleName: rule.name }),
  }));
}

function actionOf(
  rule: ReadRule,
  routeNamespace: string,
  context: TableContext,
  read: Read,
): Pick<RouteRule, 'filters' | 'backends' | 'requestTimeoutMs' | 'backendTimeoutMs'> {
  const { requestTimeoutMs, backendTimeoutMs } = rule;
  const mirrors = rule.filters.mirrors.flatMap(({ ref, numerator, denominator }) => {
    const target = resolveBackend(ref, routeNamespace, context, read);
    return 'servicePort' in target ? [{ servicePort: target.servicePort, numerator, denominator }] : [];
  });
  return {
    filters: { ...rule.filters, mirrors },
    backends: rule.backends.flatMap(({ ref, share }): readonly RouteBackend[] => {
      if (share.weight === 0) return [];
      const target = resolveBackend(ref, routeNamespace, context, read);
      return ['servicePort' in target ? { servicePort: target.servicePort, ...share } : share];
    }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(backendTimeoutMs === undefined ? {} : { backendTimeoutMs }),
  };
}
