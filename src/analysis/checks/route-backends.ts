/** Where the rules of a route send requests, resolved by the very function that makes the route's rules. */

import type { RouteKind } from '../../mesh/model.ts';
import { type Referrer, type ResolvedBackend, resolveBackend } from '../../mesh/routes/backends.ts';
import type { ReadRule } from '../../mesh/routes/read.ts';
import type { Reference } from '../../mesh/routes/references.ts';
import type { Check, Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { RouteSubject } from '../subjects.ts';

export const routeBackendChecks: readonly Check<RouteSubject>[] = [
  { code: 'WEFT-ANL-10', severity: 'error', find: missingBackend },
  { code: 'WEFT-ANL-11', severity: 'error', find: externalName },
  { code: 'WEFT-ANL-12', severity: 'error', find: notPermitted },
  { code: 'WEFT-ANL-13', severity: 'error', find: unusable },
  { code: 'WEFT-ANL-14', severity: 'warning', find: nothingToSendTo },
  { code: 'WEFT-ANL-15', severity: 'warning', find: withoutEndpoints },
  { code: 'WEFT-ANL-16', severity: 'info', find: strictBehindOthers },
];

interface Use extends Reference {
  readonly resolved: ResolvedBackend;
}

/** What these references come to for the parents of the route that are Weft's. */
function usesOf(
  { key, route }: RouteSubject,
  references: readonly Reference[],
  input: Input,
): readonly Use[] {
  const { read, mesh, sources } = input;
  const parents = read(mesh.workings.attachments.byRoute, key)?.parents ?? [];
  const isOfGateway = parents.some(({ to }) => 'listeners' in to);
  if (parents.length === 0) return [];
  const referrer: Referrer = {
    kind: route.kind,
    namespace: route.namespace,
    ...(isOfGateway ? { gateway: {} } : {}),
  };
  const context = {
    services: sources.services,
    servicePorts: mesh.servicePorts,
    attachables: mesh.workings.attachables,
  };
  return references.map(({ ref, field }) => ({
    ref,
    field,
    resolved: resolveBackend(ref, referrer, context, read),
  }));
}

/** Of a rule that holds. */
function refsOf({ backends, filters }: ReadRule): readonly Reference[] {
  return [
    ...backends,
    ...filters.mirrors,
    ...(filters.externalAuth === undefined ? [] : [filters.externalAuth]),
  ];
}

type Failure = Extract<ResolvedBackend, { readonly reason: string }>;

function failures(
  subject: RouteSubject,
  input: Input,
  reasons: readonly Failure['reason'][],
): readonly (Omit<Use, 'resolved'> & { readonly message: string; readonly namespace: string })[] {
  return usesOf(subject, subject.route.references, input).flatMap(({ ref, field, resolved }) => {
    if (!('reason' in resolved) || !reasons.includes(resolved.reason)) return [];
    return [{ ref, field, message: resolved.message, namespace: ref.namespace ?? subject.route.namespace }];
  });
}

const isExternal = (service: string, { read, facts }: Input): boolean =>
  read(facts.services, service)?.type === 'ExternalName';

function missingBackend(subject: RouteSubject, input: Input): readonly Problem[] {
  return failures(subject, input, ['BackendNotFound'])
    .filter(
      ({ namespace, ref }) =>
        knows(input, 'services', namespace) && !isExternal(`${namespace}/${ref.name}`, input),
    )
    .map(({ field, message, namespace, ref }) => ({
      path: field,
      message: `${message}; its share of the requests is answered 500`,
      fix: portsOf(`${namespace}/${ref.name}`, input),
    }));
}

function portsOf(service: string, { read, sources }: Input): string {
  const ports = read(sources.services, service)?.ports.map(({ port }) => port) ?? [];
  return ports.length === 0
    ? `Create Service ${service}, or name one that exists.`
    : `Name one of its ports: ${ports.join(', ')}.`;
}

function externalName(subject: RouteSubject, input: Input): readonly Problem[] {
  return failures(subject, input, ['BackendNotFound'])
    .filter(({ namespace, ref }) => isExternal(`${namespace}/${ref.name}`, input))
    .map(({ field, namespace, ref }) => ({
      path: field,
      message: `Service ${namespace}/${ref.name} is of type ExternalName, which is a name in DNS and has no endpoints`,
      fix: 'Use a Service without a selector, with an EndpointSlice that has the addresses.',
    }));
}

function notPermitted(subject: RouteSubject, input: Input): readonly Problem[] {
  const { kind, namespace: from } = subject.route;
  return failures(subject, input, ['RefNotPermitted'])
    .filter(({ namespace }) => knows(input, 'services', namespace))
    .map(({ field, message, namespace, ref }) => ({
      path: field,
      message,
      fix: `Create a ReferenceGrant in namespace ${namespace} with from: {group: gateway.networking.k8s.io, kind: ${kind}, namespace: ${from}} and to: {group: "", kind: Service, name: ${ref.name}}.`,
    }));
}

function unusable(subject: RouteSubject, input: Input): readonly Problem[] {
  return failures(subject, input, ['InvalidKind', 'UnsupportedProtocol']).map(({ field, message }) => ({
    path: field,
    message,
    fix: 'Name a Service and a port that carries what the route is about.',
  }));
}

/** A rule whose backends all weigh nothing, or that has none: Gateway API has it answer 500. */
function nothingToSendTo({ route }: RouteSubject): readonly Problem[] {
  return route.rules.flatMap(({ index, backends, filters }) => {
    if (filters.redirect !== undefined || backends.some(({ share }) => share.weight > 0)) return [];
    if (isLeftOut(route.partiallyInvalid?.message, index)) return [];
    const isHTTP = carriesHTTP(route.kind);
    const what = isHTTP ? 'every request is answered 500' : 'every connection is refused';
    const why = backends.length === 0 ? 'the rule has no backend' : 'every backend of the rule has weight 0';
    return [
      {
        path: `spec.rules[${index}].backendRefs`,
        message: `${why}, so ${what}`,
        fix: isHTTP
          ? 'Give a backend a weight above 0, or use a RequestRedirect filter.'
          : 'Give a backend a weight above 0.',
      },
    ];
  });
}

/** Said by another check, which knows why. */
const isLeftOut = (text: string | undefined, rule: number): boolean =>
  text?.includes(`rule ${rule} `) === true;

const carriesHTTP = (kind: RouteKind): boolean => kind === 'HTTPRoute' || kind === 'GRPCRoute';

function withoutEndpoints(subject: RouteSubject, input: Input): readonly Problem[] {
  const { read, derived } = input;
  if (!knows(input, 'endpointslices')) return [];
  const weights = new Map(
    subject.route.rules.flatMap(({ backends }) =>
      backends.map(({ field, share }) => [field, share.weight] as const),
    ),
  );
  return usesOf(subject, subject.route.rules.flatMap(refsOf), input).flatMap(({ ref, field, resolved }) => {
    const service = `${ref.namespace ?? subject.route.namespace}/${ref.name}`;
    if (!('servicePort' in resolved) || weights.get(field) === 0) return [];
    if (read(derived.members, service)?.hasEndpoints === true) return [];
    return [
      {
        path: field,
        message: `Service ${service} has no endpoints, so its share of the requests is answered 503`,
        fix: `Start pods that the selector of Service ${service} means, or set the weight of the backend to 0.`,
      },
    ];
  });
}

/** A gateway of others has no identity of the mesh, unless its own pods are in it: which they are is not known here. */
function strictBehindOthers({ route }: RouteSubject, input: Input): readonly Problem[] {
  const { read, sources, derived, mesh } = input;
  const foreign = route.parentRefs.flatMap(
    ({ group, kind = 'Gateway', namespace = route.namespace, name }) => {
      if ((group ?? gatewayGroup) !== gatewayGroup || kind !== 'Gateway') return [];
      const gateway = read(sources.gateways, `${namespace}/${name}`);
      const gatewayClass = gateway && read(sources.gatewayClasses, gateway.className);
      return gatewayClass === undefined || gatewayClass.ours ? [] : [`${namespace}/${name}`];
    },
  );
  if (foreign.length === 0) return [];
  return route.rules.flatMap(refsOf).flatMap(({ ref, field }) => {
    const service = `${ref.namespace ?? route.namespace}/${ref.name}`;
    const strict = (read(derived.members, service)?.workloads ?? []).filter(
      (workload) => read(mesh.workloads, workload)?.mtls.mode === 'Strict',
    );
    if (strict.length === 0) return [];
    return [
      {
        path: field,
        message: `${strict.join(', ')} accepts mutual TLS of the mesh only, and Gateway ${foreign.join(', ')} is of another class: its requests are refused unless its proxies are in the mesh`,
        fix: 'Put the pods of that gateway into the mesh, or let the workload accept plain connections with a MutualTLSPolicy of mode Permissive.',
      },
    ];
  });
}

const gatewayGroup = 'gateway.networking.k8s.io';
