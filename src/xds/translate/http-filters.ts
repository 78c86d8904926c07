/** The HTTP filters of every connection manager, and why each stands where it does. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { RouterSchema } from '../proto/envoy/extensions/filters/http/router/v3/router_pb.js';
import type { HttpFilterSchema } from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { extension } from './encode.ts';

/**
 * A request passes the filters from first to last, its response the other way round. To add one, put it where
 * its reason holds and say the reason.
 */
export function httpFilters(): MessageInitShape<typeof HttpFilterSchema>[] {
  return [
    // Last: Envoy demands it.
    router,
  ];
}

/** Adds no x-envoy- headers: what the application sends and gets is its own affair. */
const router = extension('envoy.filters.http.router', RouterSchema, { suppressEnvoyHeaders: true });
