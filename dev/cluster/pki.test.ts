import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, issue } from './pki.ts';

test('a certificate is signed by its authority, carries its names and belongs to its key', () => {
  const authority = createAuthority();
  const pair = issue(authority, {
    commonName: 'kube-apiserver',
    organization: 'system:masters',
    names: ['kubernetes.default', '10.96.0.1'],
  });
  const certificate = new X509Certificate(pair.certificatePem);
  const root = new X509Certificate(authority.certificatePem);
  assert.equal(certificate.verify(root.publicKey), true);
  assert.equal(certificate.checkIssued(root), true);
  assert.equal(root.ca, true);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.checkPrivateKey(createPrivateKey(pair.keyPem)), true);
  assert.equal(certificate.checkHost('kubernetes.default'), 'kubernetes.default');
  assert.equal(certificate.checkIP('10.96.0.1'), '10.96.0.1');
  assert.equal(certificate.subject, 'O=system:masters\nCN=kube-apiserver');
});

test('every authority is a new one', () => {
  const certificate = new X509Certificate(issue(createAuthority(), { commonName: 'a' }).certificatePem);
  assert.equal(certificate.verify(new X509Certificate(createAuthority().certificatePem).publicKey), false);
});
