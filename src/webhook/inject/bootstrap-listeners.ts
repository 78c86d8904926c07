/** The two listeners that do not depend on the control plane: health (plaintext) and control (mutual TLS). */

import { controlPort, healthPort } from '../../base/names.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { InjectContext } from './context.ts';
import { tlsSocket } from './envoy.ts';
import { controlPortServerTls } from './identity.ts';
import { mark } from './template.ts';

/** Where a pod's own routes and HTTP filters are filled into the health listener. */
export const routeMark = 'routes';
export const filterMark = 'filters';

const filterTypes = 'type.googleapis.com/envoy.extensions.filters.http';
const drainSource = 'drain';

/**
 * Asks the admin interface to drain gracefully: each open connection is told to close with its next response,
 * new ones are still served. A route cannot do it, because admin takes only POST and the kubelet sends GET.
 */
const drainCode = `function envoy_on_request(handle)
  local headers, body = handle:httpCall("admin", {
    [":method"] = "POST", [":path"] = "/drain_listeners?inboundonly&graceful&skip_exit",
    [":authority"] = "admin", ["content-length"] = "0"
  }, "", 2000)
  handle:respond({[":status"] = headers[":status"]}, body)
end`;

export function bootstrapListeners(context: InjectContext): readonly Json[] {
  return [
    listener('health', healthPort, {
      routes: [
        { match: { path: '/ready' }, route: { cluster: 'admin' } },
        { match: { path: '/metrics' }, route: { cluster: 'admin', prefix_rewrite: '/stats/prometheus' } },
        mark(routeMark),
      ],
      filters: [
        {
          name: 'envoy.filters.http.lua',
          typed_config: {
            '@type': `${filterTypes}.lua.v3.Lua`,
            source_codes: { [drainSource]: { inline_string: drainCode } },
          },
        },
        mark(filterMark),
      ],
      // The kubelet would follow a redirect to a path this port does not have; the status alone is a success.
      removedHeaders: ['location'],
    }),
    listener('control', controlPort, {
      // A live view stays open as long as its reader wants.
      routes: [{ match: { prefix: '/' }, route: { cluster: 'admin', timeout: '0s' } }],
      filters: [],
      transportSocket: tlsSocket('DownstreamTlsContext', controlPortServerTls(context)),
    }),
  ];
}

/** The route that drains; its path is a secret of the pod, or anyone who reaches the port could drain it. */
export function drainRoute(path: string): JsonObject {
  return {
    match: { path },
    // Never sent: the Lua code answers first.
    direct_response: { status: 404 },
    typed_per_filter_config: {
      'envoy.filters.http.lua': { '@type': `${filterTypes}.lua.v3.LuaPerRoute`, name: drainSource },
    },
  };
}

interface ListenerParts {
  readonly routes: readonly Json[];
  readonly filters: readonly Json[];
  /** Of responses. */
  readonly removedHeaders?: readonly string[];
  readonly transportSocket?: JsonObject;
}

function listener(name: string, port: number, parts: ListenerParts): JsonObject {
  const { transportSocket, routes, filters, removedHeaders } = parts;
  const removed = removedHeaders === undefined ? {} : { response_headers_to_remove: removedHeaders };
  return {
    name,
    // Both families, whichever the pod has.
    address: { socket_address: { address: '::', port_value: port, ipv4_compat: true } },
    filter_chains: [
      {
        ...(transportSocket === undefined ? {} : { transport_socket: transportSocket }),
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: name,
              // What the application gets of a probe is what the kubelet sent.
              generate_request_id: false,
              skip_xff_append: true,
              route_config: { virtual_hosts: [{ name, domains: ['*'], routes, ...removed }] },
              http_filters: [
                ...filters,
                {
                  name: 'envoy.filters.http.router',
                  typed_config: {
                    '@type': `${filterTypes}.router.v3.Router`,
                    suppress_envoy_headers: true,
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}
