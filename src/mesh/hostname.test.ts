import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHostname } from './hostname.ts';

test('names of hosts and wildcards for all below one are hostnames', () => {
  for (const text of ['a', 'a.example.com', '*.example.com', '1.a-b.example', 'xn--bcher-kva.example']) {
    assert.equal(isHostname(text), true, text);
  }
});

test('what Envoy could take for something else, or not at all, is no hostname', () => {
  const long = Array.from({ length: 128 }, () => 'a').join('.');
  for (const text of [
    '',
    ' ',
    '*',
    '*.',
    '*.*.com',
    'a.*.com',
    '*a.com',
    'a*',
    'a..b',
    'a.',
    '-a',
    'A',
    long,
  ]) {
    assert.equal(isHostname(text), false, text);
  }
  for (const text of ['a.example.com:80', '[::1]', 'a\nb', 'bücher.example']) {
    assert.equal(isHostname(text), false, text);
  }
});
