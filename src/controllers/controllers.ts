/** All controllers of a replica, and the collections they watch; the composition root fills those and runs these. */

import type { CertificateAuthority } from '../base/api.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { PodCertificateRequest } from '../ca/pod-certificate-request.ts';
import type { Collection, GraphApi, Source } from '../graph/types.ts';
import { EventRecorder } from '../kube/events.ts';
import {
  backendTrafficPolicies,
  meshConfigs,
  mutualTLSPolicies,
  telemetryPolicies,
} from '../kube/resources.ts';
import type { KubeApi, KubeObject } from '../kube/types.ts';
import type { Mesh, RouteKind } from '../mesh/model.ts';
import type { ResourceAcks, Translation } from '../xds/resource.ts';
import { AuthorityController } from './authority-controller.ts';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { authorityLifetimes, authorityName } from './authority-settings.ts';
import type { Leadership } from './leading.ts';
import { meshConfigStatus } from './mesh-config-status.ts';
import type { ClusterTrustBundle, WebhookConfiguration } from './objects.ts';
import { policyAncestors } from './policy-ancestors.ts';
import { policyStatus } from './policy-status.ts';
import { ProgressReporter } from './progress-report.ts';
import { RejectionReporter } from './rejections.ts';
import { type CarrierNames, deriveCarriers } from './route-carriers.ts';
import { forRouteKinds, routeKinds, routeTypes } from './route-kinds.ts';
import { deriveProgress, type ProgressReport, type Reported, type RouteProgress } from './route-progress.ts';
import type { RouteObject } from './route-status.ts';
import { RouteStatusController } from './route-status-controller.ts';
import { Signer } from './signer.ts';
import { StatusController, type StatusObject } from './status-controller.ts';
import { telemetryPolicyStatus } from './telemetry-policy-status.ts';
import { deriveTelemetryProgress } from './telemetry-progress.ts';
import { TrustBundleController } from './trust-bundle.ts';
import { WebhookConfigController } from './webhook-config.ts';

/** Kubernetes objects that only controllers look at. */
export interface ControllerSources {
  readonly authorities: Source<CertificateAuthority>;
  readonly requests: Source<PodCertificateRequest>;
  readonly bundles: Source<ClusterTrustBundle>;
  readonly mutating: Source<WebhookConfiguration>;
  readonly validating: Source<WebhookConfiguration>;
  readonly routes: Readonly<Record<RouteKind, Source<RouteObject>>>;
  readonly reports: Source<ProgressReport>;
  readonly meshConfigs: Source<StatusObject>;
  readonly policies: Source<StatusObject>;
  readonly telemetryPolicies: Source<StatusObject>;
  readonly backendTrafficPolicies: Source<StatusObject>;
}

export function createControllerSources(graph: GraphApi): ControllerSources {
  return {
    authorities: graph.source('certificateauthorities'),
    requests: graph.source('podcertificaterequests'),
    bundles: graph.source('clustertrustbundles'),
    mutating: graph.source('mutatingwebhookconfigurations'),
    validating: graph.source('validatingwebhookconfigurations'),
    routes: forRouteKinds((kind) => graph.source(`${routeTypes[kind].plural}/status`)),
    reports: graph.source('progressreports'),
    meshConfigs: graph.source('meshconfigs/status'),
    policies: graph.source('mutualtlspolicies/status'),
    telemetryPolicies: graph.source('telemetrypolicies/status'),
    backendTrafficPolicies: graph.source('xbackendtrafficpolicies/status'),
  };
}

