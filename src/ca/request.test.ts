import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { generateKey, keyPem, publicKeyDer } from './material.ts';
import { maxRequestBytes, readCertificateRequest, readPublicKey } from './request.ts';
import { certificateRequest, openssl, otherCurveKey } from './testing.ts';
import { distinguishedName } from './x509.ts';

test('reads the key of an empty request and sees that it claims nothing', () => {
  const key = generateKey();
  const read = readCertificateRequest(certificateRequest({ key }));
  assert.deepEqual(Buffer.from(read.publicKey), publicKeyDer(key));
  assert.equal(read.claimsSubject, false);
});

test('sees a claimed subject', () => {
  const subject = distinguishedName('cluster.local', 'admin');
  assert.equal(readCertificateRequest(certificateRequest({ subject })).claimsSubject, true);
});

test('reads requests that openssl made, with extensions asked for', () => {
  const key = generateKey();
  const forged = 'subjectAltName=URI:spiffe://cluster.local/ns/kube-system/sa/admin';
  const how = `req -new -key key.pem -subj / -addext ${forged}`;
  const pem = openssl({ 'key.pem': keyPem(key) }, how.split(' '));
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  const read = readCertificateRequest(der);
  assert.deepEqual(Object.keys(read).sort(), ['claimsSubject', 'publicKey']);
  assert.deepEqual(Buffer.from(read.publicKey), publicKeyDer(key));
});

test('refuses a request that another key signed', () => {
  const request = certificateRequest({ signer: generateKey() });
  assert.throws(() => readCertificateRequest(request), { code: 'WEFT-CA-02' });
});

test('refuses a request that was changed after signing', () => {
  const request = certificateRequest({ subject: distinguishedName('cluster.local', 'user') });
  request[request.indexOf('user')] = 'U'.charCodeAt(0);
  assert.throws(() => readCertificateRequest(request), { code: 'WEFT-CA-02' });
});

test('refuses other kinds of keys by a code of their own', () => {
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  for (const key of [otherCurveKey(), ed25519, rsa]) {
    assert.throws(() => readPublicKey(publicKeyDer(key)), { code: 'WEFT-CA-04' });
  }
});

test('refuses a point that is not on the curve', () => {
  const spki = publicKeyDer(generateKey());
  spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1;
  assert.throws(() => readPublicKey(spki), { code: 'WEFT-CA-02' });
});

test('refuses what other readers take for the same request', () => {
  const request = certificateRequest();
  const [first, length, ...rest] = request;
  assert.deepEqual([first, length], [0x30, 0x81]);
  const variants = {
    indefinite: Buffer.of(0x30, 0x80, ...rest.slice(1), 0, 0),
    'not minimal': Buffer.of(0x30, 0x82, 0, ...rest),
    trailing: Buffer.of(...request, 0),
  };
  for (const [name, variant] of Object.entries(variants)) {
    assert.throws(() => readCertificateRequest(variant), { code: 'WEFT-CA-02' }, name);
  }
});

test('refuses what nests without end, within the bytes that Kubernetes lets through', () => {
  const deep = Buffer.alloc(maxRequestBytes);
  for (let at = 0; at < deep.length - 4; at += 4) {
    deep.set([0x30, 0x82], at);
    deep.writeUInt16BE(deep.length - at - 4, at + 2);
  }
  assert.throws(() => readCertificateRequest(deep), { code: 'WEFT-CA-02', message: /deep/ });
});

test('refuses more bytes than Kubernetes lets through, before looking at them', () => {
  assert.throws(() => readCertificateRequest(Buffer.alloc(maxRequestBytes + 1, 0x30)), {
    code: 'WEFT-CA-02',
  });
});

test('answers any damage with a coded error, never with another exception', () => {
  const good = certificateRequest({ subject: distinguishedName('cluster.local', 'admin') });
  for (let at = 0; at < good.length; at++) {
    for (const value of [0x00, 0x30, 0x80, 0x84, 0xff]) {
      const bad = Buffer.from(good);
      if (bad[at] === value) continue;
      bad[at] = value;
      assert.throws(() => readCertificateRequest(bad), { name: 'WeftError' }, `byte ${at} = ${value}`);
    }
    assert.throws(() => readCertificateRequest(good.subarray(0, at)), { code: 'WEFT-CA-02' }, `${at} bytes`);
  }
});
