/** What a rule of a route matches and does, in few words. */

import type { HeaderChanges, PathMatch, PathRewrite, RouteMatch } from '../../mesh/model.ts';
import type { ReadRule } from '../../mesh/routes/read.ts';

/** `GET /v2* header x-canary=1`; empty where everything matches. */
export function matchInWords({ path, method, headers, query }: RouteMatch): string {
  const words = [
    ...(method === undefined ? [] : [method]),
    ...(path.type === 'PathPrefix' && path.value === '/' ? [] : [pathInWords(path)]),
    ...headers.map((header) => `header ${header.name}${sign(header.type)}${header.value}`),
    ...query.map((parameter) => `query ${parameter.name}${sign(parameter.type)}${parameter.value}`),
  ];
  return words.join(' ');
}

function pathInWords({ type, value }: PathMatch): string {
  if (type === 'Exact') return value;
  return type === 'PathPrefix' ? `${value}*` : `~${value}`;
}

function sign(type: 'Exact' | 'RegularExpression'): string {
  return type === 'Exact' ? '=' : '~';
}

/** `['redirect to https, status 301', 'mirror 10 % to web']` */
export function actionsOf(rule: ReadRule): readonly string[] {
  const { filters } = rule;
  const { redirect, rewrite } = filters;
  const to = redirect && [redirect.scheme, redirect.hostname, redirect.port, rewritten(redirect.path)];
  return [
    ...(to === undefined
      ? []
      : [
          `redirect to ${to.filter((part) => part !== undefined && part !== '').join(' ')}, status ${redirect?.statusCode}`,
        ]),
    ...(rewrite?.hostname === undefined ? [] : [`host becomes ${rewrite.hostname}`]),
    ...(rewrite?.path === undefined ? [] : [`path becomes ${rewritten(rewrite.path)}`]),
    ...headerWords('request', filters.requestHeaders),
    ...headerWords('response', filters.responseHeaders),
    ...filters.mirrors.map(
      ({ ref, numerator, denominator }) =>
        `mirror ${Math.round((100 * numerator) / denominator)} % to ${ref.name}`,
    ),
    ...(filters.cors === undefined ? [] : ['CORS']),
    ...(filters.externalAuth === undefined ? [] : ['external authorization']),
    ...limit('timeout', rule.requestTimeoutMs),
    ...limit('timeout of each try', rule.backendTimeoutMs),
    ...(rule.retry === undefined ? [] : [`up to ${rule.retry.attempts} retries`]),
    ...(rule.session === undefined
      ? []
      : [`session by ${rule.session.type.toLowerCase()} ${rule.session.name}`]),
  ];
}

function rewritten(path: PathRewrite | undefined): string {
  if (path === undefined) return '';
  return path.type === 'ReplacePrefixMatch' ? `${path.value}*` : path.value;
}

function headerWords(of: 'request' | 'response', changes: HeaderChanges | undefined): readonly string[] {
  if (changes === undefined) return [];
  const names = (list: readonly { readonly name: string }[]): string =>
    list.map(({ name }) => name).join(', ');
  return [
    ...(changes.set.length === 0 ? [] : [`${of} headers set: ${names(changes.set)}`]),
    ...(changes.add.length === 0 ? [] : [`${of} headers added: ${names(changes.add)}`]),
    ...(changes.remove.length === 0 ? [] : [`${of} headers removed: ${changes.remove.join(', ')}`]),
  ];
}

function limit(what: string, lengthMs: number | undefined): readonly string[] {
  if (lengthMs === undefined || lengthMs === 0) return [];
  return [`${what} ${lengthMs < 1_000 ? `${lengthMs} ms` : `${lengthMs / 1_000} s`}`];
}
