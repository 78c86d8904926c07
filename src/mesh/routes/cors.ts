/** The filter CORS (GEP-1767). */

import type { HTTPFilter } from '../kubernetes.ts';
import type { CORS } from '../model.ts';
import { present, RouteProblem } from './problem.ts';
import { checkToken, checkWhole } from './values.ts';

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
    allowMethods: tokens(allowMethods, `${field}.allowMethods`),
    allowHeaders: tokens(allowHeaders, `${field}.allowHeaders`),
    exposeHeaders: tokens(exposeHeaders, `${field}.exposeHeaders`),
    allowCredentials: rest.allowCredentials ?? false,
    maxAgeSeconds: checkWhole(rest.maxAge ?? defaultMaxAgeSeconds, `${field}.maxAge`),
  };
}

function tokens(names: readonly string[], field: string): readonly string[] {
  return names.map((name, i) => checkToken(name, `${field}[${i}]`));
}
