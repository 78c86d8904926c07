import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createTestAuthority } from '../../../test/support/pki.ts';
import { peerOf } from './peer.ts';

test('A peer is its identity, and its certificate is valid for as long as it says', (t) => {
  const pki = createTestAuthority();
  t.after(() => pki.remove());
  const uri = 'spiffe://cluster.local/ns/shop/sa/web';
  const peer = peerOf(new X509Certificate(pki.issue(`URI:${uri}`).cert));
  assert.equal(peer.uri, uri);
  assert.equal(peer.notAfterMs - peer.notBeforeMs, 86_400_000);
});

test('Without a certificate, or with more than one identity in it, there is no peer', (t) => {
  const pki = createTestAuthority();
  t.after(() => pki.remove());
  const two = pki.issue('URI:spiffe://a/b,URI:spiffe://a/c').cert;
  assert.throws(() => peerOf(undefined), { code: 'WEFT-XDS-01' });
  assert.throws(() => peerOf(new X509Certificate(two)), { code: 'WEFT-XDS-01' });
});
