/** TLS of gateways towards clients. Certificates and authorities come by SDS, so that their rotation touches no listener. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GatewayListener, ListenerTLS } from '../../mesh/gateway-model.ts';
import type { TransportSocketSchema } from '../proto/envoy/config/core/v3/base_pb.js';
import {
  CertificateValidationContext_TrustChainVerification,
  TlsParameters_TlsProtocol,
} from '../proto/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { DownstreamTlsContextSchema } from '../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { ResourceRef } from '../resource.ts';
import { extension } from './encode.ts';
import { certificateSecret, clientAuthorities } from './gateway-names.ts';
import { ads } from './tls.ts';

export type Terminating = Extract<ListenerTLS, { mode: 'Terminate' }>;

/** Both ends of the range are said, because Envoy's defaults differ between its two sides. */
export const tlsParams = {
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
};

/** `alpn` is empty where the protocol inside is nobody's business. */
export function gatewayTls(
  listener: string,
  tls: Terminating,
  alpn: readonly string[],
): MessageInitShape<typeof TransportSocketSchema> {
  return extension('gateway-tls', DownstreamTlsContextSchema, {
    requireClientCertificate: tls.clientValidation?.mode === 'AllowValidOnly',
    commonTlsContext: {
      tlsParams,
      alpnProtocols: [...alpn],
      tlsCertificateSdsSecretConfigs: tls.certificates.map((certificate) => ({
        name: certificateSecret(certificate),
        sdsConfig: ads,
      })),
      ...validation(listener, tls.clientValidation),
    },
  });
}

/** The secrets by which a listener speaks TLS. */
export function gatewayTlsNeeds({ key, tls }: GatewayListener): readonly ResourceRef[] {
  if (tls?.mode !== 'Terminate') return [];
  const names = tls.certificates.map(certificateSecret);
  if (tls.clientValidation !== undefined) names.push(clientAuthorities(key));
  return names.map((name) => ({ kind: 'secret', name }));
}

function validation(listener: string, client: Terminating['clientValidation']) {
  if (client === undefined) return {};
  const secret = { name: clientAuthorities(listener), sdsConfig: ads };
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        // Any certificate passes, and none; the connection goes on as that of a stranger.
        defaultValidationContext:
          client.mode === 'AllowValidOnly'
            ? {}
            : {
                trustChainVerification: CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED,
              },
        validationContextSdsSecretConfig: secret,
      },
    },
  } as const;
}
