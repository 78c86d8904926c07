/** Routes made of nasty values: each well-typed, hardly any of sense. */

import type { Random } from '../../src/graph/random.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import type {
  BackendRef,
  GRPCRule,
  HTTPBackendRef,
  HTTPFilter,
  HTTPHeaderModifier,
  HTTPMatch,
  HTTPPathModifier,
  HTTPRule,
  NamedMatch,
  ParentRef,
  RouteSessionPersistence,
} from '../../src/mesh/kubernetes.ts';
import type { RouteKind } from '../../src/mesh/model.ts';
import { routeOf } from '../../src/mesh/routes/testing.ts';
import {
  durations,
  headerNames,
  headerValues,
  hostnames,
  integers,
  origins,
  paths,
  replacements,
  sessionNames,
  someExpression,
} from './nasty-values.ts';

const kinds: readonly RouteKind[] = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute'];

/** `name` is `namespace/name`. Most are HTTPRoutes, since those can say most. */
export function someNastyRoute(plain: Random, name: string): KubeObject {
  const random = withOdds(plain, plain.pick([2, 8, 30]));
  const kind = random.below(2) === 0 ? 'HTTPRoute' : random.pick(kinds);
  const parents = some(random, 3, () => someParent(random));
  const common = { parents, hostnames: some(random, 4, () => random.odd(hostnames)) };
  if (kind === 'HTTPRoute') {
    return routeOf(kind, name, { ...common, rules: some(random, 4, () => someHTTPRule(random)) });
  }
  if (kind === 'GRPCRoute') {
    return routeOf(kind, name, { ...common, rules: some(random, 4, () => someGRPCRule(random)) });
  }
  const rules = [{ backendRefs: some(random, 4, () => ({ ...someBackend(random), ...someWeight(random) })) }];
  return routeOf(kind, name, { ...common, rules });
}

interface NastyRandom extends Random {
  /** Mostly the list's first, so that one odd thing is not hidden behind another that is refused. */
  odd<T>(from: readonly T[]): T;
}

/** One of so many values is odd. */
function withOdds(random: Random, odds: number): NastyRandom {
  return {
    ...random,
    odd: (from) => (random.below(odds) === 0 ? random.pick(from) : random.pick(from.slice(0, 1))),
  };
}

function some<T>(random: NastyRandom, most: number, make: () => T): readonly T[] {
  return Array.from({ length: 1 + random.below(most) }, make);
}

/** One in four. */
function maybe<T extends object>(random: NastyRandom, make: () => T): T | object {
  return random.below(4) === 0 ? make() : {};
}

function someParent(random: NastyRandom): ParentRef {
  if (random.below(3) === 0) {
    return { group: '', kind: 'Service', name: 'web', ...maybe(random, () => ({ port: 80 })) };
  }
  const sectionName = random.pick(['http', 'https', 'tls', 'tcp', 'udp', 'nowhere']);
  return { name: 'web', namespace: 'infra', ...(random.below(2) === 0 ? {} : { sectionName }) };
}

function someHTTPRule(random: NastyRandom): HTTPRule {
  return {
    ...maybe(random, () => ({ name: random.odd(['rule', '', 'A B', '%', 'a\nb']) })),
    ...(random.below(4) === 0 ? {} : { matches: some(random, 3, () => someMatch(random)) }),
    ...(random.below(3) === 0 ? {} : { filters: some(random, 2, () => someFilter(random)) }),
    backendRefs: some(random, 4, () => someHTTPBackend(random)),
    ...maybe(random, () => ({
      timeouts: { request: random.odd(durations), backendRequest: random.odd(durations) },
    })),
    ...maybe(random, () => ({
      retry: {
        codes: some(random, 3, () => random.odd([500, 400, 599, ...integers])),
        attempts: random.odd(integers),
        backoff: random.odd(durations),
      },
    })),
    ...maybe(random, () => ({ sessionPersistence: someSession(random) })),
  };
}

function someGRPCRule(random: NastyRandom): GRPCRule {
  const parts = ['svc.V1', '', 'a/b', 'a b', '.', '?', '#', 'a?', 'ü', 'a\nb', 'x'.repeat(1024)];
  return {
    matches: some(random, 2, () => {
      const type = random.pick(['Exact', 'RegularExpression']);
      const part = (): string => random.odd(type === 'Exact' ? parts : ['a', someExpression(random)]);
      return {
        method: { type, service: part(), method: part() },
        ...maybe(random, () => ({ headers: some(random, 2, () => someNamed(random)) })),
      };
    }),
    ...maybe(random, () => ({ filters: [someFilter(random)] })),
    backendRefs: some(random, 2, () => someHTTPBackend(random)),
    ...maybe(random, () => ({ sessionPersistence: someSession(random) })),
  };
}

function someMatch(random: NastyRandom): HTTPMatch {
  const type = random.pick([
    'PathPrefix',
    'PathPrefix',
    'Exact',
    'RegularExpression',
    random.odd(['Exact', 'Odd']),
  ]);
  const value =
    type === 'RegularExpression' ? random.odd(['/a.*', someExpression(random)]) : random.odd(paths);
  return {
    ...(random.below(4) === 0 ? {} : { path: { type, value } }),
    ...maybe(random, () => ({ method: random.odd(['GET', 'CONNECT', '', 'A B', '*', 'a\nb']) })),
    ...maybe(random, () => ({ headers: some(random, 3, () => someNamed(random)) })),
    ...maybe(random, () => ({ queryParams: some(random, 3, () => someNamed(random)) })),
  };
}

