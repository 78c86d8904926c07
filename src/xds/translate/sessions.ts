/** Session persistence (GEP-1619): the endpoint by Envoy's stateful sessions, backend and expiry by a script of ours. */

import { hash } from 'node:crypto';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { PathMatch, RouteBackend, RouteRule, SessionPersistence } from '../../mesh/model.ts';
import { LuaPerRouteSchema } from '../proto/envoy/extensions/filters/http/lua/v3/lua_pb.js';
import { StatefulSessionPerRouteSchema } from '../proto/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.js';
import { CookieBasedSessionStateSchema } from '../proto/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb.js';
import { HeaderBasedSessionStateSchema } from '../proto/envoy/extensions/http/stateful_session/header/v3/header_pb.js';
import { duration, extension, pack } from './encode.ts';
import { upstreamName } from './names.ts';
import { sessionScript } from './session-script.ts';

/** `path` is what the rule matches: a cookie is for the requests of its rule. */
export function sessionPerRoute(session: SessionPersistence, path: PathMatch): Any {
  const { type, name } = session;
  // Envoy finds these by their names, not as elsewhere by the type of what they hold.
  const state =
    type === 'Header'
      ? extension('envoy.http.stateful_session.header', HeaderBasedSessionStateSchema, { name })
      : extension('envoy.http.stateful_session.cookie', CookieBasedSessionStateSchema, {
          cookie: {
            name,
            path: path.type === 'RegularExpression' ? '/' : path.value,
            ...(session.cookieLifetime === 'Permanent'
              ? { ttl: duration(session.absoluteTimeoutMs ?? 0) }
              : {}),
          },
        });
  return pack(StatefulSessionPerRouteSchema, {
    override: {
      case: 'statefulSession',
      value: { sessionState: { name: state.name, typedConfig: state.configType.value } },
    },
  });
}

/** Keeps the session with its backend; undefined where the rule has none. */
export function pinScript({ session }: RouteRule): Any | undefined {
  if (session === undefined) return undefined;
  const script = sessionScript({
    type: session.type,
    name: session.name,
    id: session.id,
    maxAgeSeconds: Math.ceil((session.absoluteTimeoutMs ?? 0) / 1000),
  });
  return pack(LuaPerRouteSchema, {
    override: { case: 'sourceCode', value: { specifier: { case: 'inlineString', value: script } } },
  });
}

/** By which a session names its backend: the same wherever that stands in the rule. */
export function backendId({ servicePort, upstream }: RouteBackend): string {
  return hash('sha256', servicePort === undefined ? '' : upstreamName(servicePort, upstream)).slice(0, 8);
}
