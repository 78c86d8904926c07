/** What a matched request is to come to: a redirect, an answer of 500, or one of weighted backends. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteBackend, RouteFilters, RouteRule } from '../../mesh/model.ts';
import {
  type RedirectActionSchema,
  RedirectAction_RedirectResponseCode,
  type RetryPolicySchema,
  type RouteActionSchema,
  type RouteAction_RequestMirrorPolicySchema,
  RouteAction_ClusterNotFoundResponseCode,
  type RouteSchema,
} from '../proto/envoy/config/route/v3/route_components_pb.js';
import { PreviousHostsPredicateSchema } from '../proto/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { FractionalPercent_DenominatorType } from '../proto/envoy/type/v3/percent_pb.js';
import { duration, extension } from './encode.ts';
import { hostOf, requestHeaderFields, responseHeaderFields } from './headers.ts';
import { invalidBackendCluster, notSentHeader, upstreamName } from './names.ts';
import { fullPathRewrite, pathRewrite, prefixRewrite } from './rewrites.ts';

type Init<T> = Exclude<T, { $typeName: string }>;
type Action = NonNullable<Init<MessageInitShape<typeof RouteSchema>>['action']>;
type RouteAction = Init<MessageInitShape<typeof RouteActionSchema>>;
type RetryPolicy = Init<MessageInitShape<typeof RetryPolicySchema>>;
type MirrorPolicy = MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema>;
type Redirect = NonNullable<RouteFilters['redirect']>;

/** What the client called: a port of a Service, or of a gateway's listener. */
export interface Called {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

export function routeAction(rule: RouteRule, called: Called): Action {
  if (rule.filters.redirect !== undefined) {
    return { case: 'redirect', value: redirectAction(rule, rule.filters.redirect, called) };
  }
  if (!rule.backends.some((backend) => backend.servicePort !== undefined)) {
    return { case: 'directResponse', value: { status: 500 } };
  }
  return { case: 'route', value: forward(rule) };
}

/** Everything to one cluster, under the same terms as a route without settings. */
export function plainAction(cluster: string): Action {
  return {
    case: 'route',
    value: { clusterSpecifier: { case: 'cluster', value: cluster }, timeout: duration(0) },
  };
}

function forward(rule: RouteRule): RouteAction {
  const host = rule.filters.rewrite?.hostname ?? hostOf(rule.filters.requestHeaders);
  return {
    ...destination(rule.backends),
    // Without a limit that somebody set there is none; Envoy's own default of 15 s would cut streams.
    timeout: duration(rule.requestTimeoutMs ?? 0),
    ...(rule.backendTimeoutMs === undefined
      ? {}
      : { retryPolicy: { ...safeRetries, perTryTimeout: duration(rule.backendTimeoutMs) } }),
    requestMirrorPolicies: rule.filters.mirrors.map(mirrorPolicy),
    ...pathRewrite(rule.match.path, rule.filters.rewrite?.path),
    ...hostRewrite(host),
  };
}

/** The share of an invalid backend goes to a cluster that does not exist, which is answered 500 here. */
function destination(
  backends: readonly RouteBackend[],
): Pick<RouteAction, 'clusterSpecifier' | 'clusterNotFoundResponseCode'> {
  const [only, ...others] = backends;
  const plain = only?.requestHeaders === undefined && only?.responseHeaders === undefined;
  if (only?.servicePort !== undefined && others.length === 0 && plain) {
    return { clusterSpecifier: { case: 'cluster', value: upstreamName(only.servicePort, only.upstream) } };
  }
  const { INTERNAL_SERVER_ERROR } = RouteAction_ClusterNotFoundResponseCode;
  const invalid = backends.some((backend) => backend.servicePort === undefined);
  return {
    ...(invalid ? { clusterNotFoundResponseCode: INTERNAL_SERVER_ERROR } : {}),
    clusterSpecifier: {
      case: 'weightedClusters',
      value: {
        clusters: backends.map((backend) => ({
          name:
            backend.servicePort === undefined
              ? invalidBackendCluster
              : upstreamName(backend.servicePort, backend.upstream),
          weight: backend.weight,
          ...requestHeaderFields(backend.requestHeaders),
          ...responseHeaderFields(backend.responseHeaders),
          ...hostRewrite(hostOf(backend.requestHeaders)),
        })),
      },
    },
  };
}

function hostRewrite(host: string | undefined) {
  if (host === undefined) return {};
  return { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: host } } as const;
}

/**
 * Retries that can never repeat a request the application has seen: the connection failed, the server's HTTP/2
 * refused the stream, the connection was gone before the request was written, or the other side's proxy says
 * that its application did not accept a connection. They make rolling restarts lossless and hide a pod whose
 * application has just died; whatever else may be retried is for a policy to say. Another endpoint is preferred.
 * A route without a policy of its own has that of its virtual host.
 */
export const safeRetries: RetryPolicy = {
  retryOn: 'connect-failure,refused-stream,reset-before-request,retriable-headers',
  retriableHeaders: [{ name: notSentHeader, headerMatchSpecifier: { case: 'presentMatch', value: true } }],
  numRetries: 2,
  retryHostPredicate: [
    extension('envoy.retry_host_predicates.previous_hosts', PreviousHostsPredicateSchema, {}),
  ],
  // An endpoint that fails at once looks idle and is chosen again and again: of two, five draws were too few.
  hostSelectionRetryMaxAttempts: 20n,
  retryBackOff: { baseInterval: duration(10), maxInterval: duration(100) },
};

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

const wellKnownPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

const redirectCodes: Readonly<Record<number, RedirectAction_RedirectResponseCode>> = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
};

/**
 * Gateway API's rules of the port in Location: the one given; else the scheme's own where a scheme is given;
 * else the one the client called. The well-known port of the scheme is left out, except where Envoy would then
 * write the port of the request's Host, which is another.
 */
function redirectAction(rule: RouteRule, redirect: Redirect, called: Called) {
  const scheme = redirect.scheme ?? called.scheme;
  const port = redirect.port ?? (redirect.scheme === undefined ? called.port : wellKnownPorts[scheme]);
  const action: Init<MessageInitShape<typeof RedirectActionSchema>> = {
    responseCode: redirectCodes[redirect.statusCode] ?? RedirectAction_RedirectResponseCode.FOUND,
    ...redirectPath(rule, redirect),
  };
  if (redirect.scheme !== undefined) {
    action.schemeRewriteSpecifier = { case: 'schemeRedirect', value: redirect.scheme };
  }
  if (redirect.hostname !== undefined) action.hostRedirect = redirect.hostname;
  const hostHasPort = redirect.hostname === undefined && called.port !== wellKnownPorts[called.scheme];
  if (port !== undefined && (port !== wellKnownPorts[scheme] || hostHasPort)) action.portRedirect = port;
  return action;
}

function redirectPath(
  rule: RouteRule,
  { path }: Redirect,
): Pick<Init<MessageInitShape<typeof RedirectActionSchema>>, 'pathRewriteSpecifier'> {
  if (path === undefined) return {};
  if (path.type === 'ReplaceFullPath') {
    return { pathRewriteSpecifier: { case: 'regexRewrite', value: fullPathRewrite(path.value) } };
  }
  const rewrite = prefixRewrite(rule.match.path, path.value);
  if ('prefixRewrite' in rewrite) {
    return { pathRewriteSpecifier: { case: 'prefixRewrite', value: rewrite.prefixRewrite } };
  }
  if ('regexRewrite' in rewrite) {
    return { pathRewriteSpecifier: { case: 'regexRewrite', value: rewrite.regexRewrite } };
  }
  return {};
}
