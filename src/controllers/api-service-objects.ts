/**
 * The APIServices by which the API server of Kubernetes passes questions on to the control plane. Made by the control
 * plane for the same reason as the webhook configurations, and owned like them: one that outlives Weft would keep every
 * namespace of the cluster from being deleted. Pure.
 */

import { apiPort, managedBy } from '../base/names.ts';
import { observeGroup, observeVersion } from '../base/observe.ts';
import type { KubeObject, OwnerReference } from '../kube/types.ts';

export interface ApiService extends KubeObject {
  readonly spec?: {
    readonly group: string;
    readonly version: string;
    readonly service?: { readonly name: string; readonly namespace: string; readonly port: number };
    readonly caBundle?: string;
    readonly groupPriorityMinimum: number;
    readonly versionPriority: number;
  };
}

export interface ApiServiceOptions {
  readonly namespace: string;
  readonly serviceName: string;
  /** PEM. */
  readonly trustBundle: string;
  readonly owner: OwnerReference;
}

/** By name. */
export const apiServiceGroups: Readonly<
  Record<string, { readonly group: string; readonly version: string }>
> = {
  [`${observeVersion}.${observeGroup}`]: { group: observeGroup, version: observeVersion },
  'v1alpha1.metrics.smi-spec.io': { group: 'metrics.smi-spec.io', version: 'v1alpha1' },
};

export function wantedApiService(name: string, options: ApiServiceOptions): ApiService | undefined {
  const served = apiServiceGroups[name];
  if (served === undefined) return undefined;
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {
      name,
      labels: { 'app.kubernetes.io/managed-by': managedBy },
      ownerReferences: [options.owner],
    },
    spec: {
      ...served,
      service: { name: options.serviceName, namespace: options.namespace, port: apiPort },
      caBundle: Buffer.from(options.trustBundle).toString('base64'),
      // Below all groups of Kubernetes itself: short names never come to mean something of ours.
      groupPriorityMinimum: 100,
      versionPriority: 10,
    },
  };
}

export function isOurs(object: ApiService): boolean {
  return object.metadata.labels?.['app.kubernetes.io/managed-by'] === managedBy;
}
