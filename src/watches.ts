/** Kubernetes objects -> sources of the graph: what is watched, and where each kind goes. One entry per kind. */

import type { AnalysisSources } from './analysis/facts.ts';
import * as projectFacts from './analysis/project.ts';
import type { CertificateAuthority, MeshConfig } from './base/api.ts';
import type { Logger } from './base/log.ts';
import { signerName } from './base/names.ts';
import { authoritySecretName } from './controllers/authority-secret.ts';
import type { ControllerSources } from './controllers/controllers.ts';
import type { GatewayControllerSources } from './controllers/gateway-sources.ts';
import { projectWholeStatus } from './controllers/gateway-sources.ts';
import type { ClusterTrustBundle, WebhookConfiguration } from './controllers/objects.ts';
import { projectReport, reportKind, reportLabel } from './controllers/progress-report.ts';
import { projectRouteStatus } from './controllers/route-status.ts';
import { projectRequest } from './controllers/signer.ts';
import { projectStatus } from './controllers/status-controller.ts';
import { webhookObjectName } from './controllers/webhook-objects.ts';
import { type Watch, watchGateways } from './gateway-watches.ts';
import { fanOut, outlet } from './kube/fan-out.ts';
import { Reflector, type ReflectorOptions } from './kube/reflector.ts';
import * as resources from './kube/resources.ts';
import type { KubeClient, KubeObject, Sink } from './kube/types.ts';
import * as project from './mesh/project.ts';
import * as projectRoutes from './mesh/project-routes.ts';
import type { MeshSources } from './mesh/sources.ts';

export interface WatchesOptions {
  readonly api: KubeClient;
  readonly log: Logger;
  readonly stop: AbortSignal;
  /** Weft's own, of its Secret and its reports. */
  readonly systemNamespace: string;
  readonly mesh: MeshSources;
  readonly controllers: ControllerSources;
  readonly analysis: AnalysisSources;
  /** Absent where gateways are switched off. */
  readonly gateways?: GatewayControllerSources;
  readonly authoritySecret: Sink<KubeObject>;
}

export interface Watches {
  /** Settles when every kind has been listed once. */
  readonly synced: Promise<unknown>;
  /** Settles when all have stopped. */
  readonly ended: Promise<unknown>;
  readonly resources: readonly string[];
}

