/** Who a client is by its certificate, whose chain TLS has already verified. */

import type { X509Certificate } from 'node:crypto';
import { xdsError } from './errors.ts';

export interface Peer {
  /** SPIFFE ID. */
  readonly uri: string;
  /** Validity of the certificate that was presented. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** @throws WEFT-XDS-01 */
export function peerOf(certificate: X509Certificate | undefined): Peer {
  const uri = identityOf(certificate);
  return {
    uri,
    notBeforeMs: Date.parse(certificate?.validFrom ?? ''),
    notAfterMs: Date.parse(certificate?.validTo ?? ''),
  };
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
