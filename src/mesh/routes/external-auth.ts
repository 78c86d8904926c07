/** The filter ExternalAuth (GEP-1494). */

import type { BackendRef, HTTPFilter } from '../kubernetes.ts';
import type { ExternalAuth } from '../model.ts';
import { present, RouteProblem } from './problem.ts';
import { checkPath, checkWhole } from './values.ts';

/** One of which the service is not looked up yet. */
export interface ReadExternalAuth {
  readonly ref: BackendRef;
  readonly field: string;
  readonly auth: Omit<ExternalAuth, 'servicePort' | 'upstream'>;
}

export function readExternalAuth(filter: HTTPFilter['externalAuth'], field: string): ReadExternalAuth {
  const { protocol, backendRef, grpc, http, forwardBody } = present(filter, field);
  if (protocol !== 'GRPC' && protocol !== 'HTTP') {
    throw new RouteProblem(`${field}.protocol`, `${protocol} is not supported`);
  }
  const allowed = protocol === 'GRPC' ? grpc?.allowedHeaders : http?.allowedHeaders;
  const path = protocol === 'HTTP' ? readPrefix(http?.path, `${field}.http.path`) : undefined;
  return {
    ref: backendRef,
    field: `${field}.backendRef`,
    auth: {
      protocol,
      ...(path === undefined ? {} : { path }),
      allowedRequestHeaders: lowerCase(allowed),
      allowedResponseHeaders: lowerCase(protocol === 'HTTP' ? http?.allowedResponseHeaders : undefined),
      forwardBodyBytes: checkWhole(forwardBody?.maxSize ?? 0, `${field}.forwardBody.maxSize`),
    },
  };
}

/** Goes before the path of the request, so it begins with a slash; the schema does not ask for one. */
function readPrefix(path: string | undefined, field: string): string | undefined {
  if (path === undefined || path === '') return undefined;
  return checkPath(path.startsWith('/') ? path : `/${path}`, field);
}

function lowerCase(names: readonly string[] = []): readonly string[] {
  return names.map((name) => name.toLowerCase());
}
