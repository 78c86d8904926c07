/**
 * Names of the resources, and how the names of the mesh model become them. A name contains everything the
 * resource depends on beyond cluster state, so that all proxies that hold a name hold the same bytes.
 */

import { meshSniSuffix } from '../../base/names.ts';
import type { Upstream } from '../../mesh/model.ts';
import { audienceMark } from '../resource.ts';

export const outboundListener = 'outbound';

/** Where a connection goes on that had to wait until its destination was known. */
export const resumedListener = 'resumed';

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

/**
 * The cluster by which a backend is called: that of its ServicePort, or a variant of it that says in its name how
 * it differs. `svc/shop/web:80+http2+tls=shop/policy+certificate=infra/client`; no part of a key has a plus sign.
 */
export function upstreamName(key: string, upstream: Upstream = {}): string {
  const parts = [serviceName(key)];
  if (upstream.http2 === true) parts.push('http2');
  if (upstream.edge === true) parts.push('edge');
  if (upstream.tls !== undefined) parts.push(`tls=${upstream.tls}`);
  if (upstream.clientCertificate !== undefined) parts.push(`certificate=${upstream.clientCertificate}`);
  return parts.join('+');
}

/** Reads what follows `svc/` in the name of a cluster. */
export function parseUpstream(name: string): { readonly key: string; readonly upstream: Upstream } {
  const [key = '', ...parts] = name.split('+');
  const upstream: { -readonly [field in keyof Upstream]: Upstream[field] } = {};
  for (const part of parts) {
    const value = part.slice(part.indexOf('=') + 1);
    if (part === 'http2') upstream.http2 = true;
    else if (part === 'edge') upstream.edge = true;
    else if (part.startsWith('tls=')) upstream.tls = value;
    else if (part.startsWith('certificate=')) upstream.clientCertificate = value;
  }
  return { key, upstream };
}

/** `destination` is `<ip>:<port>`. */
export function podName(destination: string): string {
  return `pod/${destination}`;
}

/** Routes, or their table, for the clients of one namespace where consumer routes exist for them, else for everyone. */
export function variantKey(key: string, clientNamespace?: string): string {
  return clientNamespace === undefined ? key : key + audienceMark + clientNamespace;
}

export function inboundListener(workload: string): string {
  return `inbound/${workload}`;
}

/** The internal listener, and the cluster that leads to it, for ports of which nobody knows who speaks first. */
export function detectName(workload: string): string {
  return `detect/${workload}`;
}

/** The listener that connections to the destination's own address are handed to. */
export function addressListener(destination: string): string {
  return `vl/${destination}`;
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
