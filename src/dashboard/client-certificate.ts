/**
 * Whether a client's certificate stands below certain authorities. TLS has verified already that it is valid below one of
 * those that the server knows; this says below which, for the authority of the API server's proxy and that of the mesh
 * permit different things. Signatures count, never names alone.
 */

import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

const longestChain = 4;

/** The client's certificate; undefined where there is none, or TLS has not verified it. */
export function verifiedCertificate(socket: TLSSocket): X509Certificate | undefined {
  return socket.authorized ? socket.getPeerX509Certificate() : undefined;
}

/** @param issuers certificates that may stand between; where they come from does not matter */
export function isIssuedBelow(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
  nowMs: number,
  issuers: readonly X509Certificate[] = [],
): boolean {
  let subject = certificate;
  for (let depth = 0; depth < longestChain && isValidAt(subject, nowMs); depth++) {
    const current = subject;
    const isIssuer = (issuer: X509Certificate): boolean =>
      issuer.ca && isValidAt(issuer, nowMs) && signed(issuer, current);
    if (authorities.some(isIssuer)) return true;
    const next = issuers.find(isIssuer);
    if (next === undefined) return false;
    subject = next;
  }
  return false;
}

/** Whether `uri` is the one URI among the alternative names (SPIFFE X.509-SVID, section 2: exactly one). */
export function hasIdentity(certificate: X509Certificate, uri: string): boolean {
  // Node writes a value that could be taken for several as a JSON string, which then equals no URI.
  const names = certificate.subjectAltName?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const uris = names.map((name) => name.trim()).filter((name) => name.startsWith('URI:'));
  return uris.length === 1 && uris[0] === `URI:${uri}`;
}

/** An attribute of the subject, such as `CN`; the last one counts where it is repeated. */
export function subjectAttribute(certificate: X509Certificate, attribute: string): string | undefined {
  const prefix = `${attribute}=`;
  // Undefined where the subject is empty, whatever Node's types say.
  const subject = certificate.subject as string | undefined;
  return subject
    ?.split('\n')
    .findLast((line) => line.startsWith(prefix))
    ?.slice(prefix.length);
}

/** Of a text that may hold other things between them. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * What stands between a replica's certificate and the roots, for another replica: of all that a client sends in the
 * handshake Node shows a server only the first. In DER, base64, separated by commas.
 */
export const issuersHeader = 'weft-issuers';

export function formatIssuers(chainPem: string): string {
  return certificatesIn(chainPem)
    .slice(1)
    .map((certificate) => certificate.raw.toString('base64'))
    .join(',');
}

/** Empty where the header is not what it should be. */
export function parseIssuers(header: string | readonly string[] | undefined): readonly X509Certificate[] {
  if (typeof header !== 'string' || header.length > 16_384) return [];
  try {
    return header
      .split(',')
      .slice(0, longestChain)
      .map((text) => new X509Certificate(Buffer.from(text, 'base64')));
  } catch {
    return [];
  }
}

function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
}

function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
