/**
 * Mutual TLS of the data plane. Keys and roots are files of the pod's identity volume that the two served
 * secrets name, so no key ever travels; Envoy reads them anew when the kubelet replaces them.
 *
 * Which protocol is spoken inside is told by ALPN. A client names none in its TLS context: an HTTP connection
 * pool then offers what it speaks (h2 or http/1.1), and chains of opaque TCP set the connection's own list.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { identitySecret, trustSecret } from '../../base/names.ts';
import type { TransportSocketSchema } from '../proto/envoy/config/core/v3/base_pb.js';
import { ApiVersion } from '../proto/envoy/config/core/v3/config_source_pb.js';
import { RawBufferSchema } from '../proto/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import {
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from '../proto/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import type { ResourceRef } from '../resource.ts';
import { extension } from './encode.ts';

type TransportSocket = MessageInitShape<typeof TransportSocketSchema>;

/** What every resource with mutual TLS needs. */
export const tlsNeeds: readonly ResourceRef[] = [
  { kind: 'secret', name: identitySecret },
  { kind: 'secret', name: trustSecret },
];

export const ads = {
  configSourceSpecifier: { case: 'ads', value: {} },
  resourceApiVersion: ApiVersion.V3,
} as const;

type PeerMatch = { readonly exact: readonly string[] } | { readonly prefix: string };

/** The client's side; the server must be one of `identities`. Without `alpn` the connection says what it carries. */
export function upstreamTls(
  sni: string,
  identities: readonly string[],
  alpn: readonly string[] = [],
): TransportSocket {
  return extension('mesh-tls', UpstreamTlsContextSchema, {
    sni,
    commonTlsContext: { ...commonTls({ exact: identities }), alpnProtocols: [...alpn] },
  });
}

/** The server's side: a client certificate of the trust domain is required. */
export function downstreamTls(trustDomain: string, alpn: readonly string[]): TransportSocket {
  return extension('mesh-tls', DownstreamTlsContextSchema, {
    requireClientCertificate: true,
    commonTlsContext: { ...commonTls({ prefix: `spiffe://${trustDomain}/` }), alpnProtocols: [...alpn] },
  });
}

export const plaintext: TransportSocket = extension('plaintext', RawBufferSchema, {});

function commonTls(
  peer: PeerMatch,
): Exclude<MessageInitShape<typeof CommonTlsContextSchema>, { $typeName: string }> {
  return {
    // Both ends: with the minimum alone a client fails, because its default maximum is TLS 1.2.
    tlsParams: {
      tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
      tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
    },
    tlsCertificateSdsSecretConfigs: [{ name: identitySecret, sdsConfig: ads }],
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: {
          matchTypedSubjectAltNames: matchPatterns(peer).map((matchPattern) => ({
            sanType: SubjectAltNameMatcher_SanType.URI,
            matcher: { matchPattern },
          })),
        },
        validationContextSdsSecretConfig: { name: trustSecret, sdsConfig: ads },
      },
    },
  };
}

function matchPatterns(peer: PeerMatch) {
  if ('prefix' in peer) return [{ case: 'prefix', value: peer.prefix } as const];
  return peer.exact.map((value) => ({ case: 'exact', value }) as const);
}
