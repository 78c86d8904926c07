/** What a matched request is to come to: a redirect, an answer of 500, or one of weighted backends. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteBackend, RouteFilters, RouteRule } from '../../mesh/model.ts';
import {
  type RouteActionSchema,
  type RouteAction_RequestMirrorPolicySchema,
  RouteAction_ClusterNotFoundResponseCode,
  type RouteSchema,
} from '../proto/envoy/config/route/v3/route_components_pb.js';
import { FractionalPercent_DenominatorType } from '../proto/envoy/type/v3/percent_pb.js';
import { duration } from './encode.ts';
import { hostOf, requestHeaderFields, responseHeaderFields } from './headers.ts';
import { invalidBackendCluster, upstreamName } from './names.ts';
import { type Called, redirectAction } from './redirects.ts';
import { retryPolicy } from './retries.ts';
import { pathRewrite } from './rewrites.ts';
import { sessionBackendHeader } from './session-script.ts';
import { backendId } from './sessions.ts';

type Init<T> = Exclude<T, { $typeName: string }>;
type Action = NonNullable<Init<MessageInitShape<typeof RouteSchema>>['action']>;
type RouteAction = Init<MessageInitShape<typeof RouteActionSchema>>;
type MirrorPolicy = MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema>;

/** `backends` are those of the rule among which the route chooses. */
export function routeAction(rule: RouteRule, backends: readonly RouteBackend[], called: Called): Action {
  const { path } = rule.match;
  const [only, ...others] = backends;
  const redirect = rule.filters.redirect ?? (others.length === 0 ? only?.redirect : undefined);
  if (redirect !== undefined) return { case: 'redirect', value: redirectAction(path, redirect, called) };
  if (!backends.some((backend) => backend.servicePort !== undefined) || isUnguarded(rule)) {
    return { case: 'directResponse', value: { status: isGrpc(rule) ? 503 : 500 } };
  }
  return { case: 'route', value: forward(rule, backends) };
}

/** Everything to one cluster, under the same terms as a route without settings. */
export function plainAction(cluster: string): Action {
  return {
    case: 'route',
    value: { clusterSpecifier: { case: 'cluster', value: cluster }, timeout: duration(0) },
  };
}

/** Whether nobody can be asked who is to be asked. */
function isUnguarded({ filters: { externalAuth } }: RouteRule): boolean {
  return externalAuth !== undefined && externalAuth.servicePort === undefined;
}

/** A gRPC client is told UNAVAILABLE where an HTTP client gets a 500 (GRPCRoute, backendRefs). */
function isGrpc({ kind }: RouteRule): boolean {
  return kind === 'GRPCRoute';
}

function forward(rule: RouteRule, backends: readonly RouteBackend[]): RouteAction {
  const [only, ...others] = backends;
  const own = others.length === 0 ? only?.rewrite : undefined;
  const host = own?.hostname ?? rule.filters.rewrite?.hostname ?? hostOf(rule.filters.requestHeaders);
  const retries = retryPolicy(rule);
  return {
    ...destination(rule, backends),
    // Without a limit that somebody set there is none; Envoy's own default of 15 s would cut streams.
    timeout: duration(rule.requestTimeoutMs ?? 0),
    ...(retries === undefined ? {} : { retryPolicy: retries }),
    requestMirrorPolicies: rule.filters.mirrors.map(mirrorPolicy),
    ...pathRewrite(rule.match.path, own?.path ?? rule.filters.rewrite?.path),
    ...hostRewrite(host),
  };
}

/** The share of an invalid backend goes to a cluster that does not exist, which is answered 500 here. */
function destination(
  rule: RouteRule,
  backends: readonly RouteBackend[],
): Pick<RouteAction, 'clusterSpecifier' | 'clusterNotFoundResponseCode'> {
  const [only, ...others] = backends;
  const plain =
    only?.requestHeaders === undefined && only?.responseHeaders === undefined && rule.session === undefined;
  if (only?.servicePort !== undefined && others.length === 0 && plain) {
    return { clusterSpecifier: { case: 'cluster', value: upstreamName(only.servicePort, only.upstream) } };
  }
  const { INTERNAL_SERVER_ERROR, SERVICE_UNAVAILABLE } = RouteAction_ClusterNotFoundResponseCode;
  const invalid = backends.some((backend) => backend.servicePort === undefined);
  return {
    ...(invalid
      ? { clusterNotFoundResponseCode: isGrpc(rule) ? SERVICE_UNAVAILABLE : INTERNAL_SERVER_ERROR }
      : {}),
    clusterSpecifier: {
      case: 'weightedClusters',
      value: { clusters: backends.map((backend) => share(rule, backend)) },
    },
  };
}

function share({ session }: RouteRule, backend: RouteBackend) {
  const { servicePort, upstream, requestHeaders, responseHeaders } = backend;
  const response = responseHeaderFields(responseHeaders);
  // For the session's script, which takes it off again.
  const mark = { header: { key: sessionBackendHeader, value: backendId(backend) } };
  return {
    name: servicePort === undefined ? invalidBackendCluster : upstreamName(servicePort, upstream),
    // A backend whose weight has become 0 keeps the sessions that it has.
    weight: Math.max(1, backend.weight),
    ...requestHeaderFields(requestHeaders),
    ...response,
    ...(session === undefined
      ? {}
      : { responseHeadersToAdd: [...(response.responseHeadersToAdd ?? []), mark] }),
    ...hostRewrite(hostOf(requestHeaders)),
  };
}

function hostRewrite(host: string | undefined) {
  if (host === undefined) return {};
  return { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: host } } as const;
}

function mirrorPolicy(mirror: RouteFilters['mirrors'][number]): MirrorPolicy {
  const numerator = Math.round((mirror.numerator / mirror.denominator) * 1_000_000);
  const policy: MirrorPolicy = {
    cluster: upstreamName(mirror.servicePort, mirror.upstream),
    // The copy is to be served like the original, so its Host stays.
    disableShadowHostSuffixAppend: true,
  };
  if (numerator >= 1_000_000) return policy;
  return {
    ...policy,
    runtimeFraction: { defaultValue: { numerator, denominator: FractionalPercent_DenominatorType.MILLION } },
  };
}
