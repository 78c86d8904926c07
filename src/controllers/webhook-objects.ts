/**
 * The webhook configurations as they should be. Made by the control plane rather than the chart, because the CA in
 * them exists only at run time; owned by a ClusterRole of the chart, so that an uninstall by any means removes them
 * and nothing of Weft can block a pod afterwards. Pure.
 */

import { group, injectLabel, managedBy } from '../base/names.ts';
import type { OwnerReference } from '../kube/types.ts';
import type { LabelSelector, Webhook, WebhookConfiguration } from './objects.ts';

export const webhookObjectName = 'weft';

export interface WebhookOptions {
  readonly namespace: string;
  readonly serviceName: string;
  /** PEM. */
  readonly trustBundle: string;
  readonly owner: OwnerReference;
}

/** Pods here start the cluster, or Weft itself: they are never asked about, so Weft cannot hold them up. */
const systemNamespaces = ['kube-system', 'kube-node-lease', 'kube-public'];

/** `Fail`: a pod that asked to be in the mesh and is not would be a hole. Everything else never matches. */
export function mutatingConfiguration(options: WebhookOptions): WebhookConfiguration {
  const pods = [
    {
      apiGroups: [''],
      apiVersions: ['v1'],
      resources: ['pods'],
      operations: ['CREATE'],
      scope: 'Namespaced' as const,
    },
  ];
  const outside = {
    key: 'kubernetes.io/metadata.name',
    operator: 'NotIn' as const,
    values: [...systemNamespaces, options.namespace],
  };
  // Two entries, since one cannot say "namespace or pod"; no pod matches both, so none is asked about twice.
  const byNamespace: LabelSelector = {
    matchLabels: { [injectLabel]: 'enabled' },
    matchExpressions: [outside],
  };
  const otherNamespaces: LabelSelector = {
    matchExpressions: [outside, { key: injectLabel, operator: 'NotIn', values: ['enabled'] }],
  };
  const notRefused: LabelSelector = {
    matchExpressions: [{ key: injectLabel, operator: 'NotIn', values: ['disabled'] }],
  };
  const entry = (name: string, namespaceSelector: LabelSelector, objectSelector: LabelSelector): Webhook => ({
    ...webhook(`${name}.inject.${group}`, '/inject', options),
    rules: pods,
    namespaceSelector,
    objectSelector,
    reinvocationPolicy: 'IfNeeded',
  });
  return configuration('MutatingWebhookConfiguration', options, [
    entry('namespace', byNamespace, notRefused),
    entry('pod', otherNamespaces, { matchLabels: { [injectLabel]: 'enabled' } }),
  ]);
}

/**
 * Changes of Weft's own kinds fail closed: what was not looked at may break the mesh. Deletions are only looked at to
 * warn, and fail open: an uninstall deletes Weft and its objects in an order of its own.
 */
export function validatingConfiguration(options: WebhookOptions): WebhookConfiguration {
  const entry = (
    name: string,
    failurePolicy: Webhook['failurePolicy'],
    operations: readonly string[],
  ): Webhook => ({
    ...webhook(`${name}.validate.${group}`, '/validate', options),
    failurePolicy,
    rules: [
      {
        apiGroups: [group],
        apiVersions: ['v1alpha1'],
        resources: ['certificateauthorities', 'meshconfigs', 'mutualtlspolicies', 'telemetrypolicies'],
        operations,
        scope: '*',
      },
    ],
  });
  return configuration('ValidatingWebhookConfiguration', options, [
    entry('change', 'Fail', ['CREATE', 'UPDATE']),
    entry('delete', 'Ignore', ['DELETE']),
    advice(options),
  ]);
}

/**
 * What is said about changes, of kinds of others too: it never refuses anything, and whatever becomes of it, the change
 * goes on. Weft's own namespace and those of the system are left alone.
 */
function advice(options: WebhookOptions): Webhook {
  const rule = (apiGroup: string, resources: readonly string[]): Webhook['rules'][number] => ({
    apiGroups: [apiGroup],
    apiVersions: ['*'],
    resources,
    operations: ['CREATE', 'UPDATE'],
    scope: '*',
  });
  return {
    ...webhook(`advice.validate.${group}`, '/advise', options),
    failurePolicy: 'Ignore',
    timeoutSeconds: 2,
    namespaceSelector: {
      matchExpressions: [
        {
          key: 'kubernetes.io/metadata.name',
          operator: 'NotIn',
          values: [...systemNamespaces, options.namespace],
        },
      ],
    },
    rules: [
      rule('gateway.networking.k8s.io', [
        'gateways',
        'listenersets',
        'httproutes',
        'grpcroutes',
        'tlsroutes',
        'tcproutes',
        'udproutes',
        'backendtlspolicies',
      ]),
      rule('gateway.networking.x-k8s.io', ['xbackendtrafficpolicies']),
      rule(group, ['meshconfigs', 'mutualtlspolicies', 'telemetrypolicies']),
    ],
  };
}

/** Every field that the API server would fill in is written out, so that what is wanted can be compared with what is. */
function webhook(name: string, path: string, options: WebhookOptions): Omit<Webhook, 'rules'> {
  return {
    name,
    clientConfig: {
      caBundle: Buffer.from(options.trustBundle).toString('base64'),
      service: { name: options.serviceName, namespace: options.namespace, path, port: 443 },
    },
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  };
}

function configuration(
  kind: string,
  options: WebhookOptions,
  webhooks: readonly Webhook[],
): WebhookConfiguration {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: {
      name: webhookObjectName,
      labels: { 'app.kubernetes.io/managed-by': managedBy },
      // AKS edits the selectors of webhooks that do not say this, and two writers would overwrite each other for ever.
      annotations: { 'admissions.enforcer/disabled': 'true' },
      ownerReferences: [options.owner],
    },
    webhooks,
  };
}
