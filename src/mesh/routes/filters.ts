/** Filters of a rule and of its backends, as written -> RouteFilters. What is not known here is refused, never skipped. */

import type { BackendRef, HTTPFilter, HTTPHeaderModifier, HTTPPathModifier } from '../kubernetes.ts';
import type { HeaderChanges, PathMatch, PathRewrite, RouteBackend, RouteFilters } from '../model.ts';
import { readCORS } from './cors.ts';
import { type ReadExternalAuth, readExternalAuth } from './external-auth.ts';
import { present, RouteProblem } from './problem.ts';
import { checkHost, checkLine, checkToken, checkWhole } from './values.ts';

/** Filters of which the backends of mirrors and authorization are not looked up yet. */
export interface ReadFilters extends Omit<RouteFilters, 'mirrors' | 'externalAuth'> {
  readonly mirrors: readonly MirrorRef[];
  readonly externalAuth?: ReadExternalAuth;
}

export interface MirrorRef {
  readonly ref: BackendRef;
  readonly field: string;
  readonly numerator: number;
  readonly denominator: number;
}

/** `paths` are those of the rule's matches; `field` is that of the rule. */
export function readFilters(
  filters: readonly HTTPFilter[] | undefined,
  paths: readonly PathMatch[],
  field: string,
): ReadFilters {
  const read: { -readonly [K in keyof ReadFilters]: ReadFilters[K] } = { mirrors: [] };
  for (const [i, filter] of (filters ?? []).entries()) {
    const at = `${field}.filters[${i}]`;
    if (filter.type === 'RequestHeaderModifier') {
      once(read.requestHeaders, filter, at);
      read.requestHeaders = readHeaders(filter.requestHeaderModifier, `${at}.requestHeaderModifier`);
    } else if (filter.type === 'ResponseHeaderModifier') {
      once(read.responseHeaders, filter, at);
      read.responseHeaders = readHeaders(filter.responseHeaderModifier, `${at}.responseHeaderModifier`);
    } else if (filter.type === 'RequestRedirect') {
      once(read.redirect, filter, at);
      read.redirect = readRedirect(filter.requestRedirect, paths, `${at}.requestRedirect`);
    } else if (filter.type === 'URLRewrite') {
      once(read.rewrite, filter, at);
      read.rewrite = readRewrite(filter.urlRewrite, paths, `${at}.urlRewrite`);
    } else if (filter.type === 'RequestMirror') {
      read.mirrors = [...read.mirrors, readMirror(filter.requestMirror, `${at}.requestMirror`)];
    } else if (filter.type === 'CORS') {
      once(read.cors, filter, at);
      read.cors = readCORS(filter.cors, `${at}.cors`);
    } else if (filter.type === 'ExternalAuth') {
      once(read.externalAuth, filter, at);
      read.externalAuth = readExternalAuth(filter.externalAuth, `${at}.externalAuth`);
    } else unsupported(filter, at);
  }
  if (read.redirect !== undefined && read.rewrite !== undefined) {
    const detail = 'a redirect and a rewrite cannot both apply';
    throw new RouteProblem(`${field}.filters`, detail, 'IncompatibleFilters');
  }
  return read;
}

type BackendFilters = Pick<RouteBackend, 'requestHeaders' | 'responseHeaders' | 'redirect' | 'rewrite'>;

/** `paths` are those of the rule's matches; `field` is that of the backendRef. */
export function readBackendFilters(
  filters: readonly HTTPFilter[] | undefined,
  paths: readonly PathMatch[],
  field: string,
): BackendFilters {
  const forRules = (filters ?? []).findIndex(({ type }) => !backendFilters.has(type));
  const odd = filters?.[forRules];
  if (odd !== undefined) unsupported(odd, `${field}.filters[${forRules}]`);
  const { mirrors: _, cors: __, externalAuth: ___, ...read } = readFilters(filters, paths, field);
  return read;
}

/** The others concern a request before a backend is chosen. */
const backendFilters: ReadonlySet<string> = new Set([
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestRedirect',
  'URLRewrite',
]);

function unsupported(filter: HTTPFilter, field: string): never {
  throw new RouteProblem(`${field}.type`, `${filter.type} is not supported here`);
}

