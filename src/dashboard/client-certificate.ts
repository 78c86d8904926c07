/**
 * Whether a client's certificate stands below certain authorities. TLS has verified already that it is valid below one of
 * those that the server knows; this says below which, for an authority of proxies and one of the mesh permit different
 * things. Signatures count, never names alone: a client may send any certificates beside its own.
 */

import type { X509Certificate } from 'node:crypto';

const longestChain = 5;

/** @param leaf with its issuers, as TLS knows them, in `issuerCertificate` */
export function isIssuedBelow(
  leaf: X509Certificate,
  authorities: readonly X509Certificate[],
  nowMs: number,
): boolean {
  let certificate: X509Certificate | undefined = leaf;
  for (let depth = 0; certificate !== undefined && depth < longestChain; depth++) {
    const subject: X509Certificate = certificate;
    if (!isValidAt(subject, nowMs)) return false;
    if (authorities.some((authority) => isValidAt(authority, nowMs) && signed(authority, subject)))
      return true;
    const issuer: X509Certificate | undefined = subject.issuerCertificate;
    certificate = issuer !== undefined && issuer.ca && signed(issuer, subject) ? issuer : undefined;
  }
  return false;
}

/** `CN=a\\nO=b` of a subject, by attribute; the last one counts where one is repeated. */
export function subjectAttribute(certificate: X509Certificate, attribute: string): string | undefined {
  const prefix = `${attribute}=`;
  return certificate.subject
    ?.split('\n')
    .findLast((line) => line.startsWith(prefix))
    ?.slice(prefix.length);
}

function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
}

function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Whether `uri` is the one URI among the alternative names (SPIFFE X.509-SVID, section 2: exactly one). */
export function hasIdentity(certificate: X509Certificate, uri: string): boolean {
  // Node writes a value that could be taken for several as a JSON string, which then equals no URI.
  const names = certificate.subjectAltName?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const uris = names.map((name) => name.trim()).filter((name) => name.startsWith('URI:'));
  return uris.length === 1 && uris[0] === `URI:${uri}`;
}
