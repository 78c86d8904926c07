/** What is wrong now, and why: one function per kind of problem, the list of them below. */

import type { WeftError } from '../../base/errors.ts';
import type { Severity } from '../../analysis/types.ts';
import type { Scope } from '../access.ts';
import { kindOfCollection } from '../explain.ts';
import { isVisible, listFindings } from './findings.ts';
import { listPolicies } from './policies.ts';
import { hasProxy } from './proxies.ts';
import { isWanted, refOf } from './refs.ts';
import { listRoutes } from './routes.ts';
import type { ObjectRef, Problem } from './types.ts';
import type { World } from './world.ts';

/** What the composition knows besides. */
export interface AuthorityState {
  readonly problem: WeftError | undefined;
}

const severities: readonly Severity[] = ['error', 'warning', 'info'];
/** What the whole mesh depends on before what concerns single objects. */
const kinds: readonly Problem['kind'][] = [
  'authority',
  'replica',
  'rejection',
  'proxy',
  'traffic',
  'route',
  'policy',
  'finding',
];

/** Most severe first, then by kind and object; one object is told of once where the analysis says more of it. */
export function listProblems(world: World, authority: AuthorityState, scope: Scope): readonly Problem[] {
  const findings = ofFindings(world, scope);
  const explained = new Set(findings.map(({ object }) => keyOf(object)));
  const others = [
    ...ofReplicas(world, scope),
    ...ofAuthority(authority, scope),
    ...ofRejections(world, scope),
    ...ofProxies(world, scope),
    ...ofTraffic(world, scope),
    ...[...ofRoutes(world, scope), ...ofPolicies(world, scope)].filter(
      ({ object }) => !explained.has(keyOf(object)),
    ),
  ];
  return [...others, ...findings].sort(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
      (keyOf(a.object) < keyOf(b.object) ? -1 : 1),
  );
}

function keyOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind}/${namespace ?? ''}/${name}`;
}

/** Whole-mesh matters are for those who ask about the whole mesh. */
function concernsMesh(scope: Scope): boolean {
  return scope.namespace === '' && scope.everywhere;
}

function ofReplicas({ silent }: World, scope: Scope): readonly Problem[] {
  if (!concernsMesh(scope)) return [];
  return silent.map((name) => ({
    kind: 'replica',
    severity: 'error',
    object: { kind: 'Pod', name },
    message: `Replica ${name} of the control plane does not answer.`,
    fix: 'Look at the state and the log of its pod.',
  }));
}

function ofAuthority({ problem }: AuthorityState, scope: Scope): readonly Problem[] {
  if (problem === undefined || !concernsMesh(scope)) return [];
  return [
    {
      kind: 'authority',
      severity: 'error',
      code: problem.code,
      object: { kind: 'CertificateAuthority', name: 'default' },
      message: problem.message,
      fix: problem.remedy,
    },
  ];
}

/** Of what a resource is made of: the objects that people write for the mesh, before those it is about. */
const culprits: readonly (readonly [string, string])[] = [
  ['httproute', 'HTTPRoute'],
  ['grpcroute', 'GRPCRoute'],
  ['tlsroute', 'TLSRoute'],
  ['tcproute', 'TCPRoute'],
  ['udproute', 'UDPRoute'],
  ['telemetrypolicy', 'TelemetryPolicy'],
  ['xbackendtrafficpolicy', 'XBackendTrafficPolicy'],
  ['backendtlspolicy', 'BackendTLSPolicy'],
  ['mutualtlspolicy', 'MutualTLSPolicy'],
  ['gateway', 'Gateway'],
  ['service', 'Service'],
  ['meshconfig', 'MeshConfig'],
];

function ofRejections({ reports }: World, scope: Scope): readonly Problem[] {
  const problems = new Map<string, Problem>();
  for (const { answer } of reports) {
    for (const { resource, message, from } of answer.rejections) {
      const causes = from.flatMap((cause) => {
        const [collection = '', key = ''] = cause.split(' ');
        const rank = culprits.findIndex(([kind]) => kind === kindOfCollection(collection));
        return rank < 0 ? [] : [{ kind: culprits[rank]?.[1] ?? '', key, rank }];
      });
      const [first] = causes.sort((a, b) => a.rank - b.rank);
      if (first === undefined) continue;
      const object = refOf(first.kind, first.key, scope);
      if (object.namespace === undefined ? !concernsMesh(scope) : !isWanted(object.namespace, scope))
        continue;
      problems.set(resource, {
        kind: 'rejection',
        severity: 'error',
        code: 'WEFT-XDS-10',
        object,
        message: `Envoy refuses ${resource}: ${message}`,
        fix: 'The last good version stays in force; correct the object, or report this: it should have been refused before.',
      });
    }
  }
  return [...problems.values()];
}

/** A pod that was made just now is still on its way. */
const patienceMs = 60_000;

function ofProxies({ mesh, connected, silent, nowMs }: World, scope: Scope): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [key, pod] of mesh.pods.entries()) {
    if (!hasProxy(pod) || pod.terminating || !isWanted(pod.namespace, scope)) continue;
    // It may well be connected to one of those.
    if (connected.has(key) || silent.length > 0) continue;
    if (nowMs - Date.parse(pod.createdAt) < patienceMs) continue;
    problems.push({
      kind: 'proxy',
      severity: pod.ready ? 'warning' : 'error',
      object: { kind: 'Pod', namespace: pod.namespace, name: pod.name },
      message: `The proxy of pod ${key} is not connected to the control plane.`,
      fix: 'Look at the log of its container weft-proxy, and at whether it reaches the Service of the control plane.',
    });
  }
  return problems;
}

const fewestRequestsPerSecond = 0.2;
const goodRate = 0.99;
const badRate = 0.9;

function ofTraffic({ sources, traffic }: World, scope: Scope): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [key, { namespace, name }] of sources.services.entries()) {
    if (!isWanted(namespace, scope)) continue;
    const { successRate, requestsPerSecond } = traffic.ofService(key);
    if (successRate === undefined || successRate >= goodRate) continue;
    if (requestsPerSecond < fewestRequestsPerSecond) continue;
    problems.push({
      kind: 'traffic',
      severity: successRate < badRate ? 'error' : 'warning',
      object: { kind: 'Service', namespace, name },
      message: `${((1 - successRate) * 100).toFixed(1)} % of the requests to Service ${key} fail.`,
      fix: `Look at who fails: weft tap svc/${name} -n ${namespace} --status 5xx`,
    });
  }
  return problems;
}

function ofRoutes(world: World, scope: Scope): readonly Problem[] {
  return listRoutes(world, scope).flatMap(({ kind, namespace, name, parents }) =>
    parents
      .filter(({ accepted, resolved }) => !accepted || !resolved)
      .map(({ object, accepted, reason, message }): Problem => {
        const what = accepted ? 'has references that do not resolve' : 'is not accepted';
        return {
          kind: 'route',
          severity: 'error',
          object: { kind, namespace, name },
          message: `${kind} ${namespace}/${name} ${what} at ${object.kind} ${object.name}: ${reason}: ${message}`,
          fix: '',
        };
      }),
  );
}

function ofPolicies(world: World, scope: Scope): readonly Problem[] {
  return listPolicies(world, scope)
    .filter(({ accepted, reason }) => !accepted && reason !== 'Pending')
    .map(({ kind, namespace, name, reason, message }) => ({
      kind: 'policy',
      severity: 'warning',
      object: { kind, namespace, name },
      message: `${kind} ${namespace}/${name} is not in use: ${reason}: ${message}`,
      fix: '',
    }));
}

/** Advice is not a problem. */
function ofFindings({ findings }: World, scope: Scope): readonly Problem[] {
  return listFindings(findings, scope)
    .filter((finding) => finding.severity !== 'info' && isVisible(finding, scope))
    .map(({ severity, code, object, message, fix }) => {
      const { kind, namespace, name } = object;
      const ref = { kind, name, ...(namespace === undefined ? {} : { namespace }) };
      return { kind: 'finding', severity, code, object: ref, message, fix };
    });
}
