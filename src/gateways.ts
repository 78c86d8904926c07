/** The part of the composition root that is about gateways: what runs them, and their status. */

import {
  createGatewayControllers,
  type GatewayControllersOptions,
} from './controllers/gateway-controllers.ts';
import type { PodMaker } from './controllers/gateway-plan.ts';
import { derivePortProgress } from './controllers/port-progress.ts';
import type { Reported, RouteProgress } from './controllers/route-progress.ts';
import type { Collection } from './graph/types.ts';
import type { KubeObject } from './kube/types.ts';
import type { Mesh } from './mesh/model.ts';
import type { MeshSources } from './mesh/sources.ts';
import { gatewayPod } from './webhook/inject/gateway.ts';
import type { PreparedInjection } from './webhook/inject/inject.ts';
import type { ResourceAcks, Translation } from './xds/resource.ts';
import { portName } from './xds/translate/gateway-names.ts';

export interface GatewaysOptions
  extends Pick<GatewayControllersOptions, 'api' | 'leadership' | 'clock' | 'log' | 'graph' | 'namespace'> {
  readonly acks: Collection<ResourceAcks>;
  /** What other replicas count. */
  readonly reported: Reported;
  readonly sources: MeshSources;
  readonly controllerSources: GatewayControllersOptions['sources'];
  readonly mesh: Mesh;
  readonly translation: Translation;
  readonly injection: () => PreparedInjection;
  /** Calls back whenever `injection` may answer something else. */
  readonly onInjectionChange: (listener: () => void) => void;
}

export interface Gateways {
  /** On how many proxies of this replica each port is in force. */
  readonly progress: Collection<RouteProgress>;
  /** Of which Events may tell; by plural of their kind. */
  readonly objects: Readonly<Record<string, Collection<KubeObject>>>;
  /** Ends when the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createGateways(options: GatewaysOptions): Gateways {
  const { sources, controllerSources, mesh, translation, acks, reported, ...others } = options;
  const { injection, onInjectionChange, ...common } = others;
  const proxyPods = options.graph.source<PodMaker>('proxyPods');
  const refresh = (): void => {
    const prepared = injection();
    proxyPods.set('default', { make: (own, uid) => gatewayPod(prepared, own, uid) });
  };
  refresh();
  onInjectionChange(refresh);
  const progress = derivePortProgress(options.graph, {
    gateways: mesh.gateway.gateways,
    acks,
    resources: translation.resources.listener,
    listenerName: portName,
    reported,
  });
  const controllers = createGatewayControllers({
    ...common,
    sources: controllerSources,
    model: mesh.gateway,
    gateways: sources.gateways,
    pods: mesh.pods,
    progress: progress.total,
    listenerName: portName,
    proxyPods,
  });
  const objects = {
    gateways: controllerSources.gateways,
    listenersets: controllerSources.listenerSets,
    backendtlspolicies: controllerSources.backendTLSPolicies,
  };
  return { progress: progress.local, objects, run: (signal) => controllers.run(signal) };
}
