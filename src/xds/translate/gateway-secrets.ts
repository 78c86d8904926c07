/**
 * Secrets of gateways: certificates with their keys, and authorities. Unlike those of the mesh they travel. A proxy
 * gets one only where a listener or cluster that it holds refers to it.
 */

import type { BackendTLS, Certificate } from '../../mesh/gateway-model.ts';
import { SecretSchema } from '../proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { EncodedResource } from '../resource.ts';
import { encodeResource } from './encode.ts';
import { backendAuthorities, certificateSecret } from './gateway-names.ts';

export function certificate(key: string, { chain, privateKey }: Certificate): EncodedResource {
  const name = certificateSecret(key);
  return encodeResource(name, SecretSchema, {
    name,
    type: {
      case: 'tlsCertificate',
      value: { certificateChain: inline(chain), privateKey: inline(privateKey) },
    },
  });
}

/** `pem` are the authorities, joined. */
export function authorities(name: string, pem: string): EncodedResource {
  return encodeResource(name, SecretSchema, {
    name,
    type: { case: 'validationContext', value: { trustedCa: inline(pem) } },
  });
}

/** The well-known authorities of the system are those that come with Envoy's image. */
export function backendAuthoritiesSecret(policy: string, tls: BackendTLS): EncodedResource | undefined {
  if (tls.broken) return undefined;
  const name = backendAuthorities(policy);
  if (tls.authorities !== undefined) return authorities(name, tls.authorities);
  return encodeResource(name, SecretSchema, {
    name,
    type: {
      case: 'validationContext',
      value: { trustedCa: { specifier: { case: 'filename', value: systemAuthorities } } },
    },
  });
}

const systemAuthorities = '/etc/ssl/certs/ca-certificates.crt';

function inline(pem: string) {
  return { specifier: { case: 'inlineBytes', value: Buffer.from(pem) } } as const;
}
