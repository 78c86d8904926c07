/** The filter CORS (GEP-1767). */

import type { HTTPFilter } from '../kubernetes.ts';
import type { CORS } from '../model.ts';
import { present, RouteProblem } from './problem.ts';

const origin = /^(\*|https?:\/\/[^/\s]+)$/;

/** What the API's schema fills in where it knows the field. */
const defaultMaxAgeSeconds = 5;

export function readCORS(cors: HTTPFilter['cors'], field: string): CORS {
  const {
    allowOrigins = [],
    allowMethods = [],
    allowHeaders = [],
    exposeHeaders = [],
    ...rest
  } = present(cors, field);
  const odd = allowOrigins.find((each) => !origin.test(each));
  if (odd !== undefined) {
    throw new RouteProblem(`${field}.allowOrigins`, `${odd} is neither * nor scheme://host[:port]`);
  }
  return {
    allowOrigins,
    allowMethods,
    allowHeaders,
    exposeHeaders,
    allowCredentials: rest.allowCredentials ?? false,
    maxAgeSeconds: rest.maxAge ?? defaultMaxAgeSeconds,
  };
}
