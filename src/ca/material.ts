/**
 * What an authority is made of: a root that signs nothing but intermediates, and the intermediate that signs
 * workloads. Both keys lie in one Secret, so the intermediate can be renewed without anybody's help; what the
 * separation buys is that every proxy trusts the root only, and a new intermediate needs no new trust.
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { WeftError } from '../base/errors.ts';
import { decodeSequence, type Element, partsOf } from './der.ts';
import {
  authorityExtensions,
  createIssuer,
  distinguishedName,
  encodeCertificate,
  type Issuer,
  keyIdentifier,
  toPem,
  wholeSeconds,
} from './x509.ts';

/** PEM texts; keys are PKCS#8. */
export interface AuthorityMaterial {
  readonly rootCertificate: string;
  readonly rootKey: string;
  readonly intermediateCertificate: string;
  readonly intermediateKey: string;
}

export const materialParts = [
  'rootCertificate',
  'rootKey',
  'intermediateCertificate',
  'intermediateKey',
] as const satisfies readonly (keyof AuthorityMaterial)[];

/** Certificates begin this long before they are made, for clocks that are behind. */
export const backdateMs = 60_000;

export interface MaterialOptions {
  readonly trustDomain: string;
  readonly rootLifetimeMs: number;
  readonly intermediateLifetimeMs: number;
  readonly clock: Clock;
}

/** A new root with its first intermediate. */
export function createAuthorityMaterial(options: MaterialOptions): AuthorityMaterial {
  const root = generateKey();
  const spki = publicKeyDer(root);
  const name = distinguishedName(options.trustDomain, `Weft root ${shortName(spki)}`);
  const notBeforeMs = wholeSeconds(options.clock.now() - backdateMs);
  const certificate = encodeCertificate(createIssuer(name, root, spki), {
    subject: name,
    publicKey: spki,
    notBeforeMs,
    notAfterMs: notBeforeMs + options.rootLifetimeMs,
    extensions: authorityExtensions(1),
  });
  const rootCertificate = toPem('CERTIFICATE', certificate.der);
  const rootKey = keyPem(root);
  return { rootCertificate, rootKey, ...issueIntermediate(rootCertificate, rootKey, options) };
}

/** The same root with a new intermediate, key included. */
export function renewIntermediate(
  material: AuthorityMaterial,
  options: Omit<MaterialOptions, 'rootLifetimeMs'>,
): AuthorityMaterial {
  return { ...material, ...issueIntermediate(material.rootCertificate, material.rootKey, options) };
}

function issueIntermediate(
  rootCertificate: string,
  rootKey: string,
  options: Omit<MaterialOptions, 'rootLifetimeMs'>,
): Pick<AuthorityMaterial, 'intermediateCertificate' | 'intermediateKey'> {
  const root = new X509Certificate(rootCertificate);
  const key = generateKey();
  const spki = publicKeyDer(key);
  const notBeforeMs = wholeSeconds(options.clock.now() - backdateMs);
  const certificate = encodeCertificate(issuerOf(root, createPrivateKey(rootKey)), {
    subject: distinguishedName(options.trustDomain, `Weft intermediate ${shortName(spki)}`),
    publicKey: spki,
    notBeforeMs,
    // A chain is worth no more than its root.
    notAfterMs: Math.min(notBeforeMs + options.intermediateLifetimeMs, root.validToDate.getTime()),
    extensions: authorityExtensions(0),
  });
  return { intermediateCertificate: toPem('CERTIFICATE', certificate.der), intermediateKey: keyPem(key) };
}

export interface LoadedMaterial {
  readonly root: X509Certificate;
  readonly rootPem: string;
  readonly intermediate: X509Certificate;
  readonly intermediatePem: string;
  readonly issuer: Issuer;
}

/**
 * Reads the parts and proves that they belong together. Throws WEFT-CA-01 naming the part, never its contents.
 * Expiry is not judged here: an expired authority must still be seen and reported.
 */
export function loadMaterial(material: Readonly<Partial<AuthorityMaterial>>): LoadedMaterial {
  const root = readPart(material, 'rootCertificate', (pem) => new X509Certificate(pem));
  const rootKey = readPart(material, 'rootKey', (pem) => createPrivateKey(pem));
  const intermediate = readPart(material, 'intermediateCertificate', (pem) => new X509Certificate(pem));
  const intermediateKey = readPart(material, 'intermediateKey', (pem) => createPrivateKey(pem));
  const checks: readonly (readonly [boolean, string])[] = [
    [root.ca && root.verify(root.publicKey), 'rootCertificate is not a self-signed authority'],
    [root.checkPrivateKey(rootKey), 'rootKey is not the key of rootCertificate'],
    [intermediate.ca, 'intermediateCertificate is not an authority'],
    [intermediate.verify(root.publicKey), 'intermediateCertificate was not signed by rootCertificate'],
    [
      intermediate.checkPrivateKey(intermediateKey),
      'intermediateKey is not the key of intermediateCertificate',
    ],
    [isP256(rootKey) && isP256(intermediateKey), 'a key is not ECDSA on the curve P-256'],
  ];
  for (const [passed, fault] of checks) if (!passed) throw new WeftError('WEFT-CA-01', `${fault}.`);
  return {
    root,
    rootPem: toPem('CERTIFICATE', root.raw),
    intermediate,
    intermediatePem: toPem('CERTIFICATE', intermediate.raw),
    issuer: issuerOf(intermediate, intermediateKey),
  };
}

function readPart<T>(
  material: Readonly<Partial<AuthorityMaterial>>,
  part: keyof AuthorityMaterial,
  read: (pem: string) => T,
): T {
  const pem = material[part];
  if (pem === undefined || pem === '') throw new WeftError('WEFT-CA-01', `${part} is missing.`);
  try {
    return read(pem);
  } catch {
    // OpenSSL's message may quote what it could not read; the part's name is all that may be said.
    throw new WeftError('WEFT-CA-01', `${part} cannot be read.`);
  }
}

function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

function issuerOf(certificate: X509Certificate, key: KeyObject): Issuer {
  return createIssuer(subjectName(certificate), key, publicKeyDer(certificate.publicKey));
}

/** The subject as it stands in the certificate: an issuer's name must be equal byte for byte. */
function subjectName(certificate: X509Certificate): Element {
  const [toBeSigned] = decodeSequence(certificate.raw, 3);
  // version, serialNumber, signature, issuer, validity, subject (RFC 5280, section 4.1).
  const subject = toBeSigned === undefined ? undefined : partsOf(toBeSigned, 10)[5];
  if (subject === undefined) throw new WeftError('WEFT-CA-01', 'A certificate has no subject.');
  return subject;
}

export function generateKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function keyPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** SubjectPublicKeyInfo of a public or private key, DER. */
export function publicKeyDer(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' });
}

/** Tells authorities of one trust domain apart by name, as verifiers look issuers up by name first. */
function shortName(spki: Uint8Array): string {
  return keyIdentifier(spki).toString('hex').slice(0, 8);
}
