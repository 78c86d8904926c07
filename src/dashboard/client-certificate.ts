/**
 * Whether a client's certificate stands below certain authorities. TLS has verified already that it is valid below one of
 * those that the server knows; this says below which, for an authority of proxies and one of the mesh permit different
 * things. Signatures count, never names alone: a client may send any certificates beside its own.
 */

import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

const longestChain = 5;

/** @param chain the client's certificate, then what it sent besides, each issued by the next as far as names go */
export function isIssuedBelow(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  nowMs: number,
): boolean {
  for (const [index, certificate] of chain.entries()) {
    if (!isValidAt(certificate, nowMs)) return false;
    const isBelow = (authority: X509Certificate): boolean =>
      isValidAt(authority, nowMs) && signed(authority, certificate);
    if (authorities.some(isBelow)) return true;
    const next = chain[index + 1];
    if (next === undefined || !next.ca || !signed(next, certificate)) return false;
  }
  return false;
}

/**
 * The client's certificate and its issuers, where TLS has verified it; empty where there is none. Node tells the issuers
 * to a server only where the client sent more than one, so a replica that asks sends its root as well. Of Node's two
 * functions the older one is used: the newer takes the issuers out of the connection, and the next request misses them.
 */
export function verifiedChain(socket: TLSSocket): readonly X509Certificate[] {
  if (!socket.authorized) return [];
  const chain: X509Certificate[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < longestChain) {
    chain.push(new X509Certificate(certificate.raw));
    // A self-signed one is its own issuer.
    const { issuerCertificate } = certificate as Partial<DetailedPeerCertificate>;
    certificate = issuerCertificate === certificate ? undefined : issuerCertificate;
  }
  return chain;
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
export function hasIdentity(certificate: X509Certificate | undefined, uri: string): boolean {
  // Node writes a value that could be taken for several as a JSON string, which then equals no URI.
  const names = certificate?.subjectAltName?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const uris = names.map((name) => name.trim()).filter((name) => name.startsWith('URI:'));
  return uris.length === 1 && uris[0] === `URI:${uri}`;
}
