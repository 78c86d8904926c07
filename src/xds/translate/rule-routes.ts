/**
 * One rule as Envoy routes. Mostly that is one; more where Envoy's weighted clusters cannot say what a backend wants:
 *
 *   a backend redirects or rewrites paths by itself   one route per backend, chosen at random by weight
 *   a session is to stay with its backend             before those, one per backend for the requests of its sessions
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteBackend, RouteRule } from '../../mesh/model.ts';
import type { RouteSchema } from '../proto/envoy/config/route/v3/route_components_pb.js';
import { FractionalPercent_DenominatorType } from '../proto/envoy/type/v3/percent_pb.js';
import { routeAction } from './actions.ts';
import { requestHeaderFields, responseHeaderFields } from './headers.ts';
import { filtersOf } from './http-filters.ts';
import { type EnvoyMatch, routeMatch } from './matches.ts';
import type { Called } from './redirects.ts';
import { routeTracing } from './sampling.ts';
import { sessionBackendHeader } from './session-script.ts';
import { backendId } from './sessions.ts';

type Route = Exclude<MessageInitShape<typeof RouteSchema>, { $typeName: string }>;

/**
 * In the order in which Envoy is to try them; the last one takes whatever the rule matches. `samplingPercent` is there
 * where a TelemetryPolicy says how much of the route is traced.
 */
export function ruleRoutes(rule: RouteRule, called: Called, samplingPercent?: number): readonly Route[] {
  const match = routeMatch(rule);
  const route = (backends: readonly RouteBackend[], narrowed: EnvoyMatch = match): Route => ({
    name: rule.ruleName === undefined ? rule.route : `${rule.route}/${rule.ruleName}`,
    match: narrowed,
    action: routeAction(rule, backends, called),
    ...headerFields(rule),
    typedPerFilterConfig: filtersOf(rule),
    ...routeTracing(samplingPercent),
  });
  const chosen = rule.backends.filter(({ weight }) => weight > 0);
  const byWeight =
    chosen.length > 1 && chosen.some(isSpecial) ? spread(chosen, match, route) : [route(chosen)];
  if (rule.session === undefined) return byWeight;
  const pinned = rule.backends
    .filter(({ servicePort }) => servicePort !== undefined)
    .map((backend) => route([backend], withHeader(match, sessionBackendHeader, backendId(backend))));
  return [...pinned, ...byWeight];
}

function headerFields({ filters, session }: RouteRule): Partial<Route> {
  const request = requestHeaderFields(filters.requestHeaders);
  const hidden = session === undefined ? [] : [sessionBackendHeader];
  return {
    ...request,
    requestHeadersToRemove: [...(request.requestHeadersToRemove ?? []), ...hidden],
    ...responseHeaderFields(filters.responseHeaders),
  };
}

function isSpecial({ redirect, rewrite }: RouteBackend): boolean {
  return redirect !== undefined || rewrite !== undefined;
}

const million = 1_000_000;

/**
 * Envoy holds the same random number of a request against the fraction of every route, so each says the weights up
 * to its own together.
 */
function spread(
  backends: readonly RouteBackend[],
  match: EnvoyMatch,
  route: (backends: readonly RouteBackend[], match?: EnvoyMatch) => Route,
): readonly Route[] {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  let upTo = 0;
  return backends.map((backend, index) => {
    upTo += backend.weight;
    if (index === backends.length - 1) return route([backend]);
    const numerator = Math.round((upTo / total) * million);
    const { MILLION } = FractionalPercent_DenominatorType;
    return route([backend], {
      ...match,
      runtimeFraction: { defaultValue: { numerator, denominator: MILLION } },
    });
  });
}

function withHeader(match: EnvoyMatch, name: string, value: string): EnvoyMatch {
  const header = {
    name,
    headerMatchSpecifier: {
      case: 'stringMatch',
      value: { matchPattern: { case: 'exact', value } },
    },
  } as const;
  return { ...match, headers: [...(match.headers ?? []), header] };
}
