/** What a backendRef leads to, or why it leads nowhere. */

import type { Collection, Read } from '../../graph/types.ts';
import { servicePortKey } from '../addresses.ts';
import type { Attachables } from '../gateways/attachable.ts';
import type { BackendRef } from '../kubernetes.ts';
import type { RouteKind, ServicePort, Upstream } from '../model.ts';
import type { ServiceSource } from '../sources.ts';
import { protocolProblem } from './backend-protocol.ts';

export interface BackendContext {
  readonly services: Collection<ServiceSource>;
  readonly servicePorts: Collection<ServicePort>;
  readonly attachables: Pick<Attachables, 'permits' | 'backendTLSOf'>;
}

/** Whose reference it is. */
export interface Referrer {
  readonly kind: RouteKind;
  readonly namespace: string;
  /** Present where a gateway carries the route out. */
  readonly gateway?: { readonly clientCertificate?: string };
}

export type ResolvedBackend =
  | { readonly servicePort: string; readonly upstream?: Upstream }
  | {
      readonly reason: 'InvalidKind' | 'RefNotPermitted' | 'BackendNotFound' | 'UnsupportedProtocol';
      readonly message: string;
    };

/**
 * In the mesh, Services of any namespace: its routes need no ReferenceGrant, because they open to their clients nothing
 * that those could not call themselves (GEP-1294, Namespace boundaries). A gateway's routes need one, and without it
 * nothing is said of whether the Service exists.
 */
export function resolveBackend(
  ref: BackendRef,
  referrer: Referrer,
  context: BackendContext,
  read: Read,
): ResolvedBackend {
  const { group = '', kind = 'Service', namespace = referrer.namespace, name, port } = ref;
  if (group !== '' || kind !== 'Service') {
    const what = `${group === '' ? '' : `${group}/`}${kind}`;
    return { reason: 'InvalidKind', message: `${what} cannot be a backend` };
  }
  const service = `${namespace}/${name}`;
  if (referrer.gateway !== undefined && !isPermitted(referrer, namespace, name, context, read)) {
    const message = `no ReferenceGrant in ${namespace} permits ${referrer.kind}s of ${referrer.namespace} to refer to Service ${name}`;
    return { reason: 'RefNotPermitted', message };
  }
  const notFound = (message: string) => ({ reason: 'BackendNotFound', message }) as const;
  const known = read(context.services, service);
  if (known === undefined) return notFound(`there is no Service ${service}`);
  if (port === undefined) return notFound(`no port of Service ${service} is given`);
  const transport = referrer.kind === 'UDPRoute' ? 'UDP' : 'TCP';
  const servicePort = servicePortKey(namespace, name, port, transport);
  if (read(context.servicePorts, servicePort) === undefined) {
    return notFound(`Service ${service} has no ${transport} port ${port}`);
  }
  const upstream = upstreamOf(servicePort, referrer, context, read);
  const { appProtocol } = known.ports.find((candidate) => candidate.port === port) ?? {};
  const problem = protocolProblem(referrer.kind, appProtocol, upstream.tls !== undefined);
  if (problem !== undefined) {
    return { reason: 'UnsupportedProtocol', message: `port ${port} of Service ${service} ${problem}` };
  }
  return Object.keys(upstream).length === 0 ? { servicePort } : { servicePort, upstream };
}

function isPermitted(
  referrer: Referrer,
  toNamespace: string,
  toName: string,
  { attachables }: BackendContext,
  read: Read,
): boolean {
  const from = { fromGroup: 'gateway.networking.k8s.io', fromKind: referrer.kind };
  const to = { toGroup: '', toKind: 'Service', toNamespace, toName };
  return attachables.permits({ ...from, fromNamespace: referrer.namespace, ...to }, read);
}

function upstreamOf(
  servicePort: string,
  { kind, gateway }: Referrer,
  { attachables }: BackendContext,
  read: Read,
): Upstream {
  const http2 = kind === 'GRPCRoute' ? { http2: true } : {};
  if (gateway === undefined || kind === 'UDPRoute') return http2;
  const tls = attachables.backendTLSOf(servicePort, read);
  if (tls === undefined) return http2;
  const { clientCertificate } = gateway;
  return { ...http2, tls, ...(clientCertificate === undefined ? {} : { clientCertificate }) };
}
