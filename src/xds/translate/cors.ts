/** Cross-origin resource sharing (GEP-1767) -> the per-route configuration of Envoy's cors filter. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CORS } from '../../mesh/model.ts';
import { CorsPolicySchema } from '../proto/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { StringMatcherSchema } from '../proto/envoy/type/matcher/v3/string_pb.js';
import { pack } from './encode.ts';
import { quote } from './rewrites.ts';

/**
 * A preflight request is answered here, also one that is not allowed: that one without the headers that would allow
 * anything. Envoy answers with the origin, method and headers that were asked for, so `*`, which browsers do not
 * take for any where credentials are sent, never stands beside these.
 */
export function corsPolicy(cors: CORS): Any {
  return pack(CorsPolicySchema, {
    allowOriginStringMatch: cors.allowOrigins.map(originMatcher),
    allowMethods: cors.allowMethods.join(', '),
    allowHeaders: cors.allowHeaders.join(', '),
    exposeHeaders: cors.exposeHeaders.join(', '),
    maxAge: String(cors.maxAgeSeconds),
    allowCredentials: cors.allowCredentials,
    forwardNotMatchingPreflights: false,
  });
}

/** `*` stands for any number of labels, or in place of the whole origin for any. */
function originMatcher(origin: string): MessageInitShape<typeof StringMatcherSchema> {
  if (!origin.includes('*')) return { matchPattern: { case: 'exact', value: origin } };
  const regex = origin === '*' ? '.*' : origin.split('*').map(quote).join('.*');
  return { matchPattern: { case: 'safeRegex', value: { regex } } };
}
