/** ReferenceGrants that permit what nobody does. */

import type { IndexEntry } from '../../graph/types.ts';
import type { ReadRoute } from '../../mesh/routes/read.ts';
import type { Check, Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { GrantSubject } from '../subjects.ts';

export const grantChecks: readonly Check<GrantSubject>[] = [
  { code: 'WEFT-ANL-108', severity: 'info', find: unused },
];

const gatewayGroup = 'gateway.networking.k8s.io';
const routeKinds: ReadonlySet<string> = new Set([
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'UDPRoute',
]);

/** Only of routes, which are known whole: others may refer to it whom nobody here has heard of. */
function unused({ grant }: GrantSubject, input: Input): readonly Problem[] {
  const { read, derived } = input;
  const toServices = grant.to.filter(({ group, kind }) => group === '' && kind === 'Service');
  if (toServices.length === 0 || toServices.length < grant.to.length) return [];
  return grant.from.flatMap(({ group, kind, namespace }, index) => {
    if (group !== gatewayGroup || !routeKinds.has(kind) || !knows(input, 'services', namespace)) return [];
    const routes = read(derived.routesByNamespace, namespace) ?? [];
    const isMeant = ({ name = '' }: (typeof toServices)[number], used: string): boolean =>
      name === '' || name === used;
    const uses = routes
      .filter(({ value }) => value.kind === kind)
      .flatMap((route) => servicesOf(route, grant.namespace));
    if (uses.some((used) => toServices.some((to) => isMeant(to, used)))) return [];
    return [
      {
        path: `spec.from[${index}]`,
        message: `no ${kind} of namespace ${namespace} refers to what it permits`,
        fix: 'Remove it: what is permitted and not used is open to whoever may write routes there.',
      },
    ];
  });
}

/** Names of the Services of a namespace that a route refers to. */
function servicesOf({ value: route }: IndexEntry<ReadRoute>, namespace: string): readonly string[] {
  return route.rules
    .flatMap(({ backends, filters }) => [
      ...backends,
      ...filters.mirrors,
      ...(filters.externalAuth === undefined ? [] : [filters.externalAuth]),
    ])
    .filter(({ ref }) => (ref.namespace ?? route.namespace) === namespace)
    .map(({ ref }) => ref.name);
}
