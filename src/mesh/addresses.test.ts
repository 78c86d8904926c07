import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationKey, parseDestinationKey, servicePortKey } from './addresses.ts';

test('destination keys are read as they were written', () => {
  for (const target of [
    { address: '10.0.0.1', port: 80 },
    { address: 'fd00::1', port: 65535 },
  ]) {
    assert.deepEqual(parseDestinationKey(destinationKey(target.address, target.port)), target);
  }
  assert.equal(destinationKey('fd00::1', 80), '[fd00::1]:80');
  assert.equal(servicePortKey('shop', 'web', 80), 'shop/web:80');
});

test('what is no destination key is none', () => {
  for (const text of [
    '',
    '10.0.0.1',
    ':80',
    '10.0.0.1:',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:8x',
    'fd00::1:80',
    '[fd00::1:80',
  ]) {
    assert.equal(parseDestinationKey(text), undefined, text);
  }
});
