/** Whether a route can be about what a port says of itself by its appProtocol (GEP-1911). */

import type { RouteKind } from '../model.ts';
import { declaredProtocol } from '../protocol.ts';

const tlsOfApplication: ReadonlySet<string> = new Set(['https', 'tls', 'wss', 'kubernetes.io/wss']);
const webSocket: ReadonlySet<string> = new Set(['ws', 'kubernetes.io/ws', 'wss', 'kubernetes.io/wss']);

/** Why not, as the end of a sentence about the port; what nobody has declared contradicts nothing. */
export function protocolProblem(
  kind: RouteKind,
  appProtocol: string | undefined,
  calledByTLS: boolean,
): string | undefined {
  if (appProtocol === undefined || (kind !== 'HTTPRoute' && kind !== 'GRPCRoute')) return undefined;
  const declared = appProtocol.toLowerCase();
  if (kind === 'GRPCRoute' && webSocket.has(declared))
    return `is for WebSockets (${appProtocol}), not for gRPC`;
  if (tlsOfApplication.has(declared)) {
    return calledByTLS
      ? undefined
      : `is for TLS (${appProtocol}), and no BackendTLSPolicy says how to call it`;
  }
  return declaredProtocol(declared) === 'tcp' ? `does not carry HTTP (${appProtocol})` : undefined;
}
