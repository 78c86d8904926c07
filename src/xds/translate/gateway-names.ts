/** Names of what belongs to gateways. A listener's key ends without a port, so the names of one kind never collide. */

import type { GatewayPort } from '../../mesh/gateway-model.ts';
import type { RouteBackend } from '../../mesh/model.ts';
import { invalidBackendCluster, upstreamName } from './names.ts';

/** Kind of the workload that the proxies of a Gateway are. */
export const gatewayKind = 'Gateway';

/** `namespace/name` of a Gateway -> the workload that its proxies are. */
export function gatewayWorkload(gateway: string): string {
  const slash = gateway.indexOf('/');
  return `${gateway.slice(0, slash)}/${gatewayKind}/${gateway.slice(slash + 1)}`;
}

/** The Envoy listener of one port; for HTTP also the RouteConfiguration of all its listeners. */
export function portName(gateway: string, { transport, port }: GatewayPort): string {
  return `gateway/${gateway}/${transport}:${port}`;
}

/** The RouteConfiguration of one HTTPS listener; `listener` is its key. */
export function listenerRoutes(listener: string): string {
  return `gateway/${listener}`;
}

/** The cluster of a UDP listener, and its endpoints. */
export function udpCluster(listener: string): string {
  return `udp/${listener}`;
}

/** `certificate` is the key of a Certificate. */
export function certificateSecret(certificate: string): string {
  return `certificate/${certificate}`;
}

/** The authorities that a listener lets clients' certificates be signed by. */
export function clientAuthorities(listener: string): string {
  return `client-authorities/${listener}`;
}

/** The authorities that a BackendTLS trusts. */
export function backendAuthorities(policy: string): string {
  return `backend-authorities/${policy}`;
}

/**
 * The cluster by which a gateway passes opaque bytes on to a backend. Inside mesh TLS these are announced by the cluster
 * itself, since a connection of one route may end in a backend that is called by TLS of its own.
 */
export function streamCluster({ servicePort, upstream }: RouteBackend): string {
  if (servicePort === undefined) return invalidBackendCluster;
  const name = upstreamName(servicePort, upstream);
  return upstream?.tls === undefined ? `${name}${opaqueSuffix}` : name;
}

export const opaqueSuffix = '+opaque';
