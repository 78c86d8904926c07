import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { generateKey, publicKeyDer } from './material.ts';
import {
  createIssuer,
  distinguishedName,
  emptyName,
  encodeCertificate,
  keyIdentifier,
  leafExtensions,
  toPem,
  wholeSeconds,
} from './x509.ts';

const key = generateKey();
const spki = publicKeyDer(key);
const issuer = createIssuer(distinguishedName('cluster.local', 'test'), key, spki);

function leaf(uri: string, dnsNames: readonly string[] = [], notAfterMs = Date.UTC(2026, 8, 2)) {
  return encodeCertificate(issuer, {
    subject: emptyName,
    publicKey: spki,
    notBeforeMs: Date.UTC(2026, 8, 1),
    notAfterMs,
    extensions: leafExtensions({ uri, dnsNames }, false),
  });
}

test('serial numbers have 20 bytes, are positive and differ', () => {
  const serials = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const { der, serial } = leaf('spiffe://a/ns/b/sa/c');
    assert.equal(new X509Certificate(der).serialNumber, serial);
    assert.match(serial, /^[4-7][0-9A-F]{39}$/);
    serials.add(serial);
  }
  assert.equal(serials.size, 200);
});

test('a leaf has no subject, a critical name and the identifiers of both keys', () => {
  const certificate = new X509Certificate(leaf('spiffe://a/ns/b/sa/c', ['x.y.svc']).der);
  assert.equal(certificate.subject, undefined);
  assert.equal(certificate.subjectAltName, 'DNS:x.y.svc, URI:spiffe://a/ns/b/sa/c');
  assert.equal(certificate.ca, false);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  const raw = certificate.raw.toString('hex');
  assert.ok(raw.includes('0603551d110101ff'), 'subjectAltName critical');
  assert.ok(raw.includes('0603551d130101ff'), 'basicConstraints critical');
  assert.ok(raw.includes('0603551d0f0101ff'), 'keyUsage critical');
  assert.equal(
    raw.split(keyIdentifier(spki).toString('hex')).length - 1,
    2,
    'subject and authority key identifiers',
  );
});

test('certificates that end after 2049 are read back with the right time', () => {
  const { der } = leaf('spiffe://a/ns/b/sa/c', [], Date.UTC(2056, 1, 3, 4, 5, 6));
  assert.equal(new X509Certificate(der).validToDate.toISOString(), '2056-02-03T04:05:06.000Z');
});

test('a name that is not plain ASCII is never encoded', () => {
  for (const uri of ['spiffe://a/ns/b/sa/ü', 'spiffe://a/ns/b/sa/c d', '', 'spiffe://a\0b']) {
    assert.throws(() => leaf(uri), RangeError);
  }
});

test('times are cut to whole seconds', () => {
  assert.equal(wholeSeconds(1_999), 1_000);
});

test('PEM lines have at most 64 characters', () => {
  const pem = toPem('CERTIFICATE', leaf('spiffe://a/ns/b/sa/c').der);
  assert.ok(pem.split('\n').every((line) => line.length <= 64));
  assert.equal(new X509Certificate(pem).serialNumber.length, 40);
});
