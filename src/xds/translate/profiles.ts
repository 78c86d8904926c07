/**
 * What the proxies of each workload tell. Most tell what the mesh's settings say, and share their listeners. Those of a
 * workload with a profile of its own have variants of the listeners that they would share, `<listener>@<profile>`, which
 * reach them under the listener's name; workloads with the same profile share these.
 */

import { hash } from 'node:crypto';
import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { Mesh, OtlpProvider, TelemetryProfile } from '../../mesh/model.ts';
import { audienceMark } from '../resource.ts';
import { providerCluster, providersOf } from './otlp.ts';

export interface Profiles {
  of(workload: string, read: Read): TelemetryProfile;
  /** Empty where the workload's profile is that of the mesh. */
  digestOf(workload: string, read: Read): string;
  byDigest(digest: string, read: Read): TelemetryProfile | undefined;
  /** Who is told something by some workload, by the name of the cluster. */
  readonly providers: Collection<OtlpProvider>;
}

export function createProfiles(graph: GraphApi, mesh: Mesh): Profiles {
  const shared = graph.derive('xds/telemetry', mesh.settings, (_, { telemetry }) => telemetry.profile);
  const digests = graph.derive('xds/telemetry-digests', mesh.telemetryProfiles, (_, profile) =>
    digest(profile),
  );
  const byDigest = graph.index('xds/telemetry-by-digest', mesh.telemetryProfiles, (profile) => [
    digest(profile),
  ]);
  const profiles = graph.union<TelemetryProfile>('xds/telemetry-profiles', [
    shared,
    graph.derive('xds/own-telemetry', byDigest, (_, [first]) => first?.value),
  ]);
  const clusters = graph.index('xds/telemetry-clusters', profiles, (profile) =>
    providersOf(profile).map(providerCluster),
  );
  const providers = graph.derive(
    'xds/telemetry-providers',
    clusters,
    (name, [first]) =>
      first && providersOf(first.value).find((provider) => providerCluster(provider) === name),
  );
  const ofMesh = (read: Read): TelemetryProfile => read(shared, 'default') ?? { metrics: true, tap: true };
  return {
    of: (workload, read) => read(mesh.telemetryProfiles, workload) ?? ofMesh(read),
    digestOf: (workload, read) => read(digests, workload) ?? '',
    byDigest: (id, read) => (id === '' ? ofMesh(read) : read(byDigest, id)?.[0]?.value),
    providers,
  };
}

/** Short, and never that of the settings' key. */
function digest(profile: TelemetryProfile): string {
  return hash('sha256', JSON.stringify(profile), 'base64url').slice(0, 10);
}

/** What a listener is kept by for workloads of a profile. */
export function withProfile(listener: string, id: string): string {
  return id === '' ? listener : listener + audienceMark + id;
}

/** The listener's name, and its profile's digest, empty for that of the mesh. */
export function splitProfile(key: string): readonly [listener: string, digest: string] {
  const at = key.indexOf(audienceMark);
  return at < 0 ? [key, ''] : [key.slice(0, at), key.slice(at + 1)];
}