export function startWatches(options: WatchesOptions): Watches {
  const { api, log, stop, systemNamespace, mesh, controllers, analysis, gateways, authoritySecret } = options;
  const watched: {
    readonly synced: Promise<void>;
    readonly ended: Promise<void>;
    readonly resource: string;
  }[] = [];
  const watch: Watch = <T extends KubeObject, V>(one: Omit<ReflectorOptions<T, V>, 'api' | 'log'>) => {
    const onServed = one.type.group.startsWith(gatewayAPI) ? noteServed(mesh, one.type.plural) : undefined;
    const reflector = new Reflector<T, V>({ ...one, api, log, ...(onServed && { onServed }) });
    const ended = reflector.run(stop);
    watched.push({ synced: reflector.synced, ended, resource: reflector.status().resource });
  };
  const named = (name: string): { fieldSelector: string } => ({ fieldSelector: `metadata.name=${name}` });
  const whole = <T>(object: T): T => object;

  watch({
    type: resources.services,
    ...fanOut(
      outlet(project.projectService, mesh.services),
      outlet(projectFacts.projectServiceFacts, analysis.services),
    ),
  });
  watch({
    type: resources.endpointSlices,
    project: project.projectEndpointSlice,
    sink: mesh.endpointSlices,
  });
  watch({
    type: resources.pods,
    ...fanOut(outlet(project.projectPod, mesh.pods), outlet(projectFacts.projectPodFacts, analysis.pods)),
  });
  watch({ type: resources.nodes, project: project.projectNode, sink: mesh.nodes });
  watch({ type: resources.serviceCIDRs, project: project.projectServiceCIDR, sink: mesh.serviceCIDRs });
  watch({
    type: resources.httpRoutes,
    ...fanOut(
      outlet(projectRoutes.projectHTTPRoute, mesh.httpRoutes),
      outlet(projectRouteStatus, controllers.routes.HTTPRoute),
    ),
  });
  if (gateways !== undefined) watchGateways(watch, mesh, gateways, analysis);
  watch({
    type: resources.grpcRoutes,
    ...fanOut(
      outlet(projectRoutes.projectGRPCRoute, mesh.grpcRoutes),
      outlet(projectRouteStatus, controllers.routes.GRPCRoute),
    ),
  });
  watch({
    type: resources.tlsRoutes,
    ...fanOut(
      outlet(projectRoutes.projectStreamRoute, mesh.tlsRoutes),
      outlet(projectRouteStatus, controllers.routes.TLSRoute),
    ),
  });
  watch({
    type: resources.tcpRoutes,
    ...fanOut(
      outlet(projectRoutes.projectStreamRoute, mesh.tcpRoutes),
      outlet(projectRouteStatus, controllers.routes.TCPRoute),
    ),
  });
  watch({
    type: resources.udpRoutes,
    ...fanOut(
      outlet(projectRoutes.projectStreamRoute, mesh.udpRoutes),
      outlet(projectRouteStatus, controllers.routes.UDPRoute),
    ),
  });
  watch({
    type: resources.backendTrafficPolicies,
    ...fanOut(
      outlet(projectRoutes.projectBackendTrafficPolicy, mesh.backendTrafficPolicies),
      outlet(projectWholeStatus, controllers.backendTrafficPolicies),
    ),
  });
  watch({
    type: resources.referenceGrants,
    project: projectRoutes.projectReferenceGrant,
    sink: mesh.referenceGrants,
  });
  watch({
    type: resources.meshConfigs,
    ...fanOut(
      outlet(project.projectMeshConfig, mesh.meshConfigs),
      outlet(projectStatus, controllers.meshConfigs),
      outlet(whole<MeshConfig & KubeObject>, analysis.meshConfigs),
    ),
  });
  watch({
    type: resources.mutualTLSPolicies,
    ...fanOut(
      outlet(project.projectMutualTLSPolicy, mesh.mutualTLSPolicies),
      outlet(projectStatus, controllers.policies),
    ),
  });
  watch({
    type: resources.telemetryPolicies,
    ...fanOut(
      outlet(project.projectTelemetryPolicy, mesh.telemetryPolicies),
      outlet(projectStatus, controllers.telemetryPolicies),
    ),
  });
  watch({
    type: resources.namespaces,
    ...fanOut(
      outlet(project.projectNamespace, mesh.namespaces),
      outlet(projectFacts.projectNamespaceFacts, analysis.namespaces),
    ),
  });
  watch({
    type: resources.certificateAuthorities,
    ...fanOut(
      outlet(whole<CertificateAuthority & KubeObject>, controllers.authorities),
      outlet(whole<CertificateAuthority & KubeObject>, analysis.authorities),
    ),
  });
  watch({
    type: resources.podCertificateRequests,
    fieldSelector: `spec.signerName=${signerName}`,
    project: projectRequest,
    sink: controllers.requests,
  });
  watch({
    type: resources.clusterTrustBundles,
    fieldSelector: `spec.signerName=${signerName}`,
    project: whole<ClusterTrustBundle>,
    sink: controllers.bundles,
  });
  watch({
    type: resources.mutatingWebhookConfigurations,
    ...named(webhookObjectName),
    project: whole<WebhookConfiguration>,
    sink: controllers.mutating,
  });
  watch({
    type: resources.validatingWebhookConfigurations,
    ...named(webhookObjectName),
    project: whole<WebhookConfiguration>,
    sink: controllers.validating,
  });
  watch({
    type: resources.configMaps,
    namespace: systemNamespace,
    labelSelector: `${reportLabel}=${reportKind}`,
    project: projectReport,
    sink: controllers.reports,
  });
  watch({
    type: resources.secrets,
    namespace: systemNamespace,
    ...named(authoritySecretName),
    project: whole<KubeObject>,
    sink: authoritySecret,
  });

  return {
    synced: Promise.all(watched.map(({ synced }) => synced)),
    ended: Promise.all(watched.map(({ ended }) => ended)),
    resources: watched.map(({ resource }) => resource),
  };
}

/** Its kinds come by release and channel: what is missing is not claimed to be supported. */
const gatewayAPI = 'gateway.networking.';

function noteServed({ missingKinds }: MeshSources, plural: string): (served: boolean) => void {
  return (served) => {
    if (served) missingKinds.delete(plural);
    else missingKinds.set(plural, true);
  };
}
