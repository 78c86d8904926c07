/** The objects of a cluster that analysis looks at, as far as whoever asks may read them. */

import { isKubeError } from '../kube/errors.ts';
import * as resources from '../kube/resources.ts';
import { apiVersionOf, resourceNameOf } from '../kube/resources.ts';
import type { KubeObject, ResourceType } from '../kube/types.ts';
import type { CommandContext } from './context.ts';

export interface ClusterObjects {
  readonly objects: readonly KubeObject[];
  /** Plurals of the kinds that could not be read whole. */
  readonly unknown: readonly string[];
}

interface Wanted {
  readonly type: ResourceType;
  readonly fieldSelector?: string;
}

const wanted: readonly Wanted[] = [
  ...[
    resources.services,
    resources.endpointSlices,
    resources.pods,
    resources.nodes,
    resources.namespaces,
    resources.serviceCIDRs,
    resources.httpRoutes,
    resources.grpcRoutes,
    resources.tlsRoutes,
    resources.tcpRoutes,
    resources.udpRoutes,
    resources.referenceGrants,
    resources.gatewayClasses,
    resources.gateways,
    resources.listenerSets,
    resources.backendTLSPolicies,
    resources.backendTrafficPolicies,
    resources.configMaps,
    resources.meshConfigs,
    resources.certificateAuthorities,
    resources.mutualTLSPolicies,
    resources.telemetryPolicies,
    resources.deployments,
    resources.statefulSets,
    resources.daemonSets,
    resources.jobs,
    resources.cronJobs,
  ].map((type) => ({ type })),
  { type: resources.secrets, fieldSelector: 'type=kubernetes.io/tls' },
  {
    type: resources.customResourceDefinitions,
    fieldSelector: 'metadata.name=gatewayclasses.gateway.networking.k8s.io',
  },
];

/** Rejects where the API does not answer at all; what may not be read, or is not served, is left out. */
export async function readCluster(
  { api, edges }: CommandContext,
  namespace: string | undefined,
): Promise<ClusterObjects> {
  const unknown: string[] = [];
  const list = async ({ type, fieldSelector }: Wanted): Promise<readonly KubeObject[]> => {
    const selected = fieldSelector === undefined ? {} : { fieldSelector };
    const withKind = (objects: readonly KubeObject[]): readonly KubeObject[] =>
      objects.map((object) => ({ ...object, apiVersion: apiVersionOf(type), kind: type.kind }));
    try {
      return withKind(await api.list<KubeObject>(type, selected));
    } catch (error) {
      if (isKubeError(error, 404)) return [];
      if (!isKubeError(error, 403)) throw error;
      unknown.push(type.plural);
    }
    if (namespace === undefined || !type.namespaced) return [];
    try {
      return withKind(await api.list<KubeObject>(type, { ...selected, namespace }));
    } catch (error) {
      if (isKubeError(error, 403)) return [];
      throw error;
    }
  };
  const objects = (await Promise.all(wanted.map(list))).flat();
  if (unknown.length > 0) {
    const names = wanted
      .filter(({ type }) => unknown.includes(type.plural))
      .map(({ type }) => resourceNameOf(type));
    edges.err(`you may not list ${names.join(', ')}: what depends on them is not looked at\n`);
  }
  return { objects, unknown: unknown.sort() };
}
