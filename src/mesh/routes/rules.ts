/**
 * The rules of each route with their backends looked up: once for the mesh, and once for each gateway that carries the
 * route out. Tables and listeners only put them in order, so a change of one route computes its rules once.
 */

import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { StreamRule } from '../gateway-model.ts';
import type { ExternalAuth, RouteBackend, RouteFilters, RouteRule, Upstream } from '../model.ts';
import { type BackendContext, type Referrer, resolveBackend } from './backends.ts';
import type { Attachments, RouteAttachments } from './attachments.ts';
import type { ReadExternalAuth } from './external-auth.ts';
import type { RankedMatch } from './precedence.ts';
import type { ReadRoute, ReadRule } from './read.ts';
import { defaultSession, type TrafficSettings } from './traffic-policies.ts';

export interface RuleContext extends BackendContext {
  /** Keyed `<kind>/<namespace>/<name>`. */
  readonly routes: Collection<ReadRoute>;
  /** Of Services, by `namespace/name`. */
  readonly traffic: Collection<TrafficSettings>;
}

/** What a route's rules come to, wherever it is attached; `gateway` is absent for the mesh. */
export interface RouteRules {
  readonly gateway?: string;
  /** In the order of the route; empty for a TLSRoute, TCPRoute or UDPRoute. */
  readonly rules: readonly RankedRule[];
  /** Of a TLSRoute, TCPRoute or UDPRoute, which have one rule; without its server name. */
  readonly stream?: StreamRule;
  /** Of a TLSRoute: its server names. */
  readonly hostnames: readonly string[];
}

/** One match of one rule. */
export interface RankedRule extends RankedMatch {
  readonly rule: RouteRule;
}

/** Keyed like the route; only routes that are attached to a Service and hold. */
export function deriveMeshRules(
  graph: GraphApi,
  { byRoute }: Attachments,
  context: RuleContext,
): Collection<RouteRules> {
  return graph.derive('meshRules', byRoute, (key, attachments, read) => {
    const isOfMesh = attachments.parents.some(({ to }) => 'service' in to);
    const route = isOfMesh && !attachments.invalid ? read(context.routes, key) : undefined;
    return route && resolveRules(route, route, context, read);
  });
}

/** Keyed `<route>|<gateway>`; only routes that hold. */
export function deriveGatewayRules(
  graph: GraphApi,
  { byRoute }: Attachments,
  context: RuleContext,
): Collection<RouteRules> {
  return graph.expand('gatewayRules', byRoute, (key, attachments, read) => {
    const gateways = gatewaysOf(attachments);
    const route = gateways.size > 0 && !attachments.invalid ? read(context.routes, key) : undefined;
    if (route === undefined) return [];
    const { kind, namespace } = route;
    return [...gateways].map(([gateway, certificate]) => {
      const referrer = { kind, namespace, gateway: certificate };
      const rules: RouteRules = { gateway, ...resolveRules(route, referrer, context, read) };
      return [gatewayRulesKey(key, gateway), rules] as const;
    });
  });
}

export function gatewayRulesKey(route: string, gateway: string): string {
  return `${route}|${gateway}`;
}

/** With the certificate that each shows to backends. */
export function gatewaysOf({
  parents,
}: RouteAttachments): ReadonlyMap<string, NonNullable<Referrer['gateway']>> {
  const gateways = new Map<string, NonNullable<Referrer['gateway']>>();
  for (const { to } of parents) {
    for (const { gateway, clientCertificate } of 'listeners' in to ? to.listeners : []) {
      gateways.set(gateway, clientCertificate === undefined ? {} : { clientCertificate });
    }
  }
  return gateways;
}

function resolveRules(
  route: ReadRoute,
  referrer: Referrer,
  context: RuleContext,
  read: Read,
): Omit<RouteRules, 'gateway'> {
  const name = `${route.namespace}/${route.name}`;
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') {
    const [rule] = route.rules;
    const all = rule === undefined ? [] : resolveBackends(rule, referrer, context, read);
    const backends = all.filter(({ weight }) => weight > 0);
    const { hostnames } = route;
    return { hostnames, rules: [], stream: { kind: route.kind, route: name, ...named(rule), backends } };
  }
  const { kind } = route;
  const rules = route.rules.flatMap((rule): readonly RankedRule[] => {
    const action = resolveAction(rule, referrer, context, read);
    return rule.matches.map(({ match, characters }, matchIndex) => ({
      match,
      ...(characters === undefined ? {} : { characters }),
      route,
      ruleIndex: rule.index,
      matchIndex,
      rule: { match, ...action, kind, route: name, ...named(rule) },
    }));
  });
  return { hostnames: [], rules };
}

function named(rule: ReadRule | undefined): { readonly ruleName?: string } {
  return rule?.name === undefined ? {} : { ruleName: rule.name };
}

type Action = Omit<RouteRule, 'match' | 'kind' | 'route' | 'ruleName'>;

function resolveAction(rule: ReadRule, referrer: Referrer, context: RuleContext, read: Read): Action {
  const { requestTimeoutMs, backendTimeoutMs, retry } = rule;
  const all = resolveBackends(rule, referrer, context, read);
  const session = rule.session ?? defaultSession(all, context.traffic, read);
  // A backend that is to get no more keeps the sessions that it has.
  const backends = session === undefined ? all.filter(({ weight }) => weight > 0) : all;
  return {
    filters: resolveFilters(rule, referrer, context, read),
    backends,
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(backendTimeoutMs === undefined ? {} : { backendTimeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    ...(session === undefined ? {} : { session }),
  };
}

function resolveBackends(
  rule: ReadRule,
  referrer: Referrer,
  context: RuleContext,
  read: Read,
): readonly RouteBackend[] {
  return rule.backends.flatMap(({ ref, share }): readonly RouteBackend[] => {
    const target = resolveBackend(ref, referrer, context, read);
    return ['servicePort' in target ? { ...target, ...share } : share];
  });
}

/** A mirror that leads nowhere is left out; the requests themselves are not affected. */
function resolveFilters(
  { filters }: ReadRule,
  referrer: Referrer,
  context: RuleContext,
  read: Read,
): RouteFilters {
  const { mirrors, externalAuth, ...rest } = filters;
  return {
    ...rest,
    mirrors: mirrors.flatMap(({ ref, numerator, denominator }) => {
      const target = resolveBackend(ref, referrer, context, read);
      return 'servicePort' in target ? [{ ...target, numerator, denominator }] : [];
    }),
    ...(externalAuth === undefined
      ? {}
      : { externalAuth: resolveAuth(externalAuth, referrer, context, read) }),
  };
}

function resolveAuth(
  { ref, auth }: ReadExternalAuth,
  referrer: Referrer,
  context: RuleContext,
  read: Read,
): ExternalAuth {
  const target = resolveBackend(ref, referrer, context, read);
  if (!('servicePort' in target)) return auth;
  const { servicePort, upstream: { tls, clientCertificate } = {} } = target;
  // Whatever the route is about, the authorization service is asked by its own protocol.
  const upstream: Upstream = {
    ...(auth.protocol === 'GRPC' ? { http2: true } : {}),
    ...(tls === undefined ? {} : { tls }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
  };
  return { ...auth, servicePort, ...(Object.keys(upstream).length === 0 ? {} : { upstream }) };
}
