/**
 * The HTTP filters of every connection manager, and why each stands where it does. All connection managers have all
 * of them: what a route does not use is switched off until the route itself brings its configuration, so that no
 * listener ever changes, and closes its connections, because of a route.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { RouteRule } from '../../mesh/model.ts';
import { ExtensionWithMatcherSchema } from '../proto/envoy/extensions/common/matching/v3/extension_matcher_pb.js';
import { CompositeSchema } from '../proto/envoy/extensions/filters/http/composite/v3/composite_pb.js';
import { CorsSchema } from '../proto/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { LuaSchema } from '../proto/envoy/extensions/filters/http/lua/v3/lua_pb.js';
import { RouterSchema } from '../proto/envoy/extensions/filters/http/router/v3/router_pb.js';
import { StatefulSessionSchema } from '../proto/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.js';
import type { HttpFilterSchema } from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { corsPolicy } from './cors.ts';
import { extension, pack } from './encode.ts';
import { externalAuthPerRoute } from './external-auth.ts';
import { pinScript, sessionPerRoute } from './sessions.ts';
import { tapFilter } from './tap.ts';

type HttpFilter = Exclude<MessageInitShape<typeof HttpFilterSchema>, { $typeName: string }>;

/**
 * A request passes the filters from first to last, its response the other way round. To add one, put it where
 * its reason holds and say the reason.
 */
const onDemand = {
  // Before anything asks who the caller is: browsers send preflight requests without credentials.
  cors: extension('cors', CorsSchema, {}),
  // Before the request goes anywhere, or costs anything else.
  'external-auth': extension('external-auth', ExtensionWithMatcherSchema, {
    extensionConfig: { name: 'composite', typedConfig: pack(CompositeSchema, {}) },
  }),
  // Before the session, whose value it unpacks on the way in and packs on the way out.
  'session-backend': extension('session-backend', LuaSchema, {}),
  // Behind what may still choose another route.
  session: extension('session', StatefulSessionSchema, {}),
} satisfies Record<string, HttpFilter>;

/** Of connection managers whose routes are Weft's own. */
export function ownFilters(): HttpFilter[] {
  return [tapFilter, router];
}

/** Of connection managers whose routes are made of people's. */
export function httpFilters(): HttpFilter[] {
  return [
    // First, so that it shows what the client sent and what the client got.
    tapFilter,
    ...Object.values(onDemand).map((filter) => ({ ...filter, disabled: true })),
    // Last: Envoy demands it.
    router,
  ];
}

/** Adds no x-envoy- headers: what the application sends and gets is its own affair. */
const router = extension('envoy.filters.http.router', RouterSchema, { suppressEnvoyHeaders: true });

/** What the rule's routes bring for each filter that they use, in ascending order of name. */
export function filtersOf(rule: RouteRule): { [name: string]: Any } {
  const { cors, externalAuth } = rule.filters;
  const used: readonly (readonly [keyof typeof onDemand, Any | undefined])[] = [
    ['cors', cors && corsPolicy(cors)],
    ['external-auth', externalAuth && externalAuthPerRoute(externalAuth)],
    ['session', rule.session && sessionPerRoute(rule.session, rule.match.path)],
    ['session-backend', pinScript(rule)],
  ];
  return Object.fromEntries(
    used.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