function someNamed(random: NastyRandom): NamedMatch {
  const type = random.pick(['Exact', 'RegularExpression']);
  const value = type === 'Exact' ? random.odd(headerValues) : random.odd(['a|b', someExpression(random)]);
  return { type, name: random.odd(headerNames), value };
}

function someBackend(random: NastyRandom): BackendRef {
  return {
    name: random.pick(['web', 'v1', 'v2', random.odd(['v1', 'nobody'])]),
    namespace: random.odd(['shop', 'infra']),
    port: random.odd([80, 81, 0, -1, 70_000]),
    kind: random.odd(['Service', 'Pod', 'toString']),
  };
}

function someWeight(random: NastyRandom): { readonly weight?: number } {
  return random.below(2) === 0 ? {} : { weight: random.odd([3, 0, ...integers]) };
}

function someHTTPBackend(random: NastyRandom): HTTPBackendRef {
  const filters = maybe(random, () => ({ filters: [someFilter(random)] }));
  return { ...someBackend(random), ...someWeight(random), ...filters };
}

function someSession(random: NastyRandom): RouteSessionPersistence {
  return {
    sessionName: random.odd(sessionNames),
    ...maybe(random, () => ({ absoluteTimeout: random.odd(durations) })),
    ...(random.below(2) === 0 ? { type: random.odd(['Cookie', 'Header', 'Odd']) } : {}),
    ...maybe(random, () => ({
      cookieConfig: { lifetimeType: random.odd(['Permanent', 'Session', 'Odd']) },
    })),
  };
}

function someHeaders(random: NastyRandom): HTTPHeaderModifier {
  const headers = () =>
    some(random, 3, () => ({ name: random.odd(headerNames), value: random.odd(headerValues) }));
  return {
    ...maybe(random, () => ({ set: headers() })),
    ...maybe(random, () => ({ add: headers() })),
    ...maybe(random, () => ({ remove: some(random, 3, () => random.odd(headerNames)) })),
  };
}

function somePath(random: NastyRandom): HTTPPathModifier {
  return random.below(2) === 0
    ? { type: 'ReplaceFullPath', replaceFullPath: random.odd(replacements) }
    : { type: 'ReplacePrefixMatch', replacePrefixMatch: random.odd(replacements) };
}

function someFilter(random: NastyRandom): HTTPFilter {
  const names = () => some(random, 3, () => random.odd(headerNames));
  const target = () => ({
    ...maybe(random, () => ({ hostname: random.odd(hostnames) })),
    ...(random.below(2) === 0 ? { path: somePath(random) } : {}),
  });
  switch (random.below(9)) {
    case 0:
      return { type: 'RequestHeaderModifier', requestHeaderModifier: someHeaders(random) };
    case 1:
      return { type: 'ResponseHeaderModifier', responseHeaderModifier: someHeaders(random) };
    case 2:
      return {
        type: 'RequestRedirect',
        requestRedirect: {
          ...target(),
          ...maybe(random, () => ({ scheme: random.odd(['http', 'https', 'ftp', '']) })),
          ...maybe(random, () => ({ port: random.odd([80, 8080, ...integers]) })),
          ...maybe(random, () => ({ statusCode: random.odd([301, 303, 308, ...integers]) })),
        },
      };
    case 3:
      return { type: 'URLRewrite', urlRewrite: target() };
    case 4:
      return {
        type: 'RequestMirror',
        requestMirror: {
          backendRef: someBackend(random),
          ...(random.below(2) === 0
            ? { fraction: { numerator: random.odd(integers), denominator: random.odd([10, ...integers]) } }
            : { percent: random.odd([50, 0, 100, ...integers]) }),
        },
      };
    case 5:
      return {
        type: 'CORS',
        cors: {
          allowOrigins: some(random, 3, () => random.odd(origins)),
          allowCredentials: random.below(2) === 0,
          allowMethods: some(random, 2, () => random.odd(['GET', '*', 'A B', '', 'a\nb'])),
          allowHeaders: names(),
          exposeHeaders: names(),
          maxAge: random.odd(integers),
        },
      };
    case 6:
      return {
        type: 'ExternalAuth',
        externalAuth: {
          protocol: random.pick(['GRPC', 'HTTP', random.odd(['HTTP', 'Odd'])]),
          backendRef: { name: 'v2', namespace: 'shop', port: 80 },
          grpc: { allowedHeaders: names() },
          http: {
            ...(random.below(2) === 0 ? { path: random.odd([...paths, 'check', '/a?b=c']) } : {}),
            allowedHeaders: names(),
            allowedResponseHeaders: names(),
          },
          ...maybe(random, () => ({ forwardBody: { maxSize: random.odd(integers) } })),
        },
      };
    default:
      return { type: random.odd(['RequestMirror', 'ExtensionRef', 'URLRewrite', 'CORS', '']) };
  }
}
