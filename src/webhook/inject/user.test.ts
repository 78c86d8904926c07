import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProxyUser, proxyUser } from './user.ts';

const users = Array.from({ length: 1000 }, (_, index) => proxyUser(`/drain/${index}`));

test('proxies of different pods run as different users', () => {
  assert.ok(new Set(users).size > 990);
});

test('a pod keeps its user when it is injected again', () => {
  assert.equal(proxyUser('/drain/0123456789abcdef'), proxyUser('/drain/0123456789abcdef'));
});

test('all users lie in the range that no application may use', () => {
  assert.ok(users.every(isProxyUser));
  assert.deepEqual([0, 1000, 1337, 65_534, 1_336_999_999, 1_338_000_000].filter(isProxyUser), []);
});
