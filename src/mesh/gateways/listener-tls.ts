/** What a listener needs for TLS: its certificates, and by which authorities it checks those of clients. */

import type { Read } from '../../graph/types.ts';
import type { ListenerTLS } from '../gateway-model.ts';
import type { KubeTLSConfig } from '../kubernetes-gateways.ts';
import type { ReadListener } from './listeners.ts';
import {
  type Reasoned,
  reasoned,
  type ReferenceContext,
  resolveAuthorities,
  resolveCertificate,
} from './references.ts';
import type { GatewaySource } from './sources.ts';

export interface ResolvedTLS {
  /** Absent where the listener has none, or nothing that it could be served with. */
  readonly tls?: ListenerTLS;
  /** Of all its certificates. */
  readonly dnsNames: readonly string[];
  /** Something it refers to does not hold. */
  readonly unresolved?: Reasoned;
  /** It cannot be accepted. */
  readonly problem?: Reasoned;
}

type ClientValidation = Extract<ListenerTLS, { mode: 'Terminate' }>['clientValidation'];

export function resolveTLS(
  listener: ReadListener,
  gateway: GatewaySource,
  context: ReferenceContext,
  read: Read,
): ResolvedTLS {
  if (listener.tlsMode === undefined) return { dnsNames: [] };
  if (listener.tlsMode === 'Passthrough') return { tls: { mode: 'Passthrough' }, dnsNames: [] };
  const { certificates, dnsNames, unresolved } = resolveCertificates(listener, context, read);
  const clients = resolveClients(listener, gateway, context, read);
  const broken = together(unresolved, clients.unresolved);
  const usable = certificates.length > 0 && clients.problem === undefined;
  const { clientValidation } = clients;
  return {
    ...(usable
      ? {
          tls: {
            mode: 'Terminate',
            certificates,
            ...(clientValidation === undefined ? {} : { clientValidation }),
          },
        }
      : {}),
    dnsNames,
    ...(broken === undefined ? {} : { unresolved: broken }),
    ...(clients.problem === undefined ? {} : { problem: clients.problem }),
  };
}

function together(first: Reasoned | undefined, second: Reasoned | undefined): Reasoned | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return { reason: first.reason, message: `${first.message}; ${second.message}` };
}

function resolveCertificates(
  { certificateRefs, owner }: ReadListener,
  context: ReferenceContext,
  read: Read,
) {
  const resolved = certificateRefs.map((ref) => resolveCertificate(ref, owner, context, read));
  const found = resolved.filter((each) => each.ok);
  const broken = resolved.filter((each) => !each.ok);
  return {
    certificates: [...new Set(found.map(({ key }) => key))],
    dnsNames: [...new Set(found.flatMap(({ dnsNames }) => dnsNames))].sort(),
    unresolved:
      resolved.length === 0
        ? { reason: 'InvalidCertificateRef', message: 'tls.certificateRefs names no certificate' }
        : reasoned(broken, {
            kind: 'InvalidCertificateRef',
            permission: 'RefNotPermitted',
            object: 'InvalidCertificateRef',
          }),
  };
}

/** What the Gateway says of the clients of a port; it concerns HTTPS alone. */
export function frontendOf(gateway: GatewaySource, port: number): KubeTLSConfig | undefined {
  const { default: fallback, perPort = [] } = gateway.spec.tls?.frontend ?? {};
  const own = perPort.find((each) => each.port === port);
  return own === undefined ? fallback : own.tls;
}

function resolveClients(
  { protocol, port }: ReadListener,
  gateway: GatewaySource,
  context: ReferenceContext,
  read: Read,
): {
  readonly clientValidation?: ClientValidation;
  readonly unresolved?: Reasoned;
  readonly problem?: Reasoned;
} {
  const validation = protocol === 'HTTPS' ? frontendOf(gateway, port)?.validation : undefined;
  if (validation === undefined) return {};
  const { caCertificateRefs = [], mode } = validation;
  const by = { kind: 'Gateway', namespace: gateway.namespace } as const;
  const resolved = caCertificateRefs.map((ref) => resolveAuthorities(ref, by, context, read));
  const unresolved = reasoned(
    resolved.filter((each) => !each.ok),
    { kind: 'InvalidCACertificateKind', permission: 'RefNotPermitted', object: 'InvalidCACertificateRef' },
  );
  const authorities = resolved.flatMap((each) => (each.ok ? [each.authorities] : []));
  const broken = unresolved === undefined ? {} : { unresolved };
  if (authorities.length === 0) {
    const message = `clients cannot be checked: ${unresolved?.message ?? 'no authorities are named'}`;
    return { ...broken, problem: { reason: 'NoValidCACertificate', message } };
  }
  return {
    ...broken,
    clientValidation: {
      authorities: authorities.join(''),
      mode: mode === 'AllowInsecureFallback' ? 'AllowInsecureFallback' : 'AllowValidOnly',
    },
  };
}
