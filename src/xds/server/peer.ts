/** Who a client is by its certificate, whose chain TLS has already verified, or says it is by its token. */

import type { X509Certificate } from 'node:crypto';
import { xdsError } from './errors.ts';

export interface CertificatePeer {
  readonly kind: 'certificate';
  /** SPIFFE ID. */
  readonly uri: string;
  /** As Node writes it, one attribute per line: `O=shop\nOU=v1\nCN=Deployment/web`; empty where there is none. */
  readonly subject: string;
  /** Validity of the certificate that was presented. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Nothing is proven of it yet. */
export interface TokenPeer {
  readonly kind: 'token';
  /** The bearer token; a function, so that it cannot end up in a log or a dump with what surrounds it. */
  readonly token: () => string;
}

export type Peer = CertificatePeer | TokenPeer;

/**
 * A certificate counts for more than a token: it is proven.
 * @param authorization the header of the stream
 * @throws WEFT-XDS-01, WEFT-XDS-15
 */
export function peerOf(certificate: X509Certificate | undefined, authorization?: string): Peer {
  if (certificate === undefined) return { kind: 'token', token: tokenIn(authorization) };
  return {
    kind: 'certificate',
    uri: identityOf(certificate),
    // Against its type: a certificate without a subject has none.
    subject: (certificate.subject as string | undefined) ?? '',
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
  };
}

/** Source: RFC 6750, section 2.1. Service account tokens have one to two kilobytes. */
function tokenIn(authorization: string | undefined): () => string {
  const token = /^Bearer ([A-Za-z0-9._~+/-]{1,16384}=*)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    throw xdsError('WEFT-XDS-15', 'There is no client certificate, and no bearer token in `authorization`.');
  }
  return () => token;
}

/**
 * The one URI among the alternative names. Node writes a value that contains anything but plain characters
 * as a JSON string, so a name that tries to look like two comes out quoted and is refused here.
 * Source: SPIFFE X.509-SVID, section 2 (exactly one URI).
 * @throws WEFT-XDS-01
 */
export function identityOf(certificate: X509Certificate | undefined): string {
  const names = certificate?.subjectAltName;
  if (names === undefined) throw xdsError('WEFT-XDS-01', 'The client certificate has no alternative names.');
  const uris = split(names).filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  if (uri === undefined || uris.length !== 1) {
    throw xdsError('WEFT-XDS-01', `The client certificate has ${uris.length} URIs among its names.`);
  }
  const value = uri.slice('URI:'.length);
  if (!/^spiffe:\/\/[A-Za-z0-9._/-]{1,1900}$/.test(value)) {
    throw xdsError('WEFT-XDS-01', 'The URI in the client certificate is not a SPIFFE ID.');
  }
  return value;
}

/** Splits `URI:a, DNS:"b, c"` at the commas outside of quotes. */
function split(names: string): readonly string[] {
  return names.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g)?.map((name) => name.trim()) ?? [];
}
