/**
 * How far each Gateway is carried out: its addresses, its proxies, and which ports they have acknowledged.
 *
 *   gateways, managed Services, pods, portProgress ──> gatewayReadiness
 */

import type { Collection, GraphApi, Index } from '../graph/types.ts';
import type { Gateway, GatewayPort } from '../mesh/gateway-model.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import { gatewayResourceName } from '../mesh/gateways/names.ts';
import type { MeshPod } from '../mesh/model.ts';
import { type GatewayAddresses, gatewayAddresses } from './gateway-addresses.ts';
import type { GatewayPlan } from './gateway-plan.ts';
import type { ManagedService } from './gateway-sources.ts';
import type { RouteProgress } from './route-progress.ts';

/** `pending`: some proxy that serves has not acknowledged it. */
export type PortState =
  | { readonly kind: 'current' | 'pending' }
  | { readonly kind: 'rejected'; readonly message: string };

export interface GatewayReadiness {
  readonly addresses: GatewayAddresses;
  readonly readyProxies: number;
  /** Keyed by listener, as in the model; only listeners that proxies are given. */
  readonly listeners: Readonly<Record<string, PortState>>;
  /** What keeps the Gateway from running. */
  readonly problem?: string;
  /** What is wrong about its parameters. */
  readonly parameters?: string;
}

export interface ReadinessInputs {
  readonly gateways: Collection<Gateway>;
  readonly sources: Collection<GatewaySource>;
  readonly services: Collection<ManagedService>;
  readonly plans: Collection<GatewayPlan>;
  readonly problems: Collection<string>;
  readonly pods: Collection<MeshPod>;
  /** Of ports, keyed by the name of the listener that binds the port. */
  readonly progress: Collection<RouteProgress>;
  /** That name. */
  readonly listenerName: (gateway: string, port: GatewayPort) => string;
}

/** Keyed like the Gateways. */
export function deriveGatewayReadiness(
  graph: GraphApi,
  inputs: ReadinessInputs,
): Collection<GatewayReadiness> {
  const ready: Index<MeshPod> = graph.index('readyGatewayPods', inputs.pods, (pod) =>
    pod.ready && !pod.terminating && pod.workload.includes('/Gateway/') ? [pod.workload] : [],
  );
  return graph.derive('gatewayReadiness', inputs.gateways, (key, gateway, read) => {
    const source = read(inputs.sources, key);
    if (source === undefined) return undefined;
    const { namespace, name } = gateway;
    const readyProxies = read(ready, `${namespace}/Gateway/${name}`)?.length ?? 0;
    const service = read(inputs.services, `${namespace}/${gatewayResourceName(name, source.className)}`);
    const listeners = Object.fromEntries(
      gateway.ports.flatMap((port) => {
        const state = portState(read(inputs.progress, inputs.listenerName(key, port)), readyProxies);
        return port.listeners.map((listener) => [listener.key, state] as const);
      }),
    );
    const problem = read(inputs.problems, key);
    const plan = read(inputs.plans, key);
    return {
      addresses: gatewayAddresses(source.spec.addresses, service),
      readyProxies,
      listeners,
      ...(problem === undefined ? {} : { problem }),
      ...(plan?.kind === 'invalid' ? { parameters: plan.message } : {}),
    };
  });
}

/**
 * A proxy that has only just come counts when it is ready: until then it serves nobody, and a rolling update must not
 * look like an outage.
 */
function portState(progress: RouteProgress | undefined, readyProxies: number): PortState {
  const { proxies = 0, current = 0, rejected } = progress ?? {};
  if (rejected !== undefined) return { kind: 'rejected', message: rejected };
  if (progress === undefined || readyProxies === 0) return { kind: 'pending' };
  // A proxy gets ready only with its configuration; its replica may not have told of it yet.
  return { kind: current >= Math.min(proxies, readyProxies) ? 'current' : 'pending' };
}
