/** The Gateways of Weft's classes, with what their status says; what several commands show. */

import { controllerName } from '../base/names.ts';
import { gatewayClasses, gateways } from '../kube/resources.ts';
import type { Condition, KubeApi, KubeObject } from '../kube/types.ts';

interface GatewayClass extends KubeObject {
  readonly spec?: { readonly controllerName?: string };
}

interface Gateway extends KubeObject {
  readonly spec?: { readonly gatewayClassName?: string };
  readonly status?: {
    readonly addresses?: readonly { readonly value: string }[];
    readonly conditions?: readonly Condition[];
    readonly listeners?: readonly { readonly attachedRoutes?: number }[];
  };
}

export interface GatewayRow {
  readonly gateway: string;
  readonly class: string;
  readonly addresses: readonly string[];
  readonly listeners: number;
  readonly attachedRoutes: number;
  readonly accepted: boolean;
  readonly programmed: boolean;
  /** Where it is not programmed: the reason and what it says. */
  readonly reason?: string;
  readonly message?: string;
}

/** By name; none where the cluster does not know the kind. */
export async function listGateways(api: Pick<KubeApi, 'list' | 'serves'>): Promise<readonly GatewayRow[]> {
  if (!(await api.serves(gateways))) return [];
  const classes = await api.list<GatewayClass>(gatewayClasses);
  const ours = new Set(
    classes
      .filter(({ spec }) => spec?.controllerName === controllerName)
      .map(({ metadata }) => metadata.name),
  );
  const all = await api.list<Gateway>(gateways);
  return all
    .filter(({ spec }) => ours.has(spec?.gatewayClassName ?? ''))
    .map(rowOf)
    .sort((a, b) => (a.gateway < b.gateway ? -1 : 1));
}

function rowOf({ metadata, spec, status }: Gateway): GatewayRow {
  const { addresses = [], conditions = [], listeners = [] } = status ?? {};
  // A condition of an older generation says nothing of this one.
  const current = (type: string): Condition | undefined =>
    conditions.find((one) => one.type === type && one.observedGeneration === metadata.generation);
  const accepted = current('Accepted');
  const programmed = current('Programmed');
  const problem = accepted?.status === 'False' ? accepted : programmed;
  return {
    gateway: `${metadata.namespace ?? ''}/${metadata.name}`,
    class: spec?.gatewayClassName ?? '',
    addresses: addresses.map(({ value }) => value),
    listeners: listeners.length,
    attachedRoutes: listeners.reduce((sum, { attachedRoutes = 0 }) => sum + attachedRoutes, 0),
    accepted: accepted?.status === 'True',
    programmed: programmed?.status === 'True',
    ...(programmed?.status === 'True'
      ? {}
      : { reason: problem?.reason ?? 'Pending', message: problem?.message ?? 'Nothing was said of it yet.' }),
  };
}
