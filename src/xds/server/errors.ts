/** The coded errors of the xDS server, and the gRPC status that each of them ends a stream with. */

import { defineErrors, WeftError } from '../../base/errors.ts';

export const xdsErrors = defineErrors({
  'WEFT-XDS-01': {
    title: 'The client certificate does not carry exactly one SPIFFE identity.',
    remedy: 'Connect with the certificate that the mesh issued to the pod.',
  },
  'WEFT-XDS-04': {
    title: 'This method is not served here.',
    remedy: 'Use delta ADS: api_type DELTA_GRPC in the ads_config of the bootstrap.',
  },
  'WEFT-XDS-05': {
    title: 'This resource type is not served here.',
    remedy: 'Ask for clusters, endpoints, listeners, routes or secrets of the v3 API.',
  },
  'WEFT-XDS-06': {
    title: 'The message is not one that the method takes.',
    remedy: 'Check what it is that connects to the xDS port.',
  },
  'WEFT-XDS-07': {
    title: 'The client exceeds a limit of the server.',
    remedy: 'See the message for which; a proxy of the mesh stays far below all of them.',
  },
  'WEFT-XDS-08': {
    title: 'A proxy asked for a resource that its workload does not use.',
    remedy: 'If the proxy is unmodified, report it with the name of the resource.',
  },
  'WEFT-XDS-09': {
    title: 'A proxy asked for an on-demand cluster whose name is not an IP address and a port.',
    remedy: 'If the proxy is unmodified, report it with the name.',
  },
  'WEFT-XDS-10': {
    title: 'A proxy rejected a resource; the last good version stays in force.',
    remedy: 'Look at the objects that `weft explain` names as its causes.',
  },
  'WEFT-XDS-11': {
    title: 'The server is going away.',
    remedy: 'Nothing is to be done: the proxy reconnects to another replica by itself.',
  },
  'WEFT-XDS-12': {
    title: 'The proxy has opened a newer stream.',
    remedy: 'Nothing is to be done, unless two proxies run with the same pod name and UID.',
  },
  'WEFT-XDS-13': {
    title: 'The server failed on this stream.',
    remedy: 'The proxy reconnects by itself; report the logged error.',
  },
  'WEFT-XDS-14': {
    title: 'A client was refused in the TLS handshake: its certificate is not of the mesh or has expired.',
    remedy:
      'Look at who connects from that address; a proxy of the mesh gets a new certificate before the old one ends.',
  },
  'WEFT-XDS-15': {
    title: 'A client showed neither a certificate nor a token.',
    remedy: 'Look at who connects from that address; a proxy of the mesh has one of the two.',
  },
});

export type XdsErrorCode = keyof typeof xdsErrors;

/** Codes of https://github.com/grpc/grpc/blob/master/doc/statuscodes.md. */
const statuses: Partial<Record<string, number>> = {
  'WEFT-XDS-01': 16,
  'WEFT-XDS-04': 12,
  'WEFT-XDS-05': 3,
  'WEFT-XDS-06': 3,
  'WEFT-XDS-07': 8,
  'WEFT-XDS-11': 14,
  'WEFT-XDS-12': 10,
  'WEFT-XDS-15': 16,
  // Of `identify`: a token that is not accepted, and one that cannot be verified at present.
  'WEFT-XDS-21': 16,
  'WEFT-XDS-22': 14,
  // Of telemetry: a report that cannot be read.
  'WEFT-TEL-01': 3,
};
const permissionDenied = 7;
const internal = 13;

/** The status to end a stream with; errors of other rooms come from `identify`, so they deny. */
export function grpcStatus(error: unknown): number {
  if (!(error instanceof WeftError)) return internal;
  return statuses[error.code] ?? (error.code in xdsErrors ? internal : permissionDenied);
}

export function xdsError(code: XdsErrorCode, detail: string, options: { cause?: unknown } = {}): WeftError {
  return new WeftError(code, detail, options);
}
