/** `overview`: is all well, and if not, what and why. */

import { version } from '../../base/version.ts';
import type { Scope } from '../access.ts';
import type { AuthorityDates } from './certificates.ts';
import { listPolicies } from './policies.ts';
import { type AuthorityState, listProblems } from './problems.ts';
import { listProxies } from './proxies.ts';
import { isWanted } from './refs.ts';
import type { Overview, ReplicaView } from './types.ts';
import type { World } from './world.ts';

export interface Authority extends AuthorityState {
  /** Absent until there is one. */
  readonly dates: AuthorityDates | undefined;
}

export function overviewOf(world: World, authority: Authority, scope: Scope): Omit<Overview, 'gaps'> {
  const { mesh, sources, traffic } = world;
  const proxies = listProxies(mesh, world.connected, scope);
  const wanted = <V>(
    entries: Iterable<readonly [string, V]>,
    namespaceOf: (key: string, value: V) => string,
  ) => [...entries].filter(([key, value]) => isWanted(namespaceOf(key, value), scope)).length;
  const inPath = (key: string): string => key.split('/')[0] ?? '';
  return {
    nowMs: world.nowMs,
    version,
    trustDomain: mesh.settings.get('default')?.trustDomain ?? '',
    replicas: replicasOf(world),
    proxies: {
      expected: proxies.length,
      connected: proxies.filter(({ connected }) => connected).length,
      inSync: proxies.filter(({ inSync }) => inSync).length,
      rejecting: proxies.filter(({ rejected = 0 }) => rejected > 0).length,
    },
    counts: {
      namespaces: new Set(proxies.map(({ namespace }) => namespace)).size,
      workloads: wanted(mesh.workloads.entries(), inPath),
      services: wanted(sources.services.entries(), inPath),
      routes: wanted(mesh.workings.routes.entries(), (_, { namespace }) => namespace),
      policies: listPolicies(world, scope).length,
      gateways: wanted(mesh.gateway.gateways.entries(), inPath),
    },
    authority: {
      rootNotAfterMs: authority.dates?.root.notAfterMs ?? 0,
      intermediateNotAfterMs: authority.dates?.intermediate.notAfterMs ?? 0,
    },
    traffic: traffic.ofAll((workload) => workload.includes('/') && isWanted(inPath(workload), scope)),
    problems: listProblems(world, authority, scope),
  };
}

function replicasOf({ reports, silent }: World): readonly ReplicaView[] {
  const answering = reports.map(({ replica, answer }) => ({
    name: replica,
    answering: true,
    version: answer.version,
    leading: answer.leading,
    proxies: answer.proxies.length,
    sinceMs: answer.sinceMs,
  }));
  const missing = silent.map((name) => ({ name, answering: false }));
  return [...answering, ...missing].sort((a, b) => (a.name < b.name ? -1 : 1));
}
