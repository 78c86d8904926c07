/** The part of the composition root that is about gateways: what runs them, and their status. */

import {
  createGatewayControllers,
  type GatewayControllersOptions,
} from './controllers/gateway-controllers.ts';
import type { PodMaker } from './controllers/gateway-plan.ts';
import type { Mesh } from './mesh/model.ts';
import type { MeshSources } from './mesh/sources.ts';
import { gatewayPod } from './webhook/inject/gateway.ts';
import type { PreparedInjection } from './webhook/inject/inject.ts';
import type { Translation } from './xds/resource.ts';
import { portName } from './xds/translate/gateway-names.ts';

export interface GatewaysOptions
  extends Pick<
    GatewayControllersOptions,
    'api' | 'leadership' | 'clock' | 'log' | 'graph' | 'namespace' | 'acks'
  > {
  readonly sources: MeshSources;
  readonly controllerSources: GatewayControllersOptions['sources'];
  readonly mesh: Mesh;
  readonly translation: Translation;
  readonly injection: () => PreparedInjection;
  /** Calls back whenever `injection` may answer something else. */
  readonly onInjectionChange: (listener: () => void) => void;
}

/** Its `run` ends when the signal aborts, and never rejects. */
export function createGateways(options: GatewaysOptions): { run(signal: AbortSignal): Promise<void> } {
  const { sources, controllerSources, mesh, translation, injection, onInjectionChange, ...common } = options;
  const proxyPods = options.graph.source<PodMaker>('proxyPods');
  const refresh = (): void => {
    const prepared = injection();
    proxyPods.set('default', { make: (own, uid) => gatewayPod(prepared, own, uid) });
  };
  refresh();
  onInjectionChange(refresh);
  return createGatewayControllers({
    ...common,
    sources: controllerSources,
    model: mesh.gateway,
    gateways: sources.gateways,
    pods: mesh.pods,
    resources: translation.resources.listener,
    listenerName: portName,
    proxyPods,
  });
}
