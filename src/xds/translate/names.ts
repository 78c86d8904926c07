/**
 * Names of the resources, and how the names of the mesh model become them. A name contains everything the
 * resource depends on beyond cluster state, so that all proxies that hold a name hold the same bytes.
 */

import { meshSniSuffix } from '../../base/names.ts';

export const outboundListener = 'outbound';

/** A cluster that never exists: routes that may choose it say that this is answered 500. */
export const invalidBackendCluster = 'invalid-backend';

/**
 * Response header by which the inbound side says that the application was never reached, so that the outbound
 * side may try another endpoint whatever the method. It is seen by no application.
 */
export const notSentHeader = 'x-weft-not-sent';

/** `key` is a ServicePort's: `namespace/service:port`. The endpoints of the cluster carry the same name. */
export function serviceName(key: string): string {
  return `svc/${key}`;
}

/** `destination` is `<ip>:<port>`. */
export function podName(destination: string): string {
  return `pod/${destination}`;
}

/** A destination as clients of one namespace see it where consumer routes exist for them, else as everyone does. */
export function variantKey(destination: string, clientNamespace?: string): string {
  return clientNamespace === undefined ? destination : `${destination}@${clientNamespace}`;
}

export function inboundListener(workload: string): string {
  return `inbound/${workload}`;
}

/** The listener that connections to the destination's own address are handed to. */
export function addressListener(variant: string): string {
  return `vl/${variant}`;
}

/** Its twin that the on-demand answer leads to. */
export function internalListener(variant: string): string {
  return `il/${variant}`;
}

/** `namespace/service:port` -> `p<port>.<service>.<namespace>.weft`. */
export function serviceSni(key: string): string {
  const slash = key.indexOf('/');
  const colon = key.lastIndexOf(':');
  return `p${key.slice(colon + 1)}.${key.slice(slash + 1, colon)}.${key.slice(0, slash)}.${meshSniSuffix}`;
}

export function podSni(port: number): string {
  return `p${port}.pod.${meshSniSuffix}`;
}
