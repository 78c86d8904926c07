/** Everything that is written about gateways: what runs them, and the status of their kinds. */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Collection, GraphApi } from '../graph/types.ts';
import * as resources from '../kube/resources.ts';
import type { KubeApi } from '../kube/types.ts';
import type { GatewayModel, GatewayPort } from '../mesh/gateway-model.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import type { MeshPod } from '../mesh/model.ts';
import { GatewayController } from './gateway-controller.ts';
import { deriveGatewayPlans, type PodMaker } from './gateway-plan.ts';
import { deriveGatewayReadiness } from './gateway-readiness.ts';
import type { GatewayControllerSources, ManagedService } from './gateway-sources.ts';
import { gatewayStatus, kubeConditions, listenerSetStatus, type PreviousStatus } from './gateway-status.ts';
import type { Leadership } from './leading.ts';
import { MeshCreator, meshStatus } from './mesh-resource.ts';
import type { RouteProgress } from './route-progress.ts';
import { policyAncestors } from './policy-ancestors.ts';
import { StatusController } from './status-controller.ts';

export interface GatewayControllersOptions {
  readonly api: KubeApi;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
  readonly graph: GraphApi;
  readonly namespace: string;
  readonly sources: GatewayControllerSources;
  readonly model: GatewayModel;
  /** As they are written; keyed like the Gateways. */
  readonly gateways: Collection<GatewaySource>;
  readonly pods: Collection<MeshPod>;
  /** How far ports have come, keyed by name of their listeners. */
  readonly progress: Collection<RouteProgress>;
  readonly listenerName: (gateway: string, port: GatewayPort) => string;
  readonly proxyPods: Collection<PodMaker>;
}

/** Its `run` ends when the signal aborts, and never rejects. To add a controller: a file of its own, a line here. */
export function createGatewayControllers(options: GatewayControllersOptions): {
  run(signal: AbortSignal): Promise<void>;
} {
  const { api, leadership, clock, log, graph, sources, model, gateways } = options;
  const common = { api, leadership, clock, log };
  const plans = deriveGatewayPlans(graph, {
    gateways: model.gateways,
    sources: gateways,
    parameters: sources.parameters,
    pods: options.proxyPods,
  });
  const problems = graph.source<string>('gatewayProblems');
  const readiness = deriveGatewayReadiness(graph, {
    gateways: model.gateways,
    sources: gateways,
    services: sources.managed.services as Collection<ManagedService>,
    plans,
    problems,
    pods: options.pods,
    progress: options.progress,
    listenerName: options.listenerName,
  });
  /** A ListenerSet's status follows from its Gateway's readiness as well. */
  const setReadiness = graph.derive(
    'listenerSetReadiness',
    model.listenerSetVerdicts,
    (_, { gateway }, read) => read(readiness, gateway),
  );
  const controllers = [
    new GatewayController({ ...common, gateways, plans, managed: sources.managed, problems }),
    new StatusController({
      ...common,
      name: 'gateway-status',
      type: resources.gateways,
      objects: sources.gateways,
      causes: [model.gatewayVerdicts, readiness],
      statusOf: (key, { status }, nowMs) => {
        const verdict = model.gatewayVerdicts.get(key);
        const ready = readiness.get(key);
        if (verdict === undefined || ready === undefined) return undefined;
        return gatewayStatus(key, verdict, ready, (status ?? {}) as PreviousStatus, nowMs);
      },
    }),
    new StatusController({
      ...common,
      name: 'listener-set-status',
      type: resources.listenerSets,
      objects: sources.listenerSets,
      causes: [model.listenerSetVerdicts, setReadiness],
      statusOf: (key, { status }, nowMs) => {
        const verdict = model.listenerSetVerdicts.get(key);
        if (verdict === undefined) return undefined;
        return listenerSetStatus(
          key,
          verdict,
          setReadiness.get(key),
          (status ?? {}) as PreviousStatus,
          nowMs,
        );
      },
    }),
    new StatusController({
      ...common,
      name: 'gateway-class-status',
      type: resources.gatewayClasses,
      objects: sources.classes,
      causes: [model.gatewayClassVerdicts],
      statusOf: (key, { status }, nowMs) => {
        const verdict = model.gatewayClassVerdicts.get(key);
        if (verdict === undefined) return undefined;
        const { conditions, generation, supportedFeatures } = verdict;
        return {
          conditions: kubeConditions(conditions, generation, status?.conditions, nowMs),
          supportedFeatures: supportedFeatures.map((name) => ({ name })),
        };
      },
    }),
    new StatusController({
      ...common,
      name: 'backend-tls-status',
      type: resources.backendTLSPolicies,
      shared: true,
      objects: sources.backendTLSPolicies,
      causes: [model.backendTLSVerdicts],
      statusOf: (key, object, nowMs) => policyAncestors(object, model.backendTLSVerdicts.get(key), nowMs),
    }),
    new MeshCreator({ ...common, objects: sources.meshes }),
    new StatusController({
      ...common,
      name: 'mesh-status',
      type: resources.meshes,
      objects: sources.meshes,
      causes: [],
      statusOf: (_, object, nowMs) => meshStatus(object, options.namespace, nowMs),
    }),
  ];
  return {
    run: async (signal) => {
      await Promise.all(controllers.map((controller) => controller.run(signal)));
    },
  };
}
