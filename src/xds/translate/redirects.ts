/** Redirects of a rule or of one of its backends -> Envoy's RedirectAction. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PathMatch, RouteFilters } from '../../mesh/model.ts';
import {
  type RedirectActionSchema,
  RedirectAction_RedirectResponseCode,
} from '../proto/envoy/config/route/v3/route_components_pb.js';
import { fullPathRewrite, prefixRewrite } from './rewrites.ts';

type Redirect = NonNullable<RouteFilters['redirect']>;
type RedirectAction = Exclude<MessageInitShape<typeof RedirectActionSchema>, { $typeName: string }>;

/** What the client called: a port of a Service, or of a gateway's listener. */
export interface Called {
  readonly scheme: 'http' | 'https';
  readonly port: number;
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
 * write the port of the request's Host, which is another. `match` is that of the rule.
 */
export function redirectAction(match: PathMatch, redirect: Redirect, called: Called): RedirectAction {
  const scheme = redirect.scheme ?? called.scheme;
  const port = redirect.port ?? (redirect.scheme === undefined ? called.port : wellKnownPorts[scheme]);
  const action: RedirectAction = {
    responseCode: redirectCodes[redirect.statusCode] ?? RedirectAction_RedirectResponseCode.FOUND,
    ...redirectPath(match, redirect),
  };
  if (redirect.scheme !== undefined) {
    action.schemeRewriteSpecifier = { case: 'schemeRedirect', value: redirect.scheme };
  }
  if (redirect.hostname !== undefined) action.hostRedirect = redirect.hostname;
  const hostHasPort = redirect.hostname === undefined && called.port !== wellKnownPorts[called.scheme];
  if (port !== undefined && (port !== wellKnownPorts[scheme] || hostHasPort)) action.portRedirect = port;
  return action;
}

function redirectPath(match: PathMatch, { path }: Redirect): Pick<RedirectAction, 'pathRewriteSpecifier'> {
  if (path === undefined) return {};
  if (path.type === 'ReplaceFullPath') {
    return { pathRewriteSpecifier: { case: 'regexRewrite', value: fullPathRewrite(path.value) } };
  }
  const rewrite = prefixRewrite(match, path.value);
  if ('prefixRewrite' in rewrite) {
    return { pathRewriteSpecifier: { case: 'prefixRewrite', value: rewrite.prefixRewrite } };
  }
  if ('regexRewrite' in rewrite) {
    return { pathRewriteSpecifier: { case: 'regexRewrite', value: rewrite.regexRewrite } };
  }
  return {};
}
