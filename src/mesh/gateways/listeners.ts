/** One listener as written -> what it means by itself, before it meets others and what it refers to. Pure. */

import { controlPort, healthPort } from '../../base/names.ts';
import { isHostname } from '../hostname.ts';
import type { Condition, ListenerProtocol } from '../gateway-model.ts';
import type { KubeListener, ObjectRef } from '../kubernetes-gateways.ts';
import type { RouteKind } from '../model.ts';
import type { AllowedNamespaces } from './attachable.ts';
import { readNamespaces } from './selectors.ts';

/** Of whom a listener is. */
export interface ListenerOwner {
  readonly kind: 'Gateway' | 'ListenerSet';
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name` of the Gateway that carries it out. */
  readonly gateway: string;
}

export interface ReadListener {
  /** That of its GatewayListener. */
  readonly key: string;
  /** `Gateway/<namespace>/<name>` or `ListenerSet/<namespace>/<name>`. */
  readonly parent: string;
  readonly owner: ListenerOwner;
  readonly section: string;
  readonly port: number;
  /** Absent where it is none that Weft knows. */
  readonly protocol?: ListenerProtocol;
  readonly hostname?: string;
  readonly tlsMode?: 'Terminate' | 'Passthrough';
  readonly certificateRefs: readonly ObjectRef[];
  readonly namespaces: AllowedNamespaces;
  readonly kinds: readonly RouteKind[];
  /** Kinds that are written and that it cannot take. */
  readonly invalidKinds: readonly string[];
  /** Why it cannot be accepted, whatever stands beside it. */
  readonly problem?: Pick<Condition, 'reason' | 'message'>;
}

export const gatewayGroup = 'gateway.networking.k8s.io';

/** The kinds of routes that a listener of each protocol can take. */
const kindsOf: Readonly<Record<ListenerProtocol, readonly RouteKind[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute'],
  TCP: ['TCPRoute'],
  UDP: ['UDPRoute'],
};

const largestPort = 65_535;

/** Ports of the proxy itself, on all addresses of its pod. */
const ownPorts: ReadonlySet<number> = new Set([healthPort, controlPort]);

export function readListener(listener: KubeListener, owner: ListenerOwner): ReadListener {
  const { name, port, tls, allowedRoutes } = listener;
  const protocol = Object.hasOwn(kindsOf, listener.protocol)
    ? (listener.protocol as ListenerProtocol)
    : undefined;
  const isNamed = protocol === 'HTTP' || protocol === 'HTTPS' || protocol === 'TLS';
  const hostname = isNamed && listener.hostname !== '' ? listener.hostname?.toLowerCase() : undefined;
  const tlsMode = tlsModeOf(protocol, tls?.mode);
  const problem = problemOf(listener, protocol, hostname);
  const set = owner.kind === 'Gateway' ? '' : `${owner.namespace}/${owner.name}/`;
  return {
    key: `${owner.gateway}/${set}${name}`,
    parent: `${owner.kind}/${owner.namespace}/${owner.name}`,
    owner,
    section: name,
    port,
    ...(protocol === undefined ? {} : { protocol }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(tlsMode === undefined ? {} : { tlsMode }),
    certificateRefs: tlsMode === 'Terminate' ? (tls?.certificateRefs ?? []) : [],
    namespaces: readNamespaces(allowedRoutes?.namespaces, owner.namespace, 'Same'),
    ...readKinds(protocol, allowedRoutes?.kinds ?? []),
    ...(problem === undefined ? {} : { problem }),
  };
}

function tlsModeOf(protocol: ListenerProtocol | undefined, mode = 'Terminate'): ReadListener['tlsMode'] {
  if (protocol === 'HTTPS') return 'Terminate';
  if (protocol !== 'TLS') return undefined;
  return mode === 'Passthrough' ? 'Passthrough' : 'Terminate';
}

function readKinds(
  protocol: ListenerProtocol | undefined,
  written: readonly { readonly group?: string; readonly kind: string }[],
): Pick<ReadListener, 'kinds' | 'invalidKinds'> {
  const possible = protocol === undefined ? [] : kindsOf[protocol];
  if (written.length === 0) return { kinds: possible, invalidKinds: [] };
  const isPossible = ({ group = gatewayGroup, kind }: (typeof written)[number]): boolean =>
    group === gatewayGroup && possible.some((each) => each === kind);
  return {
    kinds: possible.filter((kind) => written.some((each) => each.kind === kind && isPossible(each))),
    invalidKinds: written
      .filter((each) => !isPossible(each))
      .map(({ group = gatewayGroup, kind }) => (group === gatewayGroup ? kind : `${group}/${kind}`)),
  };
}

function problemOf(
  { protocol: written, port, tls }: KubeListener,
  protocol: ListenerProtocol | undefined,
  hostname: string | undefined,
): ReadListener['problem'] {
  if (protocol === undefined) {
    const message = `protocol ${written} is not supported; HTTP, HTTPS, TLS, TCP and UDP are`;
    return { reason: 'UnsupportedProtocol', message };
  }
  if (!Number.isInteger(port) || port < 1 || port > largestPort) {
    return { reason: 'PortUnavailable', message: `there is no port ${port}` };
  }
  if (protocol !== 'UDP' && ownPorts.has(port)) {
    return { reason: 'PortUnavailable', message: `the proxy itself needs port ${port}` };
  }
  if (hostname !== undefined && !isHostname(hostname)) {
    return { reason: 'UnsupportedValue', message: `${JSON.stringify(hostname)} is not a hostname` };
  }
  const [option] = Object.keys(tls?.options ?? {});
  if (option !== undefined) {
    return { reason: 'UnsupportedValue', message: `tls.options: ${option} is not known` };
  }
  return undefined;
}

/**
 * Below zero where `a` is to be tried before `b`: a name before a wildcard, the longer wildcard before the shorter,
 * and any hostname before none.
 */
export function bySpecificity(a: string | undefined, b: string | undefined): number {
  return rank(b) - rank(a) || (b?.length ?? 0) - (a?.length ?? 0) || ((a ?? '') < (b ?? '') ? -1 : 1);
}

function rank(hostname: string | undefined): number {
  if (hostname === undefined) return 0;
  return hostname.startsWith('*.') ? hostname.split('.').length : Number.MAX_SAFE_INTEGER;
}
