/**
 * Which certificates Envoy does not take: it would reject all that such a one came with. Found out with Envoy 1.40
 * itself; what is not here it takes, also what has expired or is signed by SHA-1.
 */

import type { KeyObject, X509Certificate } from 'node:crypto';

/** Why Envoy would not take a certificate with its key; undefined where it does. */
export function refusedByEnvoy(leaf: X509Certificate, key: KeyObject): string | undefined {
  return formProblem(leaf) ?? keyProblem(leaf, key) ?? nameProblem(leaf);
}

/** What OpenSSL, which reads certificates here, passes over, and Envoy's BoringSSL does not. */
function formProblem({ raw, validFrom, validTo }: X509Certificate): string | undefined {
  if (!validFrom.endsWith('GMT') || !validTo.endsWith('GMT')) return 'its certificate has no valid dates';
  const version = raw.indexOf(versionField);
  if (version >= 0 && version < 16 && (raw[version + versionField.length] ?? 0) > 2) {
    return 'its certificate is of a version that does not exist';
  }
  return raw.includes(mustStaple) ? stapling : undefined;
}

/** Tag of the version, and of the number in it (RFC 5280, 4.1); it stands at the very beginning. */
const versionField = Buffer.from('a0030201', 'hex');

/** The extension TLS Feature (RFC 7633): it demands a stapled OCSP response, without which Envoy does not start. */
const mustStaple = Buffer.from('06082b06010505070118', 'hex');
const stapling = 'its certificate demands OCSP stapling, which is not supported';

/** The beginning of a public key of each curve that is known (RFC 5480): its parameters are the curve's name alone. */
const curves: Readonly<Record<string, Buffer>> = {
  prime256v1: Buffer.from('06072a8648ce3d020106082a8648ce3d030107', 'hex'),
  secp384r1: Buffer.from('06072a8648ce3d020106052b81040022', 'hex'),
  secp521r1: Buffer.from('06072a8648ce3d020106052b81040023', 'hex'),
};

function keyProblem(leaf: X509Certificate, key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return undefined;
  if (key.asymmetricKeyType === 'rsa') {
    return modulusLength < 2048 ? `its key has ${modulusLength} bits; RSA needs 2048` : undefined;
  }
  if (key.asymmetricKeyType !== 'ec') return 'its key is neither RSA, Ed25519 nor of an elliptic curve';
  const curve = curves[namedCurve];
  if (curve === undefined) return `its key is of curve ${namedCurve}; P-256, P-384 and P-521 are supported`;
  if (!leaf.raw.includes(curve)) return 'its certificate describes the curve of its key instead of naming it';
  return mayEllipticSign(leaf.raw) ? undefined : 'its certificate is not for digital signatures (keyUsage)';
}

const keyUsage = Buffer.from('0603551d0f', 'hex');

/** Of an elliptic key the extension keyUsage (RFC 5280, 4.2.1.3), where it is there, must permit signatures. */
function mayEllipticSign(der: Buffer): boolean {
  const at = der.indexOf(keyUsage);
  if (at < 0) return true;
  const afterId = at + keyUsage.length;
  // An extension that is critical says so before its value: BOOLEAN, length 1, true.
  const value = der[afterId] === 0x01 ? afterId + 3 : afterId;
  // OCTET STRING, length, BIT STRING, length, number of unused bits, and then the bits, digitalSignature first.
  return ((der[value + 5] ?? 0) & 0x80) !== 0;
}

/** Envoy chooses among certificates by their names, and wants at least one. */
function nameProblem({ subject, subjectAltName = '' }: X509Certificate): string | undefined {
  const hasName = subjectAltName.split(', ').some((name) => /^(?:DNS|URI|IP Address):/.test(name));
  if (hasName || /^CN=./m.test(subject ?? '')) return undefined;
  return 'its certificate has neither a name, address or URI (subjectAltName) nor a common name';
}
