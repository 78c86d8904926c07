/**
 * X.509 certificates (RFC 5280) as Weft issues them: ECDSA P-256 with SHA-256, and nothing else. Encoding only;
 * existing certificates are read with node:crypto's X509Certificate.
 */

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { WorkloadSubject } from '../base/signals.ts';
import {
  bitString,
  boolean,
  bytesOf,
  context,
  decode,
  type Element,
  element,
  encode,
  encodedOnce,
  objectIdentifier,
  octetString,
  partsOf,
  positiveInteger,
  sequence,
  tag,
  time,
  utf8String,
} from './der.ts';

const oid = {
  commonName: objectIdentifier('2.5.4.3'),
  organization: objectIdentifier('2.5.4.10'),
  organizationalUnit: objectIdentifier('2.5.4.11'),
  subjectKeyIdentifier: objectIdentifier('2.5.29.14'),
  keyUsage: objectIdentifier('2.5.29.15'),
  subjectAlternativeName: objectIdentifier('2.5.29.17'),
  basicConstraints: objectIdentifier('2.5.29.19'),
  authorityKeyIdentifier: objectIdentifier('2.5.29.35'),
  extendedKeyUsage: objectIdentifier('2.5.29.37'),
  serverAuthentication: objectIdentifier('1.3.6.1.5.5.7.3.1'),
  clientAuthentication: objectIdentifier('1.3.6.1.5.5.7.3.2'),
};

const version3 = encodedOnce(element(context(0, true), positiveInteger(Uint8Array.of(2))));
export const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const signatureAlgorithm = encodedOnce(ecdsaWithSha256);
const critical = boolean(true);

/** For certificates whose names are all in the subjectAltName. */
export const emptyName = sequence();

export function distinguishedName(organization: string, commonName: string): Element {
  return sequence(attribute(oid.organization, organization), attribute(oid.commonName, commonName));
}

/**
 * From the widest to the narrowest, so that it is printed the other way round (RFC 2253). RFC 5280 wants no part to be
 * longer than 64 characters, while names in Kubernetes have up to 253; neither OpenSSL, BoringSSL nor Go minds.
 */
export function workloadName({ namespace, workload, version }: WorkloadSubject): Element {
  const unit = version === '' ? [] : [attribute(oid.organizationalUnit, version)];
  return sequence(...unit, attribute(oid.organization, namespace), attribute(oid.commonName, workload));
}

function attribute(type: Element, text: string): Element {
  return element(tag.set, sequence(type, utf8String(text)));
}

/** SHA-1 of the key's bits: RFC 5280 section 4.2.1.2, method 1. A name for the key, no security rests on it. */
export function keyIdentifier(spki: Uint8Array): Buffer {
  return keyIdentifierOf(decode(spki));
}

function keyIdentifierOf(spki: Element): Buffer {
  const [, point] = partsOf(spki, 2);
  if (point === undefined) throw new RangeError('a SubjectPublicKeyInfo has two parts');
  return createHash('sha1').update(bytesOf(point).subarray(1)).digest();
}

/** Extensions of a certificate authority; `pathLength` is how many authorities may follow below it. */
export function authorityExtensions(pathLength: number): readonly Element[] {
  return [
    sequence(
      oid.basicConstraints,
      critical,
      octetString(sequence(boolean(true), positiveInteger(Uint8Array.of(pathLength)))),
    ),
    // keyCertSign and cRLSign.
    sequence(oid.keyUsage, critical, octetString(bitString(Uint8Array.of(0x06), 1))),
  ];
}

const leafConstraints = [
  sequence(oid.basicConstraints, critical, octetString(sequence())),
  // digitalSignature: all that ECDHE with ECDSA needs.
  sequence(oid.keyUsage, critical, octetString(bitString(Uint8Array.of(0x80), 7))),
  sequence(oid.extendedKeyUsage, octetString(sequence(oid.serverAuthentication, oid.clientAuthentication))),
].map(encodedOnce);

/** Extensions of a leaf. The subjectAltName is critical exactly where there is no subject: RFC 5280 section 4.2.1.6. */
export function leafExtensions(
  names: { readonly dnsNames: readonly string[]; readonly uri: string },
  hasSubject: boolean,
): readonly Element[] {
  const general = [
    ...names.dnsNames.map((name) => element(context(2, false), ascii(name))),
    element(context(6, false), ascii(names.uri)),
  ];
  return [
    ...leafConstraints,
    sequence(
      oid.subjectAlternativeName,
      ...(hasSubject ? [] : [critical]),
      octetString(sequence(...general)),
    ),
  ];
}

function ascii(text: string): Buffer {
  // IA5String; anything else would be encoded as another name than the one that was checked.
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new RangeError(`${JSON.stringify(text)} is not a name in plain ASCII`);
  return Buffer.from(text, 'latin1');
}

export interface Issuer {
  readonly name: Element;
  readonly key: KeyObject;
  /** The extension that names the issuer's key. */
  readonly authorityKeyIdentifier: Element;
}

/** `spki`: DER of the public half of `key`. */
export function createIssuer(name: Element, key: KeyObject, spki: Uint8Array): Issuer {
  const identifier = sequence(element(context(0, false), keyIdentifier(spki)));
  const extension = sequence(oid.authorityKeyIdentifier, octetString(identifier));
  return { name: encodedOnce(name), key, authorityKeyIdentifier: encodedOnce(extension) };
}

export interface CertificateContents {
  readonly subject: Element;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Whole seconds; see `wholeSeconds`. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Element[];
}

export interface IssuedCertificate {
  readonly der: Buffer;
  /** 40 hex digits. */
  readonly serial: string;
}

/** Encodes and signs one certificate with a random serial number of 20 bytes, always positive. */
export function encodeCertificate(issuer: Issuer, contents: CertificateContents): IssuedCertificate {
  const serial = randomSerial();
  const publicKey = decode(contents.publicKey);
  const extensions = sequence(
    ...contents.extensions,
    sequence(oid.subjectKeyIdentifier, octetString(octetString(keyIdentifierOf(publicKey)))),
    issuer.authorityKeyIdentifier,
  );
  const toBeSigned = encodedOnce(
    sequence(
      version3,
      positiveInteger(serial),
      signatureAlgorithm,
      issuer.name,
      sequence(time(contents.notBeforeMs), time(contents.notAfterMs)),
      contents.subject,
      publicKey,
      element(context(3, true), extensions),
    ),
  );
  const signature = sign('sha256', encode(toBeSigned), issuer.key);
  return {
    der: encode(sequence(toBeSigned, signatureAlgorithm, bitString(signature))),
    serial: serial.toString('hex').toUpperCase(),
  };
}

/** RFC 5280 allows 20 bytes, sign bit included; the high bits 01 keep it positive and always 20 bytes long. */
function randomSerial(): Buffer {
  const serial = randomBytes(20);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

/** Certificates count in seconds. */
export function wholeSeconds(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000;
}

export function toPem(label: 'CERTIFICATE', der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
