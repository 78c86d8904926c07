/** Lists and pages for people: each is made of the mesh as this replica knows it and of what all replicas tell. */

import type { MeshSources } from '../mesh/sources.ts';
import type { WorkedMesh } from '../mesh/workings.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Scope } from './access.ts';
import { badParameter } from './errors.ts';
import { explainable, type ExplainableKind, type Explained } from './explain.ts';
import { choice, onlyParameters } from './parameters.ts';
import type { Peers } from './peers.ts';
import { type ApiResource, list, type Question } from './resources.ts';
import { type ControlPlane, listCertificates } from './views/certificates.ts';
import { checkExplainable, clusterScoped, explainedView } from './views/explained.ts';
import { type Findings, listFindings } from './views/findings.ts';
import { type Authority, overviewOf } from './views/overview.ts';
import { listPolicies } from './views/policies.ts';
import { listProxies } from './views/proxies.ts';
import { connectedProxies, type ReplicaReport } from './views/replica.ts';
import { listRoutes } from './views/routes.ts';
import { listServices } from './views/services.ts';
import { recentTraffic, RecentTraffic } from './views/traffic.ts';
import { listWorkloads } from './views/workloads.ts';
import type { World } from './views/world.ts';

export interface ViewOptions {
  readonly peers: Pick<Peers, 'collect'>;
  readonly mesh: WorkedMesh;
  readonly sources: MeshSources;
  readonly findings: Findings;
  readonly traffic: Pick<Telemetry, 'part' | 'merge'>;
  readonly report: () => ReplicaReport;
  readonly explain: (kind: ExplainableKind, key: string) => Explained;
  readonly authority: () => Authority;
  readonly controlPlane: ControlPlane;
  readonly nowMs: () => number;
}

export function viewResources(options: ViewOptions): readonly ApiResource[] {
  const { authority, controlPlane } = options;
  const page = (name: string, kind: string, make: (world: World, scope: Scope) => object): ApiResource =>
    list(name, kind, async (question) => {
      onlyParameters(question.query, []);
      const { world, gaps } = await lookAround(options, question);
      return question.scoped((scope) => ({ ...make(world, scope), gaps }));
    });
  const items = (name: string, kind: string, make: (world: World, scope: Scope) => readonly unknown[]) =>
    page(name, kind, (world, scope) => ({ items: make(world, scope) }));
  return [
    page('overview', 'Overview', (world, scope) => overviewOf(world, authority(), scope)),
    items('workloads', 'WorkloadView', listWorkloads),
    items('services', 'ServiceView', listServices),
    items('routes', 'RouteView', listRoutes),
    items('policies', 'PolicyView', listPolicies),
    items('proxies', 'ProxyView', ({ mesh, connected }, scope) => listProxies(mesh, connected, scope)),
    items('certificates', 'CertificateView', (world, scope) =>
      listCertificates(world, authority().dates, controlPlane, scope),
    ),
    list('findings', 'Finding', ({ query, scoped }) => {
      onlyParameters(query, ['severity']);
      const severity = choice(query, 'severity', ['error', 'warning', 'info']);
      return scoped((scope) => ({ gaps: [], items: listFindings(options.findings, scope, severity) }));
    }),
    list('explain', 'Explained', (question) => explain(options, question)),
  ];
}

async function lookAround(
  options: ViewOptions,
  { path, signal }: Question,
): Promise<{ readonly world: World; readonly gaps: readonly string[] }> {
  const { peers, traffic, report, mesh, sources, findings, nowMs } = options;
  const query = recentTraffic(path.namespace === '' ? {} : { namespace: path.namespace });
  const [reports, parts] = await Promise.all([
    peers.collect('replica', report, { signal }),
    peers.collect('stat', () => traffic.part(query), {
      query: new URLSearchParams({ query: JSON.stringify(query) }),
      signal,
    }),
  ]);
  const answer = traffic.merge(
    query,
    parts.answers.map((one) => one.answer),
  );
  const world: World = {
    mesh,
    sources,
    findings,
    traffic: new RecentTraffic(answer),
    reports: reports.answers,
    connected: connectedProxies(reports.answers),
    silent: reports.silent,
    nowMs: nowMs(),
  };
  return { world, gaps: [...new Set([...reports.gaps, ...parts.gaps, ...answer.gaps])] };
}

async function explain(options: ViewOptions, { path, query, scoped, signal }: Question): Promise<unknown> {
  onlyParameters(query, ['kind', 'name']);
  const kind = choice(query, 'kind', Object.keys(explainable) as ExplainableKind[]);
  const name = query.get('name') ?? '';
  if (kind === undefined) throw badParameter('kind', 'It is missing.');
  const isNamespaced = !clusterScoped.has(kind);
  const key = isNamespaced && path.namespace !== '' ? `${path.namespace}/${name}` : name;
  if (!/^[a-z0-9][a-z0-9./-]{0,510}$/.test(key) || key.split('/').length !== (isNamespaced ? 2 : 1)) {
    const form = isNamespaced && path.namespace === '' ? 'NAMESPACE/NAME' : 'NAME';
    throw badParameter('name', `${JSON.stringify(name)} is not the ${form} of a ${kind}.`);
  }
  await scoped((scope) => checkExplainable(kind, key, scope));
  const { answers, gaps } = await options.peers.collect('explain', () => options.explain(kind, key), {
    query: new URLSearchParams({ kind, key }),
    signal,
  });
  return scoped((scope) => {
    checkExplainable(kind, key, scope);
    const all = answers.map(({ answer }) => answer);
    return { ...explainedView(all, options, key, scope), gaps };
  });
}
