/** What is watched because of gateways; see watches.ts, which calls this where they are not switched off. */

import type { AnalysisSources } from './analysis/facts.ts';
import { projectGatewayFacts } from './analysis/project.ts';
import { type ManagedKind, managedSelector, managedTypes } from './controllers/gateway-objects.ts';
import { projectParameters } from './controllers/gateway-parameters.ts';
import {
  type GatewayControllerSources,
  projectManaged,
  projectManagedService,
  projectOwned,
  projectWholeStatus,
} from './controllers/gateway-sources.ts';
import { fanOut, outlet } from './kube/fan-out.ts';
import type { ReflectorOptions } from './kube/reflector.ts';
import * as resources from './kube/resources.ts';
import type { KubeObject } from './kube/types.ts';
import * as project from './mesh/project-gateways.ts';
import type { MeshSources } from './mesh/sources.ts';

/** Tells which release of Gateway API the cluster has. */
const gatewayClassDefinition = 'gatewayclasses.gateway.networking.k8s.io';

/** Plurals of what is watched here alone, and is not known where gateways are switched off. */
export const kindsOfGateways: readonly string[] = [
  'gatewayclasses',
  'gateways',
  'listenersets',
  'backendtlspolicies',
  'secrets',
  'configmaps',
  'customresourcedefinitions',
];

export type Watch = <T extends KubeObject, V>(one: Omit<ReflectorOptions<T, V>, 'api' | 'log'>) => void;

/** `analysis` is left out where nobody analyzes. */
export function watchGateways(
  watch: Watch,
  mesh: MeshSources,
  controllers: GatewayControllerSources,
  analysis?: AnalysisSources,
): void {
  watch({
    type: resources.gatewayClasses,
    ...fanOut(
      outlet(project.projectGatewayClass, mesh.gatewayClasses),
      outlet(projectOwned, controllers.classes),
    ),
  });
  watch({
    type: resources.gateways,
    ...fanOut(
      outlet(project.projectGateway, mesh.gateways),
      outlet(projectWholeStatus, controllers.gateways),
      ...(analysis === undefined ? [] : [outlet(projectGatewayFacts, analysis.gateways)]),
    ),
  });
  watch({
    type: resources.listenerSets,
    ...fanOut(
      outlet(project.projectListenerSet, mesh.listenerSets),
      outlet(projectWholeStatus, controllers.listenerSets),
    ),
  });
  watch({
    type: resources.backendTLSPolicies,
    ...fanOut(
      outlet(project.projectBackendTLSPolicy, mesh.backendTLSPolicies),
      outlet(projectWholeStatus, controllers.backendTLSPolicies),
    ),
  });
  watch({
    type: resources.secrets,
    fieldSelector: 'type=kubernetes.io/tls',
    project: project.projectTLSSecret,
    sink: mesh.tlsSecrets,
  });
  watch({
    type: resources.configMaps,
    ...fanOut(
      outlet(project.projectConfigMap, mesh.configMaps),
      outlet(projectParameters, controllers.parameters),
    ),
  });
  watch({
    type: resources.customResourceDefinitions,
    fieldSelector: `metadata.name=${gatewayClassDefinition}`,
    project: project.projectGatewayAPI,
    sink: mesh.gatewayAPI,
  });
  watch({ type: resources.meshes, project: projectOwned, sink: controllers.meshes });
  for (const kind of Object.keys(managedTypes) as readonly ManagedKind[]) {
    watch({
      type: managedTypes[kind],
      labelSelector: managedSelector,
      project: kind === 'services' ? projectManagedService : projectManaged,
      sink: controllers.managed[kind],
    });
  }
}