export interface ControllersOptions {
  readonly api: KubeApi;
  readonly graph: GraphApi;
  readonly sources: ControllerSources;
  readonly mesh: Mesh;
  readonly translation: Translation;
  readonly acks: Collection<ResourceAcks>;
  readonly carrierNames: CarrierNames;
  /** What other replicas count. */
  readonly reported: Reported;
  /** What this one counts besides routes, to be told to the others. */
  readonly otherProgress?: readonly Collection<RouteProgress>[];
  /** Objects besides routes and policies whose Events are written; by plural of their kind. */
  readonly otherObjects?: Readonly<Record<string, Collection<KubeObject>>>;
  readonly keeper: AuthorityKeeper;
  readonly leadership: Leadership;
  readonly namespace: string;
  readonly podName: string;
  readonly serviceName: string;
  /** ClusterRole that owns the webhook configurations. */
  readonly owner: string;
  readonly trustDomain: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Controller {
  /** Runs until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** To add one: a file of its own, a line here. */
export function createControllers(options: ControllersOptions): Controller {
  const { api, graph, sources, mesh, keeper, leadership, namespace, podName, clock, log } = options;
  const common = { api, keeper, leadership, clock, log };
  const events = new EventRecorder({ api, instance: podName, log, clock });
  const progress = deriveProgress(graph, {
    verdicts: mesh.routeVerdicts,
    acks: options.acks,
    resources: options.translation.resources,
    carriersOf: deriveCarriers(graph, {
      gateways: mesh.gateway.gateways,
      tables: mesh.routeTables,
      servicePorts: mesh.servicePorts,
      names: options.carrierNames,
    }),
    variantOf: options.carrierNames.variantOf,
    reported: options.reported,
  });
  const verdictsByRoute = graph.index('verdictsByRoute', mesh.routeVerdicts, ({ kind, route }) => [
    `${kind}/${route}`,
  ]);
  const telemetryProgress = deriveTelemetryProgress(graph, {
    verdicts: mesh.telemetryVerdicts,
    gateways: mesh.gateway.gateways,
    routeVerdicts: verdictsByRoute,
    routeProgress: progress.local,
    acks: options.acks,
    listeners: options.translation.resources.listener,
    names: options.carrierNames,
    reported: options.reported,
  });
  const local = graph.union('ownProgress', [
    progress.local,
    telemetryProgress.local,
    ...(options.otherProgress ?? []),
  ]);
  const controllers: readonly Controller[] = [
    new Signer({
      ...common,
      requests: sources.requests,
      pods: mesh.pods,
      trustDomain: options.trustDomain,
      workloadLifetimeMs: () => authorityLifetimes(sources.authorities.get(authorityName)).workloadMs,
    }),
    new TrustBundleController({ ...common, bundles: sources.bundles }),
    new WebhookConfigController({
      ...common,
      mutating: sources.mutating,
      validating: sources.validating,
      namespace,
      serviceName: options.serviceName,
      owner: options.owner,
    }),
    new AuthorityController({
      ...common,
      authorities: sources.authorities,
      requests: sources.requests,
      events,
    }),
    new ProgressReporter({ ...common, local, pods: mesh.pods, namespace, podName }),
    ...routeKinds.map(
      (kind) =>
        new RouteStatusController({
          ...common,
          kind,
          routes: sources.routes[kind],
          verdicts: verdictsByRoute,
          progress: progress.total,
        }),
    ),
    new RejectionReporter({
      acks: options.acks,
      graph,
      translation: options.translation,
      objects: {
        ...Object.fromEntries(routeKinds.map((kind) => [routeTypes[kind].plural, sources.routes[kind]])),
        [mutualTLSPolicies.plural]: sources.policies,
        [telemetryPolicies.plural]: sources.telemetryPolicies,
        [meshConfigs.plural]: sources.meshConfigs,
        ...options.otherObjects,
      },
      events,
    }),
    new StatusController({
      ...common,
      name: 'mesh-config-status',
      type: meshConfigs,
      objects: sources.meshConfigs,
      causes: [mesh.settings],
      statusOf: (_, object, nowMs) =>
        meshConfigStatus(object, mesh.settings.get('default'), mesh.settings.errorOf('default'), nowMs),
    }),
    new StatusController({
      ...common,
      name: 'mutual-tls-policy-status',
      type: mutualTLSPolicies,
      objects: sources.policies,
      causes: [mesh.policyVerdicts],
      statusOf: (key, object, nowMs) => policyStatus(object, mesh.policyVerdicts.get(key), nowMs),
    }),
    new StatusController({
      ...common,
      name: 'telemetry-policy-status',
      type: telemetryPolicies,
      objects: sources.telemetryPolicies,
      causes: [mesh.telemetryVerdicts, telemetryProgress.total],
      statusOf: (key, object, nowMs) =>
        telemetryPolicyStatus(
          object,
          mesh.telemetryVerdicts.get(key),
          telemetryProgress.total.get(key),
          nowMs,
        ),
    }),
    new StatusController({
      ...common,
      name: 'backend-traffic-status',
      type: backendTrafficPolicies,
      shared: true,
      objects: sources.backendTrafficPolicies,
      causes: [mesh.backendTrafficVerdicts],
      statusOf: (key, object, nowMs) => policyAncestors(object, mesh.backendTrafficVerdicts.get(key), nowMs),
    }),
  ];
  return {
    run: async (signal) => {
      await Promise.all(controllers.map((controller) => controller.run(signal)));
      await events.flush();
    },
  };
}
