/** RouteMatch of the mesh model -> Envoy's RouteMatch. All conditions of one match hold together. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PathMatch, RouteRule, StringMatch } from '../../mesh/model.ts';
import type { RouteMatchSchema } from '../proto/envoy/config/route/v3/route_components_pb.js';
import { quote } from './rewrites.ts';

export type EnvoyMatch = Exclude<MessageInitShape<typeof RouteMatchSchema>, { $typeName: string }>;

/** A rule of a GRPCRoute is for gRPC requests alone. */
export function routeMatch({ match, kind, host }: Pick<RouteRule, 'match' | 'kind' | 'host'>): EnvoyMatch {
  const method =
    match.method === undefined ? [] : [{ name: ':method', type: 'Exact', value: match.method } as const];
  const authority =
    host === undefined
      ? []
      : [{ name: ':authority', type: 'RegularExpression', value: hostExpression(host) } as const];
  return {
    pathSpecifier: pathSpecifier(match.path),
    ...(kind === 'GRPCRoute' ? { grpc: {} } : {}),
    headers: [...authority, ...method, ...match.headers].map((header) => ({
      name: header.name,
      headerMatchSpecifier: { case: 'stringMatch', value: { matchPattern: matchPattern(header) } },
    })),
    queryParameters: match.query.map((parameter) => ({
      name: parameter.name,
      queryParameterMatchSpecifier: {
        case: 'stringMatch',
        value: { matchPattern: matchPattern(parameter) },
      },
    })),
  };
}

/** Whatever the case, and whatever port the client writes: that of a load balancer, if any. */
function hostExpression(host: string): string {
  const name = host.startsWith('*') ? `.+${quote(host.slice(1))}` : quote(host);
  return `(?i)${name}(?::[0-9]+)?`;
}

function pathSpecifier(path: PathMatch): NonNullable<EnvoyMatch['pathSpecifier']> {
  if (path.type === 'Exact') return { case: 'path', value: path.value };
  if (path.type === 'RegularExpression') return { case: 'safeRegex', value: { regex: path.value } };
  if (path.value === '/') return { case: 'prefix', value: '/' };
  // By element, as Gateway API wants it; Envoy refuses a trailing slash here, the model has none.
  return { case: 'pathSeparatedPrefix', value: path.value };
}

function matchPattern(match: StringMatch) {
  if (match.type === 'Exact') return { case: 'exact', value: match.value } as const;
  return { case: 'safeRegex', value: { regex: match.value } } as const;
}
