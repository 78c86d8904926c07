/**
 * What several checks want to know, derived once:
 *
 *   slices ──by Service──> members ──by workload──> servicesByWorkload
 *   pods + facts ──by workload──> workloads ──by namespace──> workloadsByNamespace
 */

import { X509Certificate } from 'node:crypto';
import type { GraphApi, IndexEntry, Read } from '../graph/types.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { EndpointSliceSource, MeshSources } from '../mesh/sources.ts';
import type { WorkedMesh } from '../mesh/workings.ts';
import type { AnalysisSources, PodFacts } from './facts.ts';
import { createPlaced } from './placed.ts';
import type { Derived, Members, WorkloadSubject } from './input.ts';

export function createDerived(
  graph: GraphApi,
  mesh: WorkedMesh,
  sources: MeshSources,
  facts: AnalysisSources,
): Derived {
  const slices = graph.index('analysis/slices', sources.endpointSlices, ({ service }) => [service]);
  const members = graph.derive('analysis/members', slices, (_, entries, read) =>
    membersOf(entries, (pod) => read(mesh.pods, pod)?.workload),
  );
  const workloads = graph.derive('analysis/workloads', mesh.workings.podsByWorkload, (key, pods, read) =>
    workloadOf(key, pods, facts, read),
  );
  return {
    members,
    workloads,
    servicesByWorkload: graph.index('analysis/servicesByWorkload', members, (each) => each.workloads),
    workloadsByNamespace: graph.index('analysis/workloadsByNamespace', workloads, ({ namespace }) => [
      namespace,
    ]),
    routesByNamespace: graph.index('analysis/routesByNamespace', mesh.workings.routes, ({ namespace }) => [
      namespace,
    ]),
    verdictsByRoute: graph.index('analysis/verdictsByRoute', mesh.routeVerdicts, ({ kind, route }) => [
      `${kind}/${route}`,
    ]),
    placed: createPlaced(graph, mesh),
    namespaces: graph.index('analysis/namespaceLabels', sources.namespaces, () => ['all']),
    certificates: graph.derive('analysis/certificates', mesh.workings.certificates, (_, checked) =>
      'problem' in checked
        ? undefined
        : {
            notAfterMs: new X509Certificate(checked.certificate.chain).validToDate.getTime(),
            dnsNames: checked.dnsNames,
          },
    ),
    serviceCIDRs: graph.index('analysis/serviceCIDRs', sources.serviceCIDRs, () => ['all']),
  };
}

function membersOf(
  slices: readonly IndexEntry<EndpointSliceSource>[],
  workloadOf: (pod: string) => string | undefined,
): Members {
  const workloads = new Set<string>();
  const ports = new Map<string, Set<number>>();
  let hasEndpoints = false;
  for (const { value } of slices) {
    if (value.endpoints.length === 0) continue;
    hasEndpoints = true;
    for (const { name, port } of [...value.ports, ...(value.udpPorts ?? [])]) {
      const known = ports.get(name) ?? new Set();
      ports.set(name, known.add(port));
    }
    for (const { pod } of value.endpoints) {
      const workload = pod === undefined ? undefined : workloadOf(pod);
      if (workload !== undefined) workloads.add(workload);
    }
  }
  const sorted = [...ports].map(([name, numbers]) => [name, [...numbers].sort((a, b) => a - b)] as const);
  return {
    workloads: [...workloads].sort(),
    hasEndpoints,
    ports: Object.fromEntries(sorted.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Enough to find the others. */
const mostPods = 5;

function workloadOf(
  key: string,
  pods: readonly IndexEntry<MeshPod>[],
  facts: AnalysisSources,
  read: Read,
): WorkloadSubject | undefined {
  const running = pods.flatMap(({ key: name, value }) => {
    const own = value.terminating ? undefined : read(facts.pods, name);
    return own === undefined ? [] : [{ pod: value, facts: own }];
  });
  const [first, ...others] = running;
  if (first === undefined) return undefined;
  const newest = others.reduce(
    (best, each) => (each.pod.createdAt > best.pod.createdAt ? each : best),
    first,
  );
  const { namespace, serviceAccount, meshed } = newest.pod;
  const [, kind = '', name = ''] = key.split('/');
  const plain = running.filter(({ pod, facts: own }) => !pod.meshed && !own.mirror);
  return {
    key,
    namespace,
    kind,
    name,
    template: newest.facts.template,
    serviceAccount,
    meshed,
    plainPods: plain
      .map(({ pod }) => pod.name)
      .sort()
      .slice(0, mostPods),
    revisions: revisionsOf(running),
    addresses: [...new Set(running.flatMap(({ pod }) => pod.addresses))].sort(),
  };
}

function revisionsOf(
  pods: readonly { readonly pod: MeshPod; readonly facts: PodFacts }[],
): WorkloadSubject['revisions'] {
  const revisions = new Map<string, WorkloadSubject['revisions'][number]>();
  for (const { pod, facts } of pods) {
    if (facts.proxy === undefined) continue;
    const key = `${facts.proxy.version} ${facts.proxy.settings}`;
    if (!revisions.has(key)) revisions.set(key, { ...facts.proxy, pod: pod.name });
  }
  return [...revisions.keys()].sort().flatMap((key) => revisions.get(key) ?? []);
}
