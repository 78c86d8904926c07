/** What rules do with requests, where it goes against itself. */

import type { PathMatch, RouteMatch } from '../../mesh/model.ts';
import type { BackendRef } from '../../mesh/kubernetes.ts';
import type { ReadRule } from '../../mesh/routes/read.ts';
import type { Check, Problem } from '../check.ts';
import type { Input } from '../input.ts';
import type { RouteSubject } from '../subjects.ts';

export const routeActionChecks: readonly Check<RouteSubject>[] = [
  { code: 'WEFT-ANL-22', severity: 'warning', find: ({ route }) => route.rules.flatMap(retriesUnsafe) },
  { code: 'WEFT-ANL-23', severity: 'warning', find: ({ route }) => route.rules.flatMap(noTimeToRetry) },
  {
    code: 'WEFT-ANL-24',
    severity: 'warning',
    find: ({ route }) => route.rules.flatMap((rule) => mirrorsToSelf(rule, route.namespace)),
  },
  { code: 'WEFT-ANL-25', severity: 'error', find: redirectLoops },
  { code: 'WEFT-ANL-26', severity: 'warning', find: ({ route }) => route.rules.flatMap(sameBackendTwice) },
];

/** A second try may do it twice. */
const unsafeMethods: ReadonlySet<string> = new Set(['POST', 'PATCH', 'CONNECT']);

function retriesUnsafe({ index, matches, retry }: ReadRule): readonly Problem[] {
  if (retry === undefined || retry.attempts === 0 || retry.codes.length === 0) return [];
  return matches.flatMap(({ match: { method } }, i) => {
    if (method === undefined || !unsafeMethods.has(method)) return [];
    return [
      {
        path: `spec.rules[${index}].retry`,
        message: `a ${method} (matches[${i}]) that was answered ${retry.codes.join(' or ')} is sent again, although it may have been carried out already`,
        fix: `Retry only requests that may be repeated: leave out retry.codes in the rule for ${method}, so that only connections which failed are tried again.`,
      },
    ];
  });
}

function noTimeToRetry({ index, retry, requestTimeoutMs, backendTimeoutMs }: ReadRule): readonly Problem[] {
  if (retry === undefined || retry.attempts === 0) return [];
  if (requestTimeoutMs === undefined || requestTimeoutMs === 0) return [];
  if (backendTimeoutMs === undefined || backendTimeoutMs < requestTimeoutMs) return [];
  return [
    {
      path: `spec.rules[${index}].timeouts.backendRequest`,
      message:
        'one try may take as long as the whole request, so a try that timed out is never followed by another',
      fix: `Let backendRequest be shorter than request, so that ${retry.attempts + 1} tries fit into it.`,
    },
  ];
}

function mirrorsToSelf({ filters, backends }: ReadRule, namespace: string): readonly Problem[] {
  const keyOf = (ref: BackendRef): string => `${ref.namespace ?? namespace}/${ref.name}:${ref.port}`;
  const used = new Map(
    backends.filter(({ share }) => share.weight > 0).map(({ ref, field }) => [keyOf(ref), field]),
  );
  return filters.mirrors.flatMap(({ ref, field }) => {
    const backend = used.get(keyOf(ref));
    if (backend === undefined) return [];
    return [
      {
        path: field,
        message: `the copy goes to ${keyOf(ref)}, which gets the request itself (${backend}): it does everything twice`,
        fix: 'Mirror to another Service, such as one for the new version alone.',
      },
    ];
  });
}

/** The same requests as before follow from it: the client comes back for ever. */
function redirectLoops({ key, route }: RouteSubject, { read, mesh }: Input): readonly Problem[] {
  const parents = read(mesh.workings.attachments.byRoute, key)?.parents ?? [];
  const listeners = parents.flatMap(({ to }) => ('listeners' in to ? to.listeners : []));
  const schemes = new Set<string>(
    listeners.map(({ listener }) =>
      read(mesh.workings.attachables.listeners, listener)?.protocol === 'HTTPS' ? 'https' : 'http',
    ),
  );
  return route.rules.flatMap(({ index, matches, filters: { redirect } }) => {
    if (redirect === undefined || redirect.port !== undefined) return [];
    const { scheme, hostname, path } = redirect;
    // Where some listener is of the other scheme, those requests do change.
    const sameScheme = scheme === undefined || (schemes.size === 1 && schemes.has(scheme));
    const sameHost =
      hostname === undefined || (route.hostnames.length === 1 && route.hostnames[0] === hostname);
    if (!sameScheme || !sameHost || matches.length === 0) return [];
    const again = matches.filter(({ match }) => comesBack(match, path));
    if (again.length < matches.length) return [];
    return [
      {
        path: `spec.rules[${index}].filters`,
        message: 'the redirect leads to a request that the same rule redirects again, for ever',
        fix: 'Let it change the scheme, the hostname, the port or the path into one that the rule does not match.',
      },
    ];
  });
}

type Rewrite = { readonly type: string; readonly value: string } | undefined;

function comesBack({ path }: RouteMatch, rewrite: Rewrite): boolean {
  if (rewrite === undefined) return true;
  if (rewrite.type === 'ReplaceFullPath') return matches(path, rewrite.value);
  return path.type === 'PathPrefix' && matches(path, rewrite.value === '' ? '/' : rewrite.value);
}

function matches({ type, value }: PathMatch, path: string): boolean {
  if (type === 'Exact') return path === value;
  if (type === 'RegularExpression') return false;
  return value === '/' || path === value || path.startsWith(`${value}/`);
}

function sameBackendTwice({ backends }: ReadRule): readonly Problem[] {
  const seen = new Map<string, string>();
  return backends.flatMap(({ ref, field, share }) => {
    const { weight: _, ...changes } = share;
    const key = JSON.stringify([ref.group, ref.kind, ref.namespace, ref.name, ref.port, changes]);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, field);
      return [];
    }
    return [
      {
        path: field,
        message: `${ref.name} is a backend of the rule already (${first}), so its weights add up`,
        fix: 'Name it once, with the weight that it is to have; a split between versions needs a Service for each.',
      },
    ];
  });
}
