/**
 * PKCS#10 certificate requests (RFC 2986). Only three things are read of one: its key, whether it was signed
 * with that key, and whether it claims a subject. What it asks for (extensions, names) is never looked at,
 * so it can never reach a certificate.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { WeftError } from '../base/errors.ts';
import { malformed, readElements, readSequence, tag } from './der.ts';

/** Kubernetes allows 10 KiB; a P-256 request is about 200 bytes. */
export const maxRequestBytes = 10 * 1024;

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2, as AlgorithmIdentifier contents. */
const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex');
/** id-ecPublicKey with prime256v1, as AlgorithmIdentifier contents. */
const ecP256 = Buffer.from('06072a8648ce3d020106082a8648ce3d030107', 'hex');

export interface CertificateRequest {
  /** SubjectPublicKeyInfo, DER; always ECDSA P-256. */
  readonly publicKey: Uint8Array;
  /** Whether the request names a subject. */
  readonly claimsSubject: boolean;
}

/**
 * Reads a request and verifies that its sender holds the private key.
 * Throws WEFT-CA-02 for what is no request or badly signed, WEFT-CA-04 for any key but ECDSA P-256.
 */
export function readCertificateRequest(der: Uint8Array): CertificateRequest {
  if (der.length > maxRequestBytes) throw malformed(`${der.length} bytes are more than ${maxRequestBytes}`);
  const [info, algorithm, signature] = readSequence(der, 3);
  if (info?.tag !== tag.sequence || algorithm?.tag !== tag.sequence || signature?.tag !== tag.bitString) {
    throw malformed('it has not the three parts of a request');
  }
  const [version, subject, publicKey] = readElements(info.body, 4);
  if (version?.tag !== tag.integer || subject?.tag !== tag.sequence || publicKey?.tag !== tag.sequence) {
    throw malformed('it has not the parts version, subject and key');
  }
  checkAlgorithm(publicKey.whole);
  if (!ecdsaWithSha256.equals(algorithm.body)) {
    throw new WeftError('WEFT-CA-04', 'The request is not signed with ECDSA and SHA-256.');
  }
  if (signature.body[0] !== 0 || !isSignedBy(publicKey.whole, info.whole, signature.body.subarray(1))) {
    throw new WeftError('WEFT-CA-02', 'The signature of the request does not match its key.');
  }
  return { publicKey: publicKey.whole, claimsSubject: subject.body.length > 0 };
}

/** The key goes in as DER: OpenSSL reads it once, and no object is made for a key that is used once. */
function isSignedBy(spki: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', signed, { key: Buffer.from(spki), format: 'der', type: 'spki' }, signature);
  } catch (error) {
    throw unreadableKey(error);
  }
}

/** A P-256 key from its SubjectPublicKeyInfo in DER; throws WEFT-CA-04 for another kind, WEFT-CA-02 for garbage. */
export function readPublicKey(spki: Uint8Array): KeyObject {
  checkAlgorithm(spki);
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (error) {
    throw unreadableKey(error);
  }
}

function checkAlgorithm(spki: Uint8Array): void {
  const [algorithm, point] = readSequence(spki, 2);
  if (algorithm?.tag !== tag.sequence || point?.tag !== tag.bitString)
    throw malformed('its key has not two parts');
  if (!ecP256.equals(algorithm.body))
    throw new WeftError('WEFT-CA-04', 'The key is not ECDSA on the curve P-256.');
}

function unreadableKey(cause: unknown): WeftError {
  return new WeftError('WEFT-CA-02', 'The key is not a point on the curve P-256.', { cause });
}
