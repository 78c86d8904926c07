/**
 * What runs a Gateway: a Deployment, a Service and a ServiceAccount of its own in its namespace, and, where it has
 * several proxies, a disruption budget and perhaps an autoscaler. Pure: a Gateway and its parameters in, objects out.
 */

import type {
  V1Deployment,
  V1PodDisruptionBudget,
  V1PodSpec,
  V1Service,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { gatewayNameLabel, injectLabel, managedBy } from '../base/names.ts';
import type { KubeObject, ObjectMeta, ResourceType } from '../kube/types.ts';
import * as resources from '../kube/resources.ts';
import type { GatewayPort } from '../mesh/gateway-model.ts';
import { gatewayLabelValue, gatewayResourceName } from '../mesh/gateways/names.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import type { GatewayParameters } from './gateway-parameters.ts';

/** The kinds of objects that a Gateway owns. */
export const managedTypes = {
  serviceAccounts: resources.serviceAccounts,
  deployments: resources.deployments,
  services: resources.gatewayServices,
  podDisruptionBudgets: resources.podDisruptionBudgets,
  horizontalPodAutoscalers: resources.horizontalPodAutoscalers,
} as const satisfies Record<string, ResourceType>;
export type ManagedKind = keyof typeof managedTypes;

/** Selects them for the watches. */
export const managedSelector = `app.kubernetes.io/managed-by=${managedBy},${gatewayNameLabel}`;

export interface ManagedObject extends KubeObject {
  readonly spec?: object;
  readonly automountServiceAccountToken?: boolean;
}

/** The pod of a gateway without what its Gateway and parameters say of it. */
export interface ProxyPod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: V1PodSpec;
}

export interface GatewayInputs {
  readonly gateway: GatewaySource;
  readonly ports: readonly GatewayPort[];
  readonly parameters: GatewayParameters;
  readonly pod: ProxyPod;
}

/** In the order in which they are written; none of them depends on what a former one becomes. */
export function gatewayObjects(inputs: GatewayInputs): ReadonlyMap<ManagedKind, ManagedObject> {
  const { parameters, ports, gateway } = inputs;
  const { autoscaling } = parameters;
  const objects = new Map<ManagedKind, ManagedObject>();
  objects.set('serviceAccounts', {
    ...base(gateway, 'ServiceAccount', 'v1'),
    automountServiceAccountToken: false,
  });
  objects.set('deployments', { ...base(gateway, 'Deployment', 'apps/v1'), spec: deployment(inputs) });
  // A Service must have a port; one that has lost its last keeps it, and its address with it.
  if (ports.length > 0) objects.set('services', { ...base(gateway, 'Service', 'v1'), spec: service(inputs) });
  if (autoscaling !== undefined) {
    objects.set('horizontalPodAutoscalers', {
      ...base(gateway, 'HorizontalPodAutoscaler', 'autoscaling/v2'),
      spec: autoscaler(nameOf(gateway), autoscaling),
    });
  }
  if ((autoscaling?.max ?? parameters.replicas) > 1) {
    objects.set('podDisruptionBudgets', {
      ...base(gateway, 'PodDisruptionBudget', 'policy/v1'),
      spec: {
        maxUnavailable: parameters.maxUnavailable ?? 1,
        selector: { matchLabels: selectorOf(gateway) },
      } satisfies NonNullable<V1PodDisruptionBudget['spec']>,
    });
  }
  return objects;
}

/** Name of all that is made for a Gateway. */
export function nameOf(gateway: GatewaySource): string {
  return gatewayResourceName(gateway.name, gateway.className);
}

/** Labels of the pods, the same for as long as the Gateway lives. */
function selectorOf(gateway: GatewaySource): Readonly<Record<string, string>> {
  return { [gatewayNameLabel]: gatewayLabelValue(gateway.name) };
}

function base(
  gateway: GatewaySource,
  kind: string,
  apiVersion: string,
): KubeObject & { metadata: ObjectMeta } {
  return {
    apiVersion,
    kind,
    metadata: {
      name: nameOf(gateway),
      namespace: gateway.namespace,
      ...infrastructure(gateway),
      ownerReferences: [
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'Gateway',
          name: gateway.name,
          uid: gateway.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
  };
}

/** What the Gateway says of everything that is made for it; ours win, by which it is found again. */
function infrastructure(gateway: GatewaySource): {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
} {
  const { labels = {}, annotations = {} } = gateway.spec.infrastructure ?? {};
  return {
    labels: { ...labels, ...selectorOf(gateway), 'app.kubernetes.io/managed-by': managedBy },
    annotations: { ...annotations },
  };
}

function deployment({ gateway, parameters, pod }: GatewayInputs): NonNullable<V1Deployment['spec']> {
  const { labels, annotations } = infrastructure(gateway);
  const { autoscaling, replicas, nodeSelector, priorityClassName } = parameters;
  const selector = selectorOf(gateway);
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selector },
    matchLabelKeys: ['pod-template-hash'],
  });
  return {
    ...(autoscaling === undefined ? { replicas } : {}),
    selector: { matchLabels: selector },
    // Never fewer than before: the next one serves before the last one starts to drain.
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
    template: {
      metadata: {
        // Listeners are none of the template's business: changing them must not restart anything.
        labels: { ...labels, [injectLabel]: 'disabled' },
        annotations: { ...annotations, ...besides(annotations, pod.annotations) },
      },
      spec: {
        ...pod.spec,
        serviceAccountName: nameOf(gateway),
        ...(nodeSelector === undefined ? {} : { nodeSelector }),
        ...(priorityClassName === undefined ? {} : { priorityClassName }),
        topologySpreadConstraints: [spread('kubernetes.io/hostname'), spread('topology.kubernetes.io/zone')],
      },
    },
  };
}

function service({ gateway, ports, parameters }: GatewayInputs): NonNullable<V1Service['spec']> {
  const { serviceType, loadBalancerClass, externalTrafficPolicy } = parameters;
  const isBalanced = serviceType === 'LoadBalancer';
  const wanted = isBalanced ? requestedAddress(gateway) : undefined;
  return {
    type: serviceType,
    selector: selectorOf(gateway),
    ipFamilyPolicy: 'PreferDualStack',
    ports: ports.map(({ port, transport }) => ({
      name: `${transport}-${port}`,
      port,
      protocol: transport.toUpperCase(),
      targetPort: port,
    })),
    ...(serviceType === 'ClusterIP' ? {} : { externalTrafficPolicy }),
    ...(isBalanced && loadBalancerClass !== undefined ? { loadBalancerClass } : {}),
    ...(wanted === undefined ? {} : { loadBalancerIP: wanted }),
  };
}

/** The first static IP address that the Gateway asks for: a Service can ask for one. */
function requestedAddress(gateway: GatewaySource): string | undefined {
  return (gateway.spec.addresses ?? []).find(
    ({ type = 'IPAddress', value = '' }) => type === 'IPAddress' && value !== '',
  )?.value;
}

function autoscaler(
  name: string,
  { min, max, cpuPercent }: NonNullable<GatewayParameters['autoscaling']>,
): V2HorizontalPodAutoscaler['spec'] {
  return {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas: min,
    maxReplicas: max,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpuPercent } },
      },
    ],
  };
}

/** What Weft adds to annotations; a Gateway that says anything of Prometheus says all of it. */
function besides(
  own: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const prefix = 'prometheus.io/';
  if (!Object.keys(own).some((name) => name.startsWith(prefix))) return added;
  return Object.fromEntries(Object.entries(added).filter(([name]) => !name.startsWith(prefix)));
}
