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
  assert.ok(peer.kind === 'certificate');
  assert.equal(peer.uri, uri);
  assert.equal(peer.notAfterMs - peer.notBeforeMs, 86_400_000);
});

test('With more than one identity in its certificate there is no peer, whatever token is shown beside it', (t) => {
  const pki = createTestAuthority();
  t.after(() => pki.remove());
  const two = pki.issue('URI:spiffe://a/b,URI:spiffe://a/c').cert;
  assert.throws(() => peerOf(new X509Certificate(two), 'Bearer a-token'), { code: 'WEFT-XDS-01' });
});

test('Without a certificate a peer is its bearer token, which no log shows', () => {
  const peer = peerOf(undefined, 'Bearer a.b-c_d.e');
  assert.ok(peer.kind === 'token');
  assert.equal(peer.token(), 'a.b-c_d.e');
  assert.equal(JSON.stringify({ peer }), '{"peer":{"kind":"token"}}');
});

for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', 'Bearer é']) {
  test(`There is no peer with the authorization ${JSON.stringify(authorization)} alone`, () => {
    assert.throws(() => peerOf(undefined, authorization), { code: 'WEFT-XDS-15' });
  });
}
