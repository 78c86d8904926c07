/**
 * What the ports of a Gateway become, before any of it is written as messages.
 *
 *   port ──> one Envoy listener
 *     HTTP  ──> one RouteConfiguration: the Host header alone says whose listener a request is
 *     HTTPS ──> one RouteConfiguration per listener, chosen by server name. It also lists what belongs to the port's
 *               other listeners: a request for one of their hosts came by the wrong connection and is answered 421
 */

import type { Gateway, GatewayListener, GatewayPort } from '../../mesh/gateway-model.ts';
import { listenerRoutes, portName } from './gateway-names.ts';
import { anyHost, createHostnames } from './hostnames.ts';

export interface PortPlan {
  /** Key of the Gateway. */
  readonly gateway: string;
  readonly port: GatewayPort;
}

export interface RoutesPlan {
  /** Whose hosts are in it, with the hostname (`*` for any) that each of them owns. */
  readonly listeners: readonly { readonly key: string; readonly hostname: string }[];
  /** Every hostname of the port, `*` for any: what says which domains a listener owns. */
  readonly hostnames: readonly string[];
  /** Requests for a domain of the port's other listeners are misdirected. */
  readonly secure: boolean;
}

/** How an HTTP or HTTPS listener is called. */
export interface HttpPlan {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

/** By name of the Envoy listener. */
export function planPorts(gateway: string, { ports }: Gateway): readonly (readonly [string, PortPlan])[] {
  return ports.map((port) => [portName(gateway, port), { gateway, port }]);
}

/** By name of the RouteConfiguration. */
export function planRoutes(gateway: string, { ports }: Gateway): readonly (readonly [string, RoutesPlan])[] {
  return ports.flatMap((port) => {
    if (isPlaintextHttp(port)) {
      const listeners = port.listeners.map(({ key, hostname = anyHost }) => ({ key, hostname }));
      const hostnames = listeners.map(({ hostname }) => hostname);
      return [[portName(gateway, port), { listeners, hostnames, secure: false }] as const];
    }
    return planSecureRoutes(port);
  });
}

/** By key of the listener. */
export function planHttp({ ports }: Gateway): readonly (readonly [string, HttpPlan])[] {
  return ports.flatMap(({ port, listeners }) =>
    listeners.flatMap(({ key, protocol }): readonly (readonly [string, HttpPlan])[] => {
      if (protocol === 'HTTP') return [[key, { scheme: 'http', port }]];
      return protocol === 'HTTPS' ? [[key, { scheme: 'https', port }]] : [];
    }),
  );
}

/** By key of the listener; with the Gateway's key. */
export function planHttps(
  gateway: string,
  { ports }: Gateway,
): readonly (readonly [string, { readonly gateway: string; readonly listener: GatewayListener }])[] {
  return ports.flatMap(({ listeners }) =>
    listeners
      .filter(({ protocol }) => protocol === 'HTTPS')
      .map((listener) => [listener.key, { gateway, listener }] as const),
  );
}

export function isUdp({ transport }: GatewayPort): boolean {
  return transport === 'udp';
}

/** HTTP stands alone on its port. */
export function isPlaintextHttp({ listeners }: GatewayPort): boolean {
  return listeners[0]?.protocol === 'HTTP';
}

function planSecureRoutes({ listeners }: GatewayPort): readonly (readonly [string, RoutesPlan])[] {
  const hostnames = listeners.map(({ hostname = anyHost }) => hostname);
  return listeners
    .filter(({ protocol }) => protocol === 'HTTPS')
    .map(({ key, hostname = anyHost }) => {
      const plan: RoutesPlan = { listeners: [{ key, hostname }], hostnames, secure: true };
      return [listenerRoutes(key), plan] as const;
    });
}

/**
 * Domains of the port's other listeners, ascending. Those that another of them covers anyway are left out, so that the
 * lists stay short where there is a listener for any host.
 */
export function misdirectedDomains({ listeners, hostnames, secure }: RoutesPlan): readonly string[] {
  if (!secure) return [];
  const { above } = createHostnames(hostnames);
  const own = listeners[0]?.hostname;
  return hostnames
    .filter((name) => {
      if (name === own) return false;
      const wider = above(name);
      return wider === undefined || wider === own;
    })
    .sort();
}
