/** What a route is attached to: the mesh's own verdicts, in words about the place that has to change. */

import type { ParentRef } from '../../mesh/kubernetes.ts';
import { isServiceParent } from '../../mesh/project-routes.ts';
import type { RouteVerdict } from '../../mesh/model.ts';
import type { Check, Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { RouteSubject } from '../subjects.ts';

export const routeParentChecks: readonly Check<RouteSubject>[] = [
  // Nobody else will ever tell: a route whose parent does not exist has no status at all.
  { code: 'WEFT-ANL-01', severity: 'error', find: missingParent },
  { code: 'WEFT-ANL-02', severity: 'error', find: opaquePort },
  {
    code: 'WEFT-ANL-03',
    severity: 'error',
    find: (subject, input) =>
      refusedFor(subject, input, 'NotAllowedByListeners', ({ namespace, kind }) => ({
        fix: `Let a listener's allowedRoutes take ${kind}s of namespace ${namespace}, or attach the route to another listener.`,
      })),
  },
  {
    code: 'WEFT-ANL-04',
    severity: 'error',
    find: (subject, input) =>
      refusedFor(subject, input, 'NoMatchingListenerHostname', () => ({
        fix: "Name a hostname of the listener, or one below its wildcard, in the route's spec.hostnames.",
      })),
  },
  { code: 'WEFT-ANL-05', severity: 'error', find: notUnderstood },
  { code: 'WEFT-ANL-06', severity: 'error', find: partlyUnderstood },
  {
    code: 'WEFT-ANL-07',
    severity: 'error',
    find: (subject, input) =>
      refusedFor(subject, input, 'Conflicted', () => ({
        fix: 'Attach the routes to different ports of the Service, or say everything with routes of one kind.',
      })),
  },
  { code: 'WEFT-ANL-08', severity: 'warning', find: ignoredHostnames },
];

function verdictsOf({ key }: RouteSubject, { read, derived }: Input): readonly RouteVerdict[] {
  return (read(derived.verdictsByRoute, key) ?? []).map(({ value }) => value);
}

const pathOf = (index: number): string => `spec.parentRefs[${index}]`;

function missingParent(subject: RouteSubject, input: Input): readonly Problem[] {
  const { route } = subject;
  const unmatched = verdictsOf(subject, input)
    .filter(
      ({ accepted, parentRef }) =>
        accepted.reason === 'NoMatchingParent' && isKnown(parentRef, subject, input),
    )
    .filter(({ parentRef }) => opaquePortsOf(parentRef, subject, input).length === 0)
    .map(({ parentIndex, accepted }) => ({
      path: pathOf(parentIndex),
      message: `the route is attached to nothing: ${accepted.message}`,
      fix: 'Name a Service with a ClusterIP and one of its TCP ports, or a Gateway and one of its listeners.',
    }));
  const gone = route.parentRefs.flatMap((ref, index): readonly Problem[] => {
    const { kind = 'Gateway', group = gatewayGroup, namespace = route.namespace, name } = ref;
    if (group !== gatewayGroup || kind !== 'Gateway' || !knows(input, 'gateways', namespace)) return [];
    if (input.read(input.sources.gateways, `${namespace}/${name}`) !== undefined) return [];
    return [
      {
        path: pathOf(index),
        message: `there is no Gateway ${namespace}/${name}`,
        fix: 'Create the Gateway, or name one that exists, with its namespace where that is another one.',
      },
    ];
  });
  return [...unmatched, ...gone];
}

const gatewayGroup = 'gateway.networking.k8s.io';

function isKnown(ref: ParentRef, { route }: RouteSubject, input: Input): boolean {
  return !isServiceParent(ref) || knows(input, 'services', ref.namespace ?? route.namespace);
}

/** Ports that the parent means and of which the Service says that they carry no HTTP. */
function opaquePortsOf(
  ref: ParentRef,
  { route }: RouteSubject,
  { read, sources, mesh }: Input,
): readonly string[] {
  const isHTTP = route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute';
  if (!isHTTP || !isServiceParent(ref)) return [];
  const key = `${ref.namespace ?? route.namespace}/${ref.name}`;
  const service = read(sources.services, key);
  if (service === undefined || service.headless) return [];
  return service.ports
    .filter(({ port, name }) => (ref.port ?? port) === port && (ref.sectionName ?? name) === name)
    .map(({ port }) => `${key}:${port}`)
    .filter((port) => read(mesh.servicePorts, port)?.protocol === 'tcp');
}

function opaquePort(subject: RouteSubject, input: Input): readonly Problem[] {
  return verdictsOf(subject, input)
    .filter(({ accepted }) => accepted.reason === 'NoMatchingParent')
    .flatMap(({ parentIndex, parentRef }) => {
      const ports = opaquePortsOf(parentRef, subject, input);
      if (ports.length === 0) return [];
      return [
        {
          path: pathOf(parentIndex),
          message: `the requests of ${ports.join(', ')} cannot be told apart, because the port is declared to carry opaque TCP`,
          fix: "Declare the port's protocol in its Service, for example appProtocol: http, or use a TCPRoute.",
        },
      ];
    });
}

function refusedFor(
  subject: RouteSubject,
  input: Input,
  reason: string,
  rest: (route: RouteSubject['route']) => Pick<Problem, 'fix'>,
): readonly Problem[] {
  return verdictsOf(subject, input)
    .filter(({ accepted }) => !accepted.status && accepted.reason === reason)
    .map(({ parentIndex, accepted }) => ({
      path: pathOf(parentIndex),
      message: accepted.message,
      ...rest(subject.route),
    }));
}

/** `spec.rules[0].filters[1]: why` in two, where it begins with a path. */
export function splitPath(text: string): { readonly path: string; readonly message: string } {
  const [, path, message] = /^(spec\.[\w.[\]]+): (.*)$/s.exec(text) ?? [];
  return path === undefined || message === undefined ? { path: '', message: text } : { path, message };
}

/** For the route itself, or for what this kind of route cannot do at its parent. */
function notUnderstood(subject: RouteSubject, input: Input): readonly Problem[] {
  const { problem } = subject.route;
  if (problem !== undefined) {
    return [
      {
        ...splitPath(problem.message),
        fix: 'Write it as docs/routing.md says; none of the route holds until then.',
      },
    ];
  }
  return refusedFor(subject, input, 'UnsupportedValue', () => ({
    fix: 'Attach the route to a Gateway, or use a kind of route that can be attached to this Service.',
  }));
}

function partlyUnderstood({ route }: RouteSubject): readonly Problem[] {
  const text = route.partiallyInvalid?.message ?? '';
  return text
    .replace(/^Dropped Rule: /, '')
    .split(/; (?=rule \d+ )/)
    .flatMap((each) => {
      const [, consequence, detail] = /^(rule \d+ [^:]*): (.*)$/s.exec(each) ?? [];
      if (consequence === undefined || detail === undefined) return [];
      const { path, message } = splitPath(detail);
      return [
        {
          path,
          message: `${consequence}: ${message}`,
          fix: 'Write the rule as docs/routing.md says, or remove it; the other rules hold.',
        },
      ];
    });
}

/** In the mesh the Service is what was called, whatever the Host header says (GEP-1294). */
function ignoredHostnames({ route }: RouteSubject): readonly Problem[] {
  if (route.kind === 'TLSRoute' || route.hostnames.length === 0) return [];
  const index = route.parentRefs.findIndex(isServiceParent);
  if (index === -1) return [];
  return [
    {
      path: 'spec.hostnames',
      message: `hostnames have no effect at Service ${route.parentRefs[index]?.name}: the route holds for every request to it`,
      fix: 'Match the Host header in a rule, or attach the route to a Gateway only.',
    },
  ];
}
