/** Which page shows an object. */

import type { ObjectRef } from '../../views/types.ts';

const workloadKinds = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob']);
const routeKinds = new Set(['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute']);
/** Kinds that the control plane can explain, beside those with a page of their own. */
const explainedKinds = new Set([
  'Gateway',
  'GatewayClass',
  'ListenerSet',
  'ReferenceGrant',
  'BackendTLSPolicy',
  'XBackendTrafficPolicy',
  'MutualTLSPolicy',
  'TelemetryPolicy',
  'MeshConfig',
  'EndpointSlice',
  'Secret',
  'ConfigMap',
]);

/** Undefined where no page does. */
export function objectPath({ kind, namespace = '', name }: ObjectRef): readonly string[] | undefined {
  if (name === '') return undefined;
  if (workloadKinds.has(kind)) return ['workloads', namespace, kind, name];
  if (kind === 'Service') return ['services', namespace, name];
  if (routeKinds.has(kind)) return ['routes', namespace, kind, name];
  if (kind === 'Pod') return ['proxies', namespace, name];
  if (explainedKinds.has(kind)) return explainPath({ kind, namespace, name });
  return undefined;
}

/** Objects without namespace have a dash in its place. */
export function explainPath({ kind, namespace = '', name }: ObjectRef): readonly string[] {
  return ['explain', kind.toLowerCase(), namespace === '' ? '-' : namespace, name];
}
