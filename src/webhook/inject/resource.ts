/**
 * Whose spans and logs a proxy sends: attributes of OpenTelemetry resources by its semantic conventions, in the variable
 * of the environment that the specification has for them. It costs nothing where nothing is sent.
 */

import type { V1EnvVar, V1ObjectMeta } from '@kubernetes/client-node';
import { ownerOf } from '../../base/owner.ts';

const variable = 'OTEL_RESOURCE_ATTRIBUTES';

/** Attributes of the kinds that have one of their own. */
const nameAttributes: Readonly<Record<string, string>> = {
  Deployment: 'k8s.deployment.name',
  StatefulSet: 'k8s.statefulset.name',
  DaemonSet: 'k8s.daemonset.name',
  Job: 'k8s.job.name',
  ReplicaSet: 'k8s.replicaset.name',
};

/** The kubelet puts in what only it knows; a template of pods tells no more. */
export function workloadResource(metadata: V1ObjectMeta = {}): V1EnvVar[] {
  const { kind, name } = ownerOf(metadata as Parameters<typeof ownerOf>[0]);
  const { labels = {} } = metadata;
  const version = labels['app.kubernetes.io/version'] ?? labels['version'] ?? '';
  const own = nameAttributes[kind];
  return resource([
    ['service.name', name === '' || kind === 'Pod' ? '$(POD_NAME)' : name],
    ...(version === '' ? [] : [['service.version', version] as const]),
    ...(own === undefined ? [] : [[own, name] as const]),
  ]);
}

/** `label` is the one of its pods that has the Gateway's name. */
export function gatewayResource(label: string): V1EnvVar[] {
  const fieldPath = `metadata.labels['${label}']`;
  return [
    { name: 'GATEWAY_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } },
    ...resource([['service.name', '$(GATEWAY_NAME)']]),
  ];
}

/** Names of Kubernetes have no character that would have to be escaped. */
function resource(own: readonly (readonly [name: string, value: string])[]): V1EnvVar[] {
  const attributes = [
    ...own,
    ['service.namespace', '$(POD_NAMESPACE)'],
    ['service.instance.id', '$(POD_UID)'],
    ['k8s.namespace.name', '$(POD_NAMESPACE)'],
    ['k8s.pod.name', '$(POD_NAME)'],
    ['k8s.pod.uid', '$(POD_UID)'],
  ];
  return [{ name: variable, value: attributes.map(([name, value]) => `${name}=${value}`).join(',') }];
}
