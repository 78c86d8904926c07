/**
 * The certificates of a local cluster: one authority, one certificate for each component, ECDSA P-256, made anew for
 * every cluster and never leaving its folder. (Weft's own authority is src/ca; this one plays Kubernetes.)
 */

import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4 } from 'node:net';
import forge from 'node-forge';

const { asn1 } = forge;
const { Type, Class } = asn1;

export interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface Authority extends KeyPair {
  readonly key: KeyObject;
}

export interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[];
}

const lifetimeMs = 365 * 24 * 3_600_000;

function node(type: forge.asn1.Type, value: string | forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, type, Array.isArray(value), value);
}

function tagged(tag: number, value: string | forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, Array.isArray(value), value);
}

function sequence(...items: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return node(Type.SEQUENCE, items);
}

function oid(dotted: string): forge.asn1.Asn1 {
  return node(Type.OID, asn1.oidToDer(dotted).getBytes());
}

function octets(value: forge.asn1.Asn1): forge.asn1.Asn1 {
  return node(Type.OCTETSTRING, asn1.toDer(value).getBytes());
}

function distinguishedName(subject: Subject): forge.asn1.Asn1 {
  const attribute = (id: string, value: string): forge.asn1.Asn1 =>
    node(Type.SET, [sequence(oid(id), node(Type.UTF8, forge.util.encodeUtf8(value)))]);
  const organization =
    subject.organization === undefined ? [] : [attribute('2.5.4.10', subject.organization)];
  return sequence(...organization, attribute('2.5.4.3', subject.commonName));
}

function extension(id: string, critical: boolean, value: forge.asn1.Asn1): forge.asn1.Asn1 {
  const flag = critical ? [node(Type.BOOLEAN, '\xff')] : [];
  return sequence(oid(id), ...flag, octets(value));
}

function alternativeNames(names: readonly string[]): forge.asn1.Asn1 {
  const entries = names.map((name) =>
    isIPv4(name) ? tagged(7, String.fromCharCode(...name.split('.').map(Number))) : tagged(2, name),
  );
  return extension('2.5.29.17', false, sequence(...entries));
}

function publicKeyInfo(key: KeyObject): forge.asn1.Asn1 {
  return asn1.fromDer(key.export({ type: 'spki', format: 'der' }).toString('binary'));
}

function keyIdentifier(key: KeyObject): string {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('binary');
}

function certificate(
  subject: Subject,
  publicKey: KeyObject,
  issuer: Subject,
  issuerPublicKey: KeyObject,
  issuerKey: KeyObject,
  extensions: forge.asn1.Asn1[],
): string {
  const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
  const now = Date.now();
  const time = (ms: number): forge.asn1.Asn1 => node(Type.UTCTIME, asn1.dateToUtcTime(new Date(ms)));
  // The leading byte keeps the serial positive and of constant length.
  const serial = `\x01${randomBytes(15).toString('binary')}`;
  const all = [
    ...extensions,
    extension('2.5.29.14', false, node(Type.OCTETSTRING, keyIdentifier(publicKey))),
    extension('2.5.29.35', false, sequence(tagged(0, keyIdentifier(issuerPublicKey)))),
  ];
  const body = sequence(
    tagged(0, [node(Type.INTEGER, '\x02')]),
    node(Type.INTEGER, serial),
    ecdsaWithSha256,
    distinguishedName(issuer),
    sequence(time(now - 60_000), time(now + lifetimeMs)),
    distinguishedName(subject),
    publicKeyInfo(publicKey),
    tagged(3, [sequence(...all)]),
  );
  const signature = sign('sha256', Buffer.from(asn1.toDer(body).getBytes(), 'binary'), issuerKey);
  const whole = sequence(body, ecdsaWithSha256, node(Type.BITSTRING, `\x00${signature.toString('binary')}`));
  return new X509Certificate(Buffer.from(asn1.toDer(whole).getBytes(), 'binary')).toString();
}

function newKey(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const authoritySubject: Subject = { commonName: 'kubernetes' };

export function createAuthority(): Authority {
  const { publicKey, privateKey } = newKey();
  const extensions = [
    extension('2.5.29.19', true, sequence(node(Type.BOOLEAN, '\xff'))),
    // keyCertSign and cRLSign, and digitalSignature as Kubernetes' own tools set it.
    extension('2.5.29.15', true, node(Type.BITSTRING, '\x01\x86')),
  ];
  const certificatePem = certificate(
    authoritySubject,
    publicKey,
    authoritySubject,
    publicKey,
    privateKey,
    extensions,
  );
  return { certificatePem, keyPem: keyPem(privateKey), key: privateKey };
}

/** A certificate for client and server use. */
export function issue(authority: Authority, subject: Subject): KeyPair {
  const { publicKey, privateKey } = newKey();
  const extensions = [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, node(Type.BITSTRING, '\x07\x80')),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
    ...(subject.names === undefined ? [] : [alternativeNames(subject.names)]),
  ];
  const issuerPublicKey = new X509Certificate(authority.certificatePem).publicKey;
  const certificatePem = certificate(
    subject,
    publicKey,
    authoritySubject,
    issuerPublicKey,
    authority.key,
    extensions,
  );
  return { certificatePem, keyPem: keyPem(privateKey) };
}

/** The key pair that signs ServiceAccount tokens. */
export function createTokenKey(): { readonly privatePem: string; readonly publicPem: string } {
  const { publicKey, privateKey } = newKey();
  return {
    privatePem: keyPem(privateKey),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
