/**
 * PKCS#10 certificate requests (RFC 2986). Only three things are read of one: its key, whether it was signed
 * with that key, and whether it claims a subject. What it asks for (extensions, names) is never looked at,
 * so it can never reach a certificate.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { WeftError } from '../base/errors.ts';
import {
  bytesOf,
  decode,
  decodeSequence,
  type Element,
  encode,
  equal,
  malformed,
  objectIdentifier,
  partsOf,
  sequence,
  tag,
  tagOf,
} from './der.ts';
import { ecdsaWithSha256 } from './x509.ts';

/** Kubernetes allows 10 KiB; a P-256 request is about 200 bytes. */
export const maxRequestBytes = 10 * 1024;

/** id-ecPublicKey with prime256v1, an AlgorithmIdentifier. */
const ecP256 = sequence(objectIdentifier('1.2.840.10045.2.1'), objectIdentifier('1.2.840.10045.3.1.7'));

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
  const [info, algorithm, signature] = decodeSequence(der, 3);
  if (!is(info, tag.sequence) || !is(algorithm, tag.sequence) || !is(signature, tag.bitString)) {
    throw malformed('it has not the three parts of a request');
  }
  const [version, subject, spki] = partsOf(info, 4);
  if (!is(version, tag.integer) || !is(subject, tag.sequence) || !is(spki, tag.sequence)) {
    throw malformed('it has not the parts version, subject and key');
  }
  checkAlgorithm(spki);
  if (!equal(algorithm, ecdsaWithSha256)) {
    throw new WeftError('WEFT-CA-04', 'The request is not signed with ECDSA and SHA-256.');
  }
  const publicKey = encode(spki);
  const bits = bytesOf(signature);
  // What was read is what would be written, so this is the very text that was signed.
  if (bits[0] !== 0 || !isSignedBy(publicKey, encode(info), bits.subarray(1))) {
    throw new WeftError('WEFT-CA-02', 'The signature of the request does not match its key.');
  }
  return { publicKey, claimsSubject: subject.value.length > 0 };
}

function is(element: Element | undefined, tagByte: number): element is Element {
  return element !== undefined && tagOf(element) === tagByte;
}

/** The key goes in as DER: OpenSSL reads it once, and no object is made for a key that is used once. */
function isSignedBy(spki: Buffer, signed: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', signed, { key: spki, format: 'der', type: 'spki' }, signature);
  } catch (error) {
    throw unreadableKey(error);
  }
}

/** A P-256 key from its SubjectPublicKeyInfo in DER; throws WEFT-CA-04 for another kind, WEFT-CA-02 for garbage. */
export function readPublicKey(spki: Uint8Array): KeyObject {
  checkAlgorithm(decode(spki));
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (error) {
    throw unreadableKey(error);
  }
}

function checkAlgorithm(spki: Element): void {
  const [algorithm, point] = partsOf(spki, 2);
  if (!is(algorithm, tag.sequence) || !is(point, tag.bitString)) throw malformed('its key has not two parts');
  if (!equal(algorithm, ecP256))
    throw new WeftError('WEFT-CA-04', 'The key is not ECDSA on the curve P-256.');
}

function unreadableKey(cause: unknown): WeftError {
  return new WeftError('WEFT-CA-02', 'The key is not a point on the curve P-256.', { cause });
}