function once(known: unknown, filter: HTTPFilter, field: string): void {
  if (known === undefined) return;
  throw new RouteProblem(field, `${filter.type} may stand only once`, 'IncompatibleFilters');
}

function readHeaders(modifier: HTTPHeaderModifier | undefined, field: string): HeaderChanges {
  const { set = [], add = [], remove = [] } = present(modifier, field);
  const named = (headers: typeof set, at: string): HeaderChanges['set'] =>
    headers.map(({ name, value }, i) => ({
      name: checkName(name, `${field}.${at}[${i}].name`),
      value: checkLine(value, `${field}.${at}[${i}].value`),
    }));
  const changes = {
    set: named(set, 'set'),
    add: named(add, 'add'),
    remove: remove.map((name, i) => checkName(name, `${field}.remove[${i}]`)),
  };
  // The host is one and compulsory; setting it means rewriting it.
  if (changes.remove.includes('host') || changes.add.some(({ name }) => name === 'host')) {
    throw new RouteProblem(field, 'the Host header can be set, not added or removed');
  }
  return changes;
}

function checkName(name: string, field: string): string {
  if (name.startsWith(':')) throw new RouteProblem(field, `${name} cannot be changed; use URLRewrite`);
  return checkToken(name, field).toLowerCase();
}

const redirectCodes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function readRedirect(
  redirect: HTTPFilter['requestRedirect'],
  paths: readonly PathMatch[],
  field: string,
): NonNullable<RouteFilters['redirect']> {
  const { scheme, hostname, port, path, statusCode = 302 } = present(redirect, field);
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    throw new RouteProblem(`${field}.scheme`, `${scheme} is not supported`);
  }
  if (!redirectCodes.has(statusCode)) {
    throw new RouteProblem(`${field}.statusCode`, `${statusCode} is not supported`);
  }
  return {
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined ? {} : { hostname: checkHost(hostname, `${field}.hostname`) }),
    ...(port === undefined ? {} : { port: checkWhole(port, `${field}.port`, { least: 1, most: 65_535 }) }),
    ...(path === undefined ? {} : { path: readPathModifier(path, paths, `${field}.path`) }),
    statusCode,
  };
}

function readRewrite(
  rewrite: HTTPFilter['urlRewrite'],
  paths: readonly PathMatch[],
  field: string,
): NonNullable<RouteFilters['rewrite']> {
  const { hostname, path } = present(rewrite, field);
  return {
    ...(hostname === undefined ? {} : { hostname: checkHost(hostname, `${field}.hostname`) }),
    ...(path === undefined ? {} : { path: readPathModifier(path, paths, `${field}.path`) }),
  };
}

function readPathModifier(path: HTTPPathModifier, paths: readonly PathMatch[], field: string): PathRewrite {
  if (path.type === 'ReplaceFullPath') {
    const value = present(path.replaceFullPath, `${field}.replaceFullPath`);
    return { type: path.type, value: checkLine(value, `${field}.replaceFullPath`) };
  }
  if (path.type !== 'ReplacePrefixMatch')
    throw new RouteProblem(`${field}.type`, `${path.type} is not supported`);
  if (paths.some(({ type }) => type !== 'PathPrefix')) {
    throw new RouteProblem(field, 'ReplacePrefixMatch needs every match of the rule to be a PathPrefix');
  }
  const value = present(path.replacePrefixMatch, `${field}.replacePrefixMatch`);
  return { type: path.type, value: checkLine(value, `${field}.replacePrefixMatch`) };
}

function readMirror(mirror: HTTPFilter['requestMirror'], field: string): MirrorRef {
  const { backendRef, percent, fraction } = present(mirror, field);
  const { numerator, denominator = 100 } = fraction ?? { numerator: percent ?? 100 };
  const share = fraction === undefined ? 'percent' : 'fraction';
  return {
    ref: backendRef,
    field: `${field}.backendRef`,
    denominator: checkWhole(denominator, `${field}.${share}`, { least: 1 }),
    numerator: checkWhole(numerator, `${field}.${share}`, { most: denominator }),
  };
}
