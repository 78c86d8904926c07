/** The controllers of one replica on a real API server, with all that they watch; the servers are left out. */

import type { CertificateAuthority } from '../../src/base/api.ts';
import { systemClock } from '../../src/base/clock.ts';
import { AuthorityKeeper } from '../../src/controllers/authority-keeper.ts';
import { authorityLifetimes } from '../../src/controllers/authority-settings.ts';
import {
  type ControllerSources,
  createControllerSources,
  createControllers,
} from '../../src/controllers/controllers.ts';
import type { ClusterTrustBundle, Secret, WebhookConfiguration } from '../../src/controllers/objects.ts';
import { projectReport, reportKind, reportLabel } from '../../src/controllers/progress-report.ts';
import { deriveReported } from '../../src/controllers/route-progress.ts';
import { projectRouteStatus } from '../../src/controllers/route-status.ts';
import { projectRequest } from '../../src/controllers/signer.ts';
import { projectStatus } from '../../src/controllers/status-controller.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { Source } from '../../src/graph/types.ts';
import { fanOut, outlet } from '../../src/kube/fan-out.ts';
import { LeaderElection } from '../../src/kube/lease.ts';
import { Reflector, type ReflectorOptions } from '../../src/kube/reflector.ts';
import * as resources from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { createMesh } from '../../src/mesh/mesh.ts';
import * as project from '../../src/mesh/project.ts';
import { projectHTTPRoute } from '../../src/mesh/project-routes.ts';
import { createMeshSources, type MeshSources } from '../../src/mesh/sources.ts';
import type { EncodedResource, ResourceAcks, Translation } from '../../src/xds/resource.ts';
import { carrierNames } from '../../src/xds/translate/carrier-names.ts';
import type { Logger } from '../../src/base/log.ts';

export interface ReplicaOptions {
  readonly api: KubeClient;
  readonly name: string;
  readonly namespace: string;
  readonly log: Logger;
  readonly stop: AbortSignal;
}

/** One control plane's controllers, without its servers. */
export interface Replica {
  readonly name: string;
  readonly graph: Graph;
  readonly mesh: MeshSources;
  readonly sources: ControllerSources;
  readonly acks: Source<ResourceAcks>;
  readonly routes: Source<EncodedResource>;
  readonly keeper: AuthorityKeeper;
  readonly election: LeaderElection;
  /** Resolves when all of it has ended, after `stop`. */
  readonly ended: Promise<unknown>;
}

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { api, name, namespace, log, stop } = options;
  const ended: Promise<unknown>[] = [];
  const clock = systemClock;
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const mesh = createMeshSources(graph, {
    image: 'envoy:1',
    redirectImage: 'redirect:1',
    imagePullPolicy: 'Never',
  });
  const sources = createControllerSources(graph);
  const acks = graph.source<ResourceAcks>('acks');
  const routes = graph.source<EncodedResource>('routeResources');
  const keeper = new AuthorityKeeper({
    api,
    namespace,
    clock,
    log,
    trustDomain: () => 'cluster.local',
    lifetimes: () => authorityLifetimes(undefined),
  });
  const model = createMesh(graph, mesh);
  const synced: Promise<void>[] = [];
  const watch = <T extends KubeObject, V>(options: Omit<ReflectorOptions<T, V>, 'api' | 'log'>): void => {
    const reflector = new Reflector<T, V>({ ...options, api, log });
    synced.push(reflector.synced);
    ended.push(reflector.run(stop));
  };
  const whole = <T>(object: T): T => object;
  watch({ type: resources.services, project: project.projectService, sink: mesh.services });
  watch({ type: resources.pods, project: project.projectPod, sink: mesh.pods });
  watch({
    type: resources.httpRoutes,
    ...fanOut(
      outlet(projectHTTPRoute, mesh.httpRoutes),
      outlet(projectRouteStatus, sources.routes.HTTPRoute),
    ),
  });
  watch({
    type: resources.meshConfigs,
    ...fanOut(
      outlet(project.projectMeshConfig, mesh.meshConfigs),
      outlet(projectStatus, sources.meshConfigs),
    ),
  });
  watch({
    type: resources.mutualTLSPolicies,
    ...fanOut(
      outlet(project.projectMutualTLSPolicy, mesh.mutualTLSPolicies),
      outlet(projectStatus, sources.policies),
    ),
  });
  watch({
    type: resources.certificateAuthorities,
    project: whole<CertificateAuthority & KubeObject>,
    sink: sources.authorities,
  });
  const ours = { fieldSelector: 'spec.signerName=weft.dev/workload' };
  watch({ type: resources.podCertificateRequests, ...ours, project: projectRequest, sink: sources.requests });
  watch({
    type: resources.clusterTrustBundles,
    ...ours,
    project: whole<ClusterTrustBundle>,
    sink: sources.bundles,
  });
  watch({
    type: resources.mutatingWebhookConfigurations,
    project: whole<WebhookConfiguration>,
    sink: sources.mutating,
  });
  watch({
    type: resources.validatingWebhookConfigurations,
    project: whole<WebhookConfiguration>,
    sink: sources.validating,
  });
  watch({
    type: resources.configMaps,
    namespace,
    labelSelector: `${reportLabel}=${reportKind}`,
    project: projectReport,
    sink: sources.reports,
  });
  watch({
    type: resources.secrets,
    namespace,
    fieldSelector: 'metadata.name=weft-ca',
    project: whole<Secret>,
    sink: keeper,
  });
  await Promise.all(synced);
  await graph.settled();
  await keeper.start(stop);
  const election = new LeaderElection({
    api,
    namespace,
    name: 'weft',
    identity: name,
    log,
    retryMs: 200,
  });
  const controllers = createControllers({
    api,
    graph,
    sources,
    mesh: model,
    translation: { resources: { route: routes, listener: routes } } as unknown as Translation,
    acks,
    carrierNames,
    reported: deriveReported(graph, { reports: sources.reports, pods: model.pods, namespace, podName: name }),
    keeper,
    leadership: election,
    namespace,
    podName: name,
    serviceName: 'weft',
    owner: 'weft',
    trustDomain: () => 'cluster.local',
    clock,
    log,
  });
  ended.push(election.run(stop), controllers.run(stop));
  return { name, graph, mesh, sources, acks, routes, keeper, election, ended: Promise.all(ended) };
}
