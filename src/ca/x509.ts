/**
 * X.509 certificates (RFC 5280) as Weft issues them: ECDSA P-256 with SHA-256, and nothing else. Encoding only;
 * existing certificates are read with node:crypto's X509Certificate.
 */

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  boolean,
  context,
  element,
  objectIdentifier,
  octetString,
  positiveInteger,
  readSequence,
  sequence,
  tag,
  time,
  utf8String,
} from './der.ts';

const oid = {
  commonName: objectIdentifier('2.5.4.3'),
  organization: objectIdentifier('2.5.4.10'),
  subjectKeyIdentifier: objectIdentifier('2.5.29.14'),
  keyUsage: objectIdentifier('2.5.29.15'),
  subjectAlternativeName: objectIdentifier('2.5.29.17'),
  basicConstraints: objectIdentifier('2.5.29.19'),
  authorityKeyIdentifier: objectIdentifier('2.5.29.35'),
  extendedKeyUsage: objectIdentifier('2.5.29.37'),
  serverAuthentication: objectIdentifier('1.3.6.1.5.5.7.3.1'),
  clientAuthentication: objectIdentifier('1.3.6.1.5.5.7.3.2'),
};

const version3 = element(context(0, true), positiveInteger(Uint8Array.of(2)));
const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const critical = boolean(true);

/** An empty Name, for certificates whose names are all in the subjectAltName. */
export const emptyName = sequence();

export function distinguishedName(organization: string, commonName: string): Buffer {
  return sequence(attribute(oid.organization, organization), attribute(oid.commonName, commonName));
}

function attribute(type: Buffer, text: string): Buffer {
  return element(tag.set, sequence(type, utf8String(text)));
}

/** SHA-1 of the key's bits: RFC 5280 section 4.2.1.2, method 1. A name for the key, no security rests on it. */
export function keyIdentifier(spki: Uint8Array): Buffer {
  const [, point] = readSequence(spki, 2);
  if (point === undefined) throw new RangeError('a SubjectPublicKeyInfo has two parts');
  return createHash('sha1').update(point.body.subarray(1)).digest();
}

/** Extensions of a certificate authority; `pathLength` is how many authorities may follow below it. */
export function authorityExtensions(pathLength: number): readonly Buffer[] {
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
];

/** Extensions of a leaf without a subject: its names are the critical subjectAltName. */
export function leafExtensions(names: {
  readonly dnsNames: readonly string[];
  readonly uri: string;
}): readonly Buffer[] {
  const general = [
    ...names.dnsNames.map((name) => element(context(2, false), ascii(name))),
    element(context(6, false), ascii(names.uri)),
  ];
  return [
    ...leafConstraints,
    sequence(oid.subjectAlternativeName, critical, octetString(sequence(...general))),
  ];
}

function ascii(text: string): Buffer {
  // IA5String; anything else would be encoded as another name than the one that was checked.
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new RangeError(`${JSON.stringify(text)} is not a name in plain ASCII`);
  return Buffer.from(text, 'latin1');
}

export interface Issuer {
  /** DER of the issuer's Name. */
  readonly name: Uint8Array;
  readonly key: KeyObject;
  /** Subject key identifier of the issuer's key. */
  readonly keyIdentifier: Uint8Array;
}

export interface CertificateContents {
  /** DER of the subject's Name. */
  readonly subject: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Whole seconds; see `wholeSeconds`. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Uint8Array[];
}

export interface IssuedCertificate {
  readonly der: Buffer;
  /** 40 hex digits. */
  readonly serial: string;
}

/** Encodes and signs one certificate with a random serial number of 20 bytes, always positive. */
export function encodeCertificate(issuer: Issuer, contents: CertificateContents): IssuedCertificate {
  const serial = randomSerial();
  const identifiers = [
    sequence(oid.subjectKeyIdentifier, octetString(octetString(keyIdentifier(contents.publicKey)))),
    sequence(
      oid.authorityKeyIdentifier,
      octetString(sequence(element(context(0, false), issuer.keyIdentifier))),
    ),
  ];
  const toBeSigned = sequence(
    version3,
    positiveInteger(serial),
    ecdsaWithSha256,
    issuer.name,
    sequence(time(contents.notBeforeMs), time(contents.notAfterMs)),
    contents.subject,
    contents.publicKey,
    element(context(3, true), sequence(...contents.extensions, ...identifiers)),
  );
  const signature = sign('sha256', toBeSigned, issuer.key);
  return {
    der: sequence(toBeSigned, ecdsaWithSha256, bitString(signature)),
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
