/** What is to run for each Gateway, in the graph: its objects, or what is wrong about its parameters. */

import { describeError, WeftError } from '../base/errors.ts';
import type { Collection, GraphApi } from '../graph/types.ts';
import type { Gateway } from '../mesh/gateway-model.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import './errors.ts';
import { gatewayObjects, type ManagedKind, type ManagedObject, type ProxyPod } from './gateway-objects.ts';
import { defaultParameters, type GatewayParameters, readParameters } from './gateway-parameters.ts';

export type GatewayPlan =
  | { readonly kind: 'run'; readonly objects: readonly (readonly [ManagedKind, ManagedObject])[] }
  /** What runs stays as it is. */
  | { readonly kind: 'invalid'; readonly message: string };

/** Makes the pod of a gateway with the mesh's settings of the moment. */
export interface PodMaker {
  /**
   * `own` are the Gateway's settings of the proxy, written as a pod's annotations are but without their prefix; throws
   * WeftError where one of them is impossible. `uid` is that of the Gateway.
   */
  readonly make: (own: Readonly<Record<string, string>>, uid: string) => ProxyPod;
}

export interface PlanInputs {
  readonly gateways: Collection<Gateway>;
  readonly sources: Collection<GatewaySource>;
  readonly parameters: Collection<Readonly<Record<string, string>>>;
  /** One entry, `default`, as soon as the mesh's settings are known. */
  readonly pods: Collection<PodMaker>;
}

/** Keyed like the Gateways; only for those that are Weft's. */
export function deriveGatewayPlans(graph: GraphApi, inputs: PlanInputs): Collection<GatewayPlan> {
  return graph.derive('gatewayPlans', inputs.gateways, (key, { ports }, read): GatewayPlan | undefined => {
    const gateway = read(inputs.sources, key);
    const pods = read(inputs.pods, 'default');
    if (gateway === undefined || pods === undefined) return undefined;
    try {
      const parameters = parametersOf(gateway, (name) =>
        read(inputs.parameters, `${gateway.namespace}/${name}`),
      );
      const pod = pods.make(parameters.proxy, gateway.uid);
      return { kind: 'run', objects: [...gatewayObjects({ gateway, ports, parameters, pod })] };
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      return { kind: 'invalid', message: describeError(error) };
    }
  });
}

function parametersOf(
  { namespace, spec }: GatewaySource,
  read: (name: string) => Readonly<Record<string, string>> | undefined,
): GatewayParameters {
  const ref = spec.infrastructure?.parametersRef;
  if (ref === undefined) return defaultParameters;
  const field = 'spec.infrastructure.parametersRef';
  if (ref.group !== '' || ref.kind !== 'ConfigMap') {
    const kind = ref.group === '' ? ref.kind : `${ref.kind}.${ref.group}`;
    throw new WeftError('WEFT-GW-02', `Parameters are a ConfigMap, not a ${kind}.`, { field });
  }
  const data = read(ref.name);
  if (data !== undefined) return readParameters(data);
  throw new WeftError(
    'WEFT-GW-02',
    `There is no ConfigMap ${ref.name} with settings of a gateway in ${namespace}.`,
    { field },
  );
}
