/**
 * Findings on the graph: for each object its checks are run when something changes that they looked at, and whoever
 * reads the findings hears only of those that differ. The same in the control plane, the command and the tests.
 */

import type { Collection, GraphApi } from '../graph/types.ts';
import type { MeshSources } from '../mesh/sources.ts';
import type { WorkedMesh } from '../mesh/workings.ts';
import type { Check } from './check.ts';
import { authorityChecks } from './checks/authority.ts';
import { backendTLSChecks } from './checks/backend-tls.ts';
import { certificateChecks } from './checks/certificates.ts';
import { controlPlaneChecks } from './checks/control-plane.ts';
import { gatewayClassChecks, gatewayChecks } from './checks/gateways.ts';
import { grantChecks } from './checks/grants.ts';
import { listenerSetChecks } from './checks/listener-sets.ts';
import { meshConfigChecks } from './checks/mesh-config.ts';
import { namespaceChecks } from './checks/namespaces.ts';
import { policyChecks } from './checks/policies.ts';
import { protocolChecks } from './checks/protocols.ts';
import { proxyChecks } from './checks/proxies.ts';
import { routeActionChecks } from './checks/route-actions.ts';
import { routeBackendChecks } from './checks/route-backends.ts';
import { routeMatchChecks } from './checks/route-matches.ts';
import { routeParentChecks } from './checks/route-parents.ts';
import { serviceChecks } from './checks/services.ts';
import { meshTelemetryChecks, telemetryPolicyChecks } from './checks/telemetry.ts';
import { trafficPolicyChecks } from './checks/traffic-policies.ts';
import { workloadChecks } from './checks/workloads.ts';
import { writtenChecks } from './checks/written.ts';
import { createDerived } from './derived.ts';
import type { AnalysisSources } from './facts.ts';
import { apiVersionOf, type Input } from './input.ts';
import type { Keyed } from './subjects.ts';
import type { Finding } from './types.ts';

export interface Analysis {
  /** Keyed `<kind>/<namespace>/<name>`, or `<kind>/<name>`; an object of which nothing was found does not exist. */
  readonly findings: Collection<readonly Finding[]>;
}

