/**
 * The certificates of a local cluster: one authority, one certificate for each component, made anew for every cluster
 * and never leaving its folder. Encoded by the same code that Weft's own certificates are.
 */

import { createPublicKey, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { context, type Element, element, objectIdentifier, octetString, sequence } from '../../src/ca/der.ts';
import { generateKey, keyPem, publicKeyDer } from '../../src/ca/material.ts';
import {
  authorityExtensions,
  createIssuer,
  distinguishedName,
  encodeCertificate,
  type Issuer,
  toPem,
  wholeSeconds,
} from '../../src/ca/x509.ts';

export interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface Authority extends KeyPair {
  readonly issuer: Issuer;
}

export interface Subject {
  readonly commonName: string;
  /** To Kubernetes the user's group. */
  readonly organization?: string;
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[];
}

const lifetimeMs = 365 * 24 * 3_600_000;
const noGroup = 'weft-cluster';
const subjectAlternativeName = objectIdentifier('2.5.29.17');
const extendedKeyUsage = sequence(
  objectIdentifier('2.5.29.37'),
  octetString(sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'), objectIdentifier('1.3.6.1.5.5.7.3.2'))),
);

function certificate(
  issuer: Issuer,
  subject: Element,
  key: KeyObject,
  extensions: readonly Element[],
): string {
  const nowMs = Date.now();
  const { der } = encodeCertificate(issuer, {
    subject,
    publicKey: publicKeyDer(key),
    notBeforeMs: wholeSeconds(nowMs - 60_000),
    notAfterMs: wholeSeconds(nowMs + lifetimeMs),
    extensions,
  });
  return toPem('CERTIFICATE', der);
}

function alternativeNames(names: readonly string[]): Element {
  const general = names.map((name) =>
    isIPv4(name)
      ? element(context(7, false), Uint8Array.from(name.split('.'), Number))
      : element(context(2, false), Buffer.from(name, 'latin1')),
  );
  return sequence(subjectAlternativeName, octetString(sequence(...general)));
}

export function createAuthority(): Authority {
  const key = generateKey();
  const name = distinguishedName(noGroup, 'kubernetes');
  const issuer = createIssuer(name, key, publicKeyDer(key));
  return {
    certificatePem: certificate(issuer, name, key, authorityExtensions(0)),
    keyPem: keyPem(key),
    issuer,
  };
}

/** A certificate for client and server use. */
export function issue(authority: Authority, subject: Subject): KeyPair {
  const key = generateKey();
  const name = distinguishedName(subject.organization ?? noGroup, subject.commonName);
  const extensions = [
    extendedKeyUsage,
    ...(subject.names === undefined ? [] : [alternativeNames(subject.names)]),
  ];
  return { certificatePem: certificate(authority.issuer, name, key, extensions), keyPem: keyPem(key) };
}

/** The key pair that signs ServiceAccount tokens. */
export function createTokenKey(): { readonly privatePem: string; readonly publicPem: string } {
  const key = generateKey();
  return {
    privatePem: keyPem(key),
    publicPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  };
}
