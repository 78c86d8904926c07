import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { isFrontProxy, parseFrontProxy, userOf } from './front-proxy.ts';
import { proxyAuthority } from './testing-pki.ts';

const authority = proxyAuthority(after);
const config = {
  'requestheader-client-ca-file': `# first\n${authority.ca}`,
  'requestheader-allowed-names': '["front-proxy","aggregator"]',
  'requestheader-username-headers': '["X-Remote-User","X-User"]',
  'requestheader-uid-headers': '["X-Remote-Uid"]',
  'requestheader-group-headers': '["X-Remote-Group","X-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
};

function parsed(changes: Record<string, string> = {}) {
  const proxy = parseFrontProxy({ ...config, ...changes });
  assert.ok(proxy !== undefined);
  return proxy;
}

const certificate = (name: string, days?: number) => new X509Certificate(authority.issue(name, days).cert);

test('a ConfigMap without an authority or a header for the name is that of a cluster without aggregation', () => {
  assert.equal(parseFrontProxy({}), undefined);
  assert.equal(parseFrontProxy({ ...config, 'requestheader-client-ca-file': ' ' }), undefined);
  assert.equal(parseFrontProxy({ ...config, 'requestheader-username-headers': '[]' }), undefined);
  assert.throws(() => parseFrontProxy({ ...config, 'requestheader-allowed-names': 'x' }));
});

test('only the names that are listed are those of the API server; none listed means any', () => {
  // After all of them were issued.
  const now = Date.now() + 60_000;
  assert.equal(isFrontProxy(parsed(), certificate('aggregator'), now), true);
  assert.equal(isFrontProxy(parsed(), certificate('kubelet'), now), false);
  assert.equal(
    isFrontProxy(parsed({ 'requestheader-allowed-names': '[]' }), certificate('kubelet'), now),
    true,
  );
  assert.equal(isFrontProxy(parsed(), certificate('aggregator'), now + 2 * 86_400_000), false);
  const other = new X509Certificate(proxyAuthority(after).issue('aggregator').cert);
  assert.equal(isFrontProxy(parsed(), other, now), false);
});

test('headers are read as the API server writes them', () => {
  const user = userOf(parsed(), [
    'X-User',
    'second',
    'x-remote-user',
    'j\u00c3\u00b6rg',
    'X-Remote-Group',
    'a,b',
    'X-Group',
    'c',
    'X-Remote-Uid',
    '7',
    'X-Remote-Extra-Example.com%2fRole',
    'one',
    'x-remote-extra-example.com%2frole',
    'two',
  ]);
  assert.deepEqual(user, {
    username: 'jörg',
    uid: '7',
    groups: ['a,b', 'c'],
    extra: { 'example.com/role': ['one', 'two'] },
  });
  assert.equal(userOf(parsed(), ['X-Remote-Group', 'system:masters']), undefined);
  assert.equal(userOf(parsed(), ['X-Remote-User', '']), undefined);
});