export function createAnalysis(
  graph: GraphApi,
  mesh: WorkedMesh,
  sources: MeshSources,
  facts: AnalysisSources,
): Analysis {
  const derived = createDerived(graph, mesh, sources, facts);
  const known = { mesh, sources, facts, derived };

  /** `subjectOf` may say that the object is not to be looked at; `nameOf` is `[kind, key]` of the object. */
  const examine = <V, S extends Keyed>(
    topic: string,
    over: Collection<V>,
    checks: readonly Check<S>[],
    nameOf: (key: string) => readonly [kind: string, key: string],
    subjectOf: (key: string, value: V, input: Input) => S | undefined,
  ): Collection<readonly Finding[]> =>
    graph.expand(`findings/${topic}`, over, (key, value, read) => {
      const input: Input = { ...known, read };
      const subject = subjectOf(key, value, input);
      if (subject === undefined) return [];
      const [kind, name] = nameOf(key);
      const found = runChecks(checks, subject, input, objectOf(kind, name));
      return found.length === 0 ? [] : [[`${kind}/${name}`, found] as const];
    });
  const ofKind = (kind: string) => (key: string) => [kind, key] as const;
  /** Keys that have the kind in front, or between namespace and name. */
  const routeName = (key: string) => splitFirst(key);
  const workloadName = (key: string) => {
    const [namespace = '', kind = '', name = ''] = key.split('/');
    return [kind, `${namespace}/${name}`] as const;
  };

  const parts = [
    examine(
      'routes',
      mesh.workings.routes,
      [...routeParentChecks, ...routeBackendChecks, ...routeMatchChecks, ...routeActionChecks],
      routeName,
      (key, route) => ({ key, route }),
    ),
    examine(
      'services',
      facts.services,
      [...serviceChecks, ...protocolChecks],
      ofKind('Service'),
      (key, own, { read }) => {
        const service = read(sources.services, key);
        return { key, facts: own, ...(service === undefined ? {} : { service }) };
      },
    ),
    examine(
      'workloads',
      derived.workloads,
      [...writtenChecks, ...workloadChecks, ...proxyChecks, ...controlPlaneChecks],
      workloadName,
      (_, workload) => (workload.kind === gatewayProxies ? undefined : workload),
    ),
    examine(
      'namespaces',
      sources.namespaces,
      namespaceChecks,
      ofKind('Namespace'),
      (key, labels, { read }) => {
        const own = read(facts.namespaces, key);
        return { key, labels, ...(own === undefined ? {} : { facts: own }) };
      },
    ),
    examine(
      'policies',
      sources.mutualTLSPolicies,
      policyChecks,
      ofKind('MutualTLSPolicy'),
      (key, policy) => ({
        key,
        policy,
      }),
    ),
    examine(
      'telemetryPolicies',
      sources.telemetryPolicies,
      telemetryPolicyChecks,
      ofKind('TelemetryPolicy'),
      (key, policy) => ({ key, policy }),
    ),
    examine(
      'trafficPolicies',
      sources.backendTrafficPolicies,
      trafficPolicyChecks,
      ofKind('XBackendTrafficPolicy'),
      (key, policy) => ({ key, policy }),
    ),
    examine(
      'gateways',
      sources.gateways,
      [...gatewayChecks, ...certificateChecks],
      ofKind('Gateway'),
      (key, gateway, { read }) => {
        const judged = read(mesh.workings.judgedGateways, key);
        return { key, gateway, ...(judged === undefined ? {} : { judged }) };
      },
    ),
    examine(
      'gatewayClasses',
      sources.gatewayClasses,
      gatewayClassChecks,
      ofKind('GatewayClass'),
      (key, gatewayClass) => ({
        key,
        gatewayClass,
      }),
    ),
    examine('listenerSets', sources.listenerSets, listenerSetChecks, ofKind('ListenerSet'), (key, set) => ({
      key,
      set,
    })),
    examine(
      'backendTLS',
      sources.backendTLSPolicies,
      backendTLSChecks,
      ofKind('BackendTLSPolicy'),
      (key, policy) => ({
        key,
        policy,
      }),
    ),
    examine('grants', sources.referenceGrants, grantChecks, ofKind('ReferenceGrant'), (key, grant) => ({
      key,
      grant,
    })),
    examine(
      'meshConfigs',
      facts.meshConfigs,
      [...meshConfigChecks, ...meshTelemetryChecks],
      ofKind('MeshConfig'),
      (key, config) => ({
        key,
        config,
      }),
    ),
    examine(
      'authorities',
      facts.authorities,
      authorityChecks,
      ofKind('CertificateAuthority'),
      (key, authority) => ({
        key,
        authority,
      }),
    ),
  ];
  return { findings: graph.union('findings', parts) };
}

/** Kind of the workload that the proxies of a Gateway are, which is Weft's own. */
const gatewayProxies = 'Gateway';

function runChecks<S extends Keyed>(
  checks: readonly Check<S>[],
  subject: S,
  input: Input,
  object: Finding['object'],
): readonly Finding[] {
  return checks.flatMap(({ code, severity, find }) =>
    find(subject, input).map(({ path, message, fix }) => ({ code, severity, object, path, message, fix })),
  );
}

function objectOf(kind: string, key: string): Finding['object'] {
  const [first, name] = splitFirst(key);
  const apiVersion = apiVersionOf(kind);
  return name === '' ? { apiVersion, kind, name: first } : { apiVersion, kind, namespace: first, name };
}

function splitFirst(key: string): readonly [string, string] {
  const slash = key.indexOf('/');
  return slash === -1 ? [key, ''] : [key.slice(0, slash), key.slice(slash + 1)];
}
